"""What leaves a page in a real browser, and opens again: its address, the picture of a chart, a report, the page as a file."""

from pathlib import Path

import pytest

from tests.browser.page_check import SIZES, settle

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("slower", [1, 8])
def test_a_link_shows_the_colleague_the_same_view_and_filters_stay_when_the_page_changes_and_on_the_way_back(
    chromium, address: str, slower: int
):
    """Also in a browser that has an eighth of the machine: there Streamlit's messages come in another order."""
    from playwright.sync_api import expect

    tab = chromium.new_page(viewport={"width": 1440, "height": 1000})
    tab.context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    try:
        tab.goto(f"{address}/appointments?period=24+months&site=East+Clinic")
        tab.locator("h1", has_text="Appointments").wait_for()
        tab.get_by_text("East Clinic: most often").wait_for()
        tab.get_by_test_id("stSidebarNav").get_by_role("link", name="Retention", exact=True).click()
        tab.locator("h1", has_text="Retention").wait_for()
        expect(tab.get_by_role("combobox", name="Site")).to_have_value("East Clinic")
        expect(tab.get_by_role("combobox", name="Period")).to_have_value("24 months")
        expect(tab).to_have_url(f"{address}/retention?period=24+months&site=East+Clinic")
        tab.get_by_test_id("stSidebarNav").get_by_role("link", name="Overview", exact=True).click()
        tab.locator("h1", has_text="Overview").wait_for()
        expect(tab).to_have_url(f"{address}/overview?site=East+Clinic")
        settle(tab)
        # One entry a page, whichever message comes first: each step back is the page before, as it was left.
        for page, heading in (("retention", "Retention"), ("appointments", "Appointments")):
            tab.go_back()
            tab.locator("h1", has_text=heading).wait_for()
            settle(tab)
            expect(tab).to_have_url(f"{address}/{page}?period=24+months&site=East+Clinic")
            expect(tab.get_by_role("combobox", name="Site")).to_have_value("East Clinic")
            expect(tab.get_by_role("combobox", name="Period")).to_have_value("24 months")
    finally:
        tab.close()


def test_a_chart_saved_as_a_picture_takes_its_title_along_and_stays_as_it_was(chromium, address: str, tmp_path: Path):
    from PIL import Image

    tab = chromium.new_page(viewport={"width": 1440, "height": 1000})
    try:
        tab.goto(f"{address}/appointments")
        chart = tab.locator(".js-plotly-plot").first
        chart.wait_for()
        tab.wait_for_timeout(2000)
        chart.hover()
        with tab.expect_download() as download:
            chart.locator('[data-title="Download plot as a PNG"]').click()
        download.value.save_as(tmp_path / "chart.png")
        height = chart.evaluate("chart => chart._fullLayout.height")
        assert Image.open(tmp_path / "chart.png").height > 2 * height + 80
        assert not chart.evaluate("chart => chart.layout.title && chart.layout.title.text")
    finally:
        tab.close()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES.keys())
def test_a_report_is_no_wider_than_its_window(chromium, sample_home, size: tuple[int, int]):
    """With every part of the appendix open. What is wider than the window scrolls within its part."""
    for path in sorted((sample_home.published / "current").glob("report_*.html")):
        with chromium.new_page(viewport={"width": size[0], "height": size[1]}) as tab:
            tab.goto(path.resolve().as_uri())
            tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
            assert tab.evaluate("document.documentElement.scrollWidth") <= size[0], path.name


def test_a_report_of_the_publication_is_downloaded_as_it_was_written(chromium, address: str, sample_home, tmp_path: Path):
    tab = chromium.new_page(viewport={"width": 1440, "height": 1000})
    try:
        tab.goto(f"{address}/overview")
        tab.get_by_role("button", name="Board report").click()
        with tab.expect_download() as download:
            tab.get_by_role("button", name="Quarterly review, Q3 2026 (PDF)").click()
        written = (sample_home.published / "current" / download.value.suggested_filename).read_bytes()
        download.value.save_as(tmp_path / "report.html")
        assert (tmp_path / "report.html").read_bytes() == written
    finally:
        tab.close()


def test_an_exported_page_opens_by_itself_and_draws_its_charts(chromium, address: str, tmp_path: Path):
    tab = chromium.new_page(viewport={"width": 1440, "height": 1000})
    try:
        tab.goto(f"{address}/revenue")
        tab.locator("h1", has_text="Revenue cycle").wait_for()
        tab.get_by_text("Denials by payer").wait_for()
        with tab.expect_download() as download:
            tab.get_by_role("button", name="Export page").click()
        file = tmp_path / "page.html"
        download.value.save_as(file)
    finally:
        tab.close()
    paper = chromium.new_page(viewport={"width": 1100, "height": 1400})
    outside: list[str] = []
    paper.on("request", lambda request: outside.append(request.url) if request.url.startswith("http") else None)
    paper.goto(file.as_uri())
    paper.wait_for_timeout(2000)
    assert paper.locator(".chart .main-svg").count() >= 4
    assert not outside
    paper.close()
