"""What every page must keep in a browser, whatever its size: no error, nobody asked outside, no barrier, nothing beside the
screen, and no level of headings left out."""

import itertools
from pathlib import Path

import pytest

from dashboards.access.roles import Page
from pipelines.home import CHECKOUT
from tests.browser.conftest import PROBES, as_who_may_open

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


def open_page(browser, address: str, shown: Page, scheme: str, size: tuple[int, int]):
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
    settle(tab)
    return tab, wrong


def settle(tab) -> None:
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


def check_page(browser, address: str, pictures: Path, shown: Page, scheme: str, size: str) -> None:
    """Look at the page, and keep its picture."""
    if not (CHECKOUT / "dashboards" / "app_pages" / f"{shown.name}.py").exists():
        pytest.skip("There is no such page.")
    from axe_playwright_python.sync_playwright import Axe

    tab, wrong = open_page(browser, address, shown, scheme, SIZES[size])
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
        levels = tab.evaluate("[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(one => Number(one.tagName[1]))")
        assert levels[0] == 1
        assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels)), "a level of headings is left out"
    finally:
        tab.close()
