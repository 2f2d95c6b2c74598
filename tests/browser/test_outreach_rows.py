"""The care team's list on a telephone, on a small tablet and without a mouse: no sideways scrolling, no barrier."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SIZES = {"telephone": (390, 844), "tablet": (1024, 768)}
GRAVE = ("serious", "critical")
WIDTHS = "one => [one.scrollWidth, one.clientWidth]"


@pytest.fixture(scope="module")
def address(serve, own_home) -> str:
    return f"{serve(own_home())}/outreach?viewer_role=care_team"


def opened(chromium, address: str, size: tuple[int, int]):
    tab = chromium.new_page(viewport={"width": size[0], "height": size[1]})
    tab.goto(address)
    tab.locator(".st-key-outreach_rows").get_by_role("button").first.wait_for()
    tab.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')")
    tab.wait_for_timeout(1500)
    return tab


def barriers(tab) -> list[str]:
    """What axe finds, with nothing left out: rows and profile are our own markup."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab).response["violations"]
    return [f"{one['id']}: {node['html'][:160]}" for one in found if one["impact"] in GRAVE for node in one["nodes"]]


@pytest.mark.parametrize("size", SIZES)
def test_list_and_profile_fit_and_bar_nobody(chromium, address: str, size: str):
    tab = opened(chromium, address, SIZES[size])
    try:
        wide, shown = tab.get_by_test_id("stMain").evaluate(WIDTHS)
        assert wide <= shown
        assert not barriers(tab)
        first = tab.locator(".st-key-outreach_rows").get_by_role("button").first
        assert first.bounding_box()["height"] >= 24  # WCAG 2.2, 2.5.8
        first.click()
        profile = tab.get_by_role("dialog")
        profile.get_by_text("Contacts so far").wait_for()
        tab.wait_for_timeout(1500)
        wide, shown = profile.evaluate(WIDTHS)
        assert wide <= shown
        assert not barriers(tab)
    finally:
        tab.close()


def test_on_a_telephone_the_buttons_of_a_profile_are_large_enough_and_no_key_is_shown(chromium, address: str):
    """44 pixels, as WCAG 2.2 (2.5.5) asks for; the outcomes that end contact stand apart. Whoever touches has no keys."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    tab = context.new_page()
    try:
        tab.goto(address)
        tab.locator(".st-key-outreach_rows").get_by_role("button").first.click()
        profile = tab.get_by_role("dialog")
        profile.get_by_text("Contacts so far").wait_for()
        tab.wait_for_timeout(1500)
        ways = ("Next patient", "Back", "Record")
        sizes = {name: profile.get_by_role("button", name=name).first.bounding_box()["height"] for name in ways}
        outcomes = profile.locator("[class*=st-key-outcome_][class*=_what]").get_by_role("radio").all()
        sizes |= {one.inner_text(): one.bounding_box()["height"] for one in outcomes}
        sizes |= {"Close": min(profile.get_by_role("button", name="Close").bounding_box()[way] for way in ("width", "height"))}
        assert len(sizes) == 14 and {name: size for name, size in sizes.items() if size < 44} == {}
        styles = [one.evaluate("one => getComputedStyle(one).borderTopStyle") for one in outcomes]
        assert styles == ["solid"] * 7 + ["dashed"] * 3
        assert not [one for one in profile.locator("kbd").all() if one.is_visible()]
    finally:
        context.close()


def test_the_address_of_the_page_opens_it_as_a_role_that_may(chromium, address: str):
    tab = chromium.new_page()
    try:
        tab.goto(address.partition("?")[0])
        tab.locator("h1", has_text="Outreach").wait_for()
    finally:
        tab.close()


def test_the_list_is_worked_without_a_mouse(chromium, address: str):
    """Tab leads to the first name, Enter opens it, N leads on, Escape goes back to the row that opened it."""
    tab = opened(chromium, address, (1440, 1000))
    try:
        focused = "document.activeElement.closest('[class*=st-key-open_]') !== null"
        n_tabs = 0
        while not tab.evaluate(focused):
            tab.keyboard.press("Tab")
            n_tabs += 1
            assert n_tabs < 60
        names = [one.inner_text().partition(". ")[2] for one in tab.locator(".st-key-outreach_rows").get_by_role("button").all()]
        tab.keyboard.press("Enter")
        profile = tab.get_by_role("dialog")
        profile.get_by_text(names[0], exact=True).wait_for()
        profile.get_by_role("button", name="Next patient").wait_for()
        tab.keyboard.press("n")
        profile.get_by_text(names[1], exact=True).wait_for()
        tab.keyboard.press("Escape")
        profile.wait_for(state="detached")
        tab.wait_for_function("name => document.activeElement.innerText === '1. ' + name", arg=names[0], timeout=8000)
    finally:
        tab.close()
