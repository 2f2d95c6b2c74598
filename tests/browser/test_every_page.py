"""Every page of the registry in a real browser, light and dark, wide, on a tablet and a telephone: no error, nobody asked
outside, no barrier, and nothing beside the screen.

`make screenshots` runs this file and keeps the pictures, which somebody should look at.
"""

import itertools
import os
from pathlib import Path

import pytest

from dashboards.access.roles import PAGES, Page
from pipelines.home import CHECKOUT
from tests.browser.conftest import PROBES, as_who_may_open

pytestmark = pytest.mark.browser
SIZES = {"wide": (1440, 1000), "tablet": (1024, 768), "telephone": (390, 844)}
TALLEST = 6000
GRAVE = ("serious", "critical")
CUT = """() => [...document.querySelectorAll('.caregap-wrapped')]
    .filter(table => table.scrollWidth > table.clientWidth).map(table => table.ariaLabel)"""
"""The tables of words that are wider than their place."""
REPEATED = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(chart =>
    Object.keys(chart._fullLayout).filter(name => /^[xy]axis/.test(name) && chart._fullLayout[name].type === 'linear')
        .map(name => (chart._fullLayout[name]._vals || []).map(tick => tick.text).filter(text => text))
        .filter(texts => new Set(texts).size < texts.length).map(texts => texts.join(' ')))"""
"""The ticks of the axes of numbers that write one number twice."""
NOT_OURS = {
    ".stDataFrameGlideDataEditor": "Streamlit's grid: Glide Data Grid draws a canvas and a table for screen readers.",
    ".modebar-container": "Plotly draws the buttons of a chart as links without an address.",
}
"""Parts within which a page cannot mend anything, and why. What lies around them is ours, and is looked at."""
IS_WITHIN = "([target, parts]) => parts.some(part => document.querySelector(target)?.closest(part))"


@pytest.fixture(scope="module")
def address(serve, own_home) -> str:
    return serve(own_home())


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("CAREGAP_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _open(browser, address: str, shown: Page, scheme: str, size: tuple[int, int]):
    """The page in a tab of its own, as the first role that may open it, with what went wrong on the way."""
    tab = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    wrong: list[str] = []

    def noted(message) -> None:
        if message.type == "error" and not any(probe in message.location.get("url", "") for probe in PROBES):
            wrong.append(message.text)

    tab.on("console", noted)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("request", lambda request: wrong.append(request.url) if _is_outside(request.url, address) else None)
    tab.goto(f"{address}/{shown.name}?{as_who_may_open(shown)}")
    tab.locator("h1").first.wait_for()
    _settle(tab)
    return tab, wrong


def _settle(tab) -> None:
    """Wait until the page is drawn to its end."""
    tab.wait_for_timeout(500)
    tab.wait_for_function("() => !document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')")
    tab.wait_for_timeout(1500)


def _is_outside(url: str, address: str) -> bool:
    return url.startswith("http") and not url.startswith(address)


def _whole(tab) -> None:
    """Make the window as tall as the page, so that a picture shows all of it."""
    height = tab.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    tab.set_viewport_size({"width": tab.viewport_size["width"], "height": min(max(height + 20, 1000), TALLEST)})
    tab.wait_for_timeout(1200)


@pytest.mark.parametrize(("size", "scheme"), [*((size, "light") for size in SIZES), ("wide", "dark")])
@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_a_page_shows_no_error_asks_nobody_outside_and_bars_nobody(
    chromium, address: str, pictures: Path, shown: Page, scheme: str, size: str
):
    if not (CHECKOUT / "dashboards" / "app_pages" / f"{shown.name}.py").exists():
        pytest.skip("There is no such page.")
    from axe_playwright_python.sync_playwright import Axe

    tab, wrong = _open(chromium, address, shown, scheme, SIZES[size])
    try:
        _whole(tab)
        tab.screenshot(path=pictures / f"{shown.name}_{scheme}_{size}.png")
        assert tab.get_by_test_id("stException").count() == 0
        assert tab.evaluate("(main => main.scrollWidth - main.clientWidth)(document.querySelector('[data-testid=stMain]'))") <= 0
        assert tab.evaluate(CUT) == []
        assert tab.evaluate(REPEATED) == []
        assert not wrong
        findings = [
            f"{finding['id']}: {node['html'][:160]}"
            for finding in Axe().run(tab).response["violations"]
            if finding["impact"] in GRAVE
            for node in finding["nodes"]
            if not tab.evaluate(IS_WITHIN, [node["target"][-1], [*NOT_OURS]])
        ]
        assert not findings
    finally:
        tab.close()


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
        _settle(tab)
        # One entry a page, whichever message comes first: each step back is the page before, as it was left.
        for page, heading in (("retention", "Retention"), ("appointments", "Appointments")):
            tab.go_back()
            tab.locator("h1", has_text=heading).wait_for()
            _settle(tab)
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


@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_the_headings_of_a_page_leave_out_no_level(chromium, address: str, shown: Page):
    tab, _ = _open(chromium, address, shown, "light", SIZES["wide"])
    try:
        levels = tab.evaluate("[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(one => Number(one.tagName[1]))")
        assert levels[0] == 1
        assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
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
