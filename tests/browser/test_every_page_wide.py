"""Every page of the registry in a real browser, on a desk, light and dark.

`make screenshots` runs this file and keeps the pictures, which somebody should look at.
"""

from pathlib import Path

import pytest

from dashboards.access.roles import PAGES, Page
from tests.browser.page_check import check_page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_a_page_on_a_desk_shows_no_error_asks_nobody_outside_and_bars_nobody(
    chromium, address: str, pictures: Path, shown: Page, scheme: str
):
    check_page(chromium, address, pictures, shown, scheme, "wide")
