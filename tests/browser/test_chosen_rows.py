"""Rows of tables that lead on, chosen by a click as people choose them: Streamlit's own test of pages cannot."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
IN_THE_FIRST_ROW = {"x": 16, "y": 52}
"""Of a table, in the column of boxes that choose; its head is 35 pixels high."""
FILTERS = {"Site": "site", "Provider": "provider", "Payer": "payer", "Segment": "segment"}


@pytest.mark.parametrize(("split", "filter_name"), FILTERS.items())
def test_a_click_on_a_slice_shows_it_alone(chromium, serve, own_home, split: str, filter_name: str):
    page = chromium.new_page(viewport={"width": 1440, "height": 1400})
    page.goto(f"{serve(own_home())}/kpi_explorer?viewer_role=leadership&split={split}")
    table = page.get_by_test_id("stDataFrame").first
    table.locator("canvas").first.wait_for()
    page.get_by_text("to see it alone").wait_for()
    table.locator(".dvn-scroller").click(position=IN_THE_FIRST_ROW)
    page.wait_for_url(f"**{filter_name}=*")
    chosen = page.evaluate(f"new URL(location).searchParams.get('{filter_name}')")
    assert chosen and chosen != "All"
    page.get_by_text(f"by month, {chosen}").first.wait_for()
    assert page.get_by_test_id("stException").count() == 0
    page.close()


def test_a_click_on_a_patient_with_an_open_gap_opens_their_profile(chromium, serve, own_home):
    """A care team had to copy the record number into *Find a patient*."""
    page = chromium.new_page(viewport={"width": 1440, "height": 1400})
    page.goto(f"{serve(own_home())}/care_gaps?viewer_role=care_team&patients=true")
    page.get_by_text("Choose a row to see its patient.").wait_for()
    table = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    table.locator("canvas").first.wait_for()
    table.locator(".dvn-scroller").click(position=IN_THE_FIRST_ROW)
    page.get_by_role("dialog").get_by_text("How to reach them").wait_for()
    assert page.get_by_test_id("stException").count() == 0
    page.close()
