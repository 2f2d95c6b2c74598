"""Every page of the registry in a real browser, on a tablet and a telephone.

`make screenshots` runs this file and keeps the pictures, which somebody should look at.
"""

from pathlib import Path

import pytest

from dashboards.access.roles import PAGES, Page
from tests.browser.page_check import check_page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", ["tablet", "telephone"])
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_a_page_on_a_small_screen_shows_no_error_asks_nobody_outside_and_bars_nobody(
    chromium, address: str, pictures: Path, shown: Page, size: str
):
    check_page(chromium, address, pictures, shown, "light", size)
