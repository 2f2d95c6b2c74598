"""What AppTest cannot see: that an attack typed into a field or put into an address runs nothing in a real browser."""

from urllib.parse import quote

import pytest

from dashboards.access.roles import PAGES, Page
from tests.browser.conftest import SERVER_LOG, as_who_may_open

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ATTACKS = (
    "<img src=x onerror=alert(1)><script>alert(2)</script>",
    "![x](http://e.org/x.png) [y](javascript:alert(3)) {{7*7}} '; drop table x; --",
    '=HYPERLINK("http://e.org","x") ../../etc/passwd \u202etxt.exe \U0001f469\u200d\u2695\ufe0f ' + "x" * 200,
)
NAMES = ("viewer_role", "viewer_sites", "site", "provider", "payer", "segment", "period", "view", "kind", "kpi", "table", "rows")
FIELDS = "[data-testid=stMain] :is(input[type=text], textarea):not([role=combobox]):visible"
POPOVERS = "[data-testid=stPopover] > button:visible, [data-testid=stPopoverButton]:visible"


@pytest.fixture(scope="module")
def address_and_home(serve, own_home):
    home = own_home()
    return serve(home), home


def _fields_of_every_view(tab):
    """Every text field, in each view of the page in turn."""
    views = tab.locator("[data-testid=stMain] [data-testid=stButtonGroup]").first.locator("button")
    for number in range(max(views.count(), 1)):
        if views.count():
            views.nth(number).click()
            tab.wait_for_timeout(1000)
        yield from _fields(tab)
        # One popover at a time: what is behind an open one, and the buttons within one that is shut, cannot be clicked.
        for number in range(tab.locator(POPOVERS).count()):
            tab.locator(POPOVERS).nth(number).click()
            tab.wait_for_timeout(300)
            yield from _fields(tab)
            tab.keyboard.press("Escape")
            tab.wait_for_timeout(300)


def _fields(tab):
    for number in range(tab.locator(FIELDS).count()):
        yield tab.locator(FIELDS).nth(number)


@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_an_attack_runs_nothing_wherever_it_is_put(chromium, address_and_home, shown: Page):
    address, home = address_and_home
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    tab = context.new_page()
    wrong: list[str] = []
    tab.on("dialog", lambda dialog: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on(
        "request", lambda request: wrong.append(request.url) if not request.url.startswith(("data:", "blob:", address)) else None
    )
    for attack in ATTACKS:
        asked = "&".join(f"{name}={quote(attack)}" for name in NAMES if name != "viewer_role")
        for ask in (f"viewer_role={quote(attack)}", f"{as_who_may_open(shown)}&{asked}"):
            tab.goto(f"{address}/{shown.name}?{ask}")
            tab.locator("h1").or_(tab.get_by_text("Page not found")).first.wait_for()
            tab.wait_for_timeout(800)
            assert tab.get_by_test_id("stException").count() == 0
        for field in _fields_of_every_view(tab):
            field.fill(attack[: int(field.get_attribute("maxlength") or 5000)])
            field.press("Control+Enter")
            tab.wait_for_timeout(700)
            assert tab.get_by_test_id("stException").count() == 0
    assert not wrong
    assert tab.locator("[data-testid=stMain] img[src='x']").count() == 0
    context.close()
    assert "Traceback" not in (home / SERVER_LOG).read_text(errors="replace")
