"""The SQL page completes names while a query is typed, with the keyboard alone, and the completed query runs."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def address(serve, own_home) -> str:
    return f"{serve(own_home())}/sql?viewer_role=analyst"


def test_a_name_is_completed_by_keys_and_the_query_runs(chromium, address: str):
    """Down chooses the second name that fits, Tab takes it; Escape closes the list and keeps what was typed."""
    from playwright.sync_api import expect

    tab = chromium.new_page(viewport={"width": 1440, "height": 1000})
    try:
        tab.goto(address)
        query = tab.get_by_label("Query", exact=True)
        query.click()
        tab.keyboard.type("select count(*) as n from fct_appo")
        names = tab.get_by_role("listbox", name="Names that fit").get_by_role("option")
        expect(names.first).to_have_text("fct_appointments")
        tab.keyboard.press("ArrowDown")
        chosen = names.nth(1).inner_text()
        tab.keyboard.press("Tab")
        expect(query).to_have_value(f"select count(*) as n from {chosen}")
        expect(query).to_be_focused()
        tab.keyboard.type(" as dim_kp")
        expect(names.first).to_be_visible()
        tab.keyboard.press("Escape")
        expect(names).to_have_count(0)
        expect(query).to_have_value(f"select count(*) as n from {chosen} as dim_kp")
        tab.keyboard.press("Control+Enter")
        tab.get_by_text("1 row").first.wait_for()
        # Enter after a word of SQL is a new line, and Ctrl+Enter closes the list: `all` took `is_initially_denied`.
        query.fill("select 1 as n group by ")
        query.press_sequentially("all")
        expect(names).to_have_count(0)
        tab.keyboard.press("Enter")
        tab.keyboard.type("limit 5 -- dim_kp")
        expect(names.first).to_be_visible()
        tab.keyboard.press("Control+Enter")
        expect(names.first).to_be_hidden()
        expect(query).to_have_value("select 1 as n group by all\nlimit 5 -- dim_kp")
    finally:
        tab.close()
