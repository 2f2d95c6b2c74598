"""The dashboards as a viewer of some role sees them, on the published sample, with a home of the test's own to write in."""

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from pipelines.home import CHECKOUT

APP = str(CHECKOUT / "dashboards" / "streamlit_app.py")


def wrapped(test: AppTest) -> dict[str, list[list[str]]]:
    """The tables of words on a page by title, each as its lines of cells, the heading first."""
    found = {}
    for element in test.get("html"):
        for title, table in re.findall(
            r'class="caregap-wrapped"[^>]* aria-label="([^"]*)">(.*?)</table>', element.proto.body, re.S
        ):
            lines = re.findall(r"<tr>(.*?)</tr>", table, re.S)
            cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.S) for line in lines]
            found[html.unescape(title)] = [[html.unescape(cell) for cell in line] for line in cells]
    return found


@pytest.fixture(scope="session", autouse=True)
def streamlit_as_served() -> Iterator[None]:
    """As the server has it, Streamlit looks for components among the installed packages once, not for each page, and draws no
    bare expressions: both take three quarters of a test."""
    found = manifest_scanner.scan_component_manifests()
    config.set_option("runner.magicEnabled", False)
    with mock.patch.object(manifest_scanner, "scan_component_manifests", lambda: found):
        yield


@pytest.fixture
def shown_home(sample_home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`$CAREGAP_HOME` of this test: the sample's publications, and nothing written yet."""
    (tmp_path / "published").symlink_to(sample_home.published)
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def app(shown_home: Path) -> Callable[..., AppTest]:
    """`app("sql", role="analyst")` is that page, run once, as this role; `app()` the page on which leadership opens.

    `address` is what stands in the page's address behind the question mark.
    """

    def run(page: str = "", *, role: str = "leadership", address: dict[str, str] | None = None) -> AppTest:
        test = AppTest.from_file(APP, default_timeout=60)
        test.session_state["viewer_role"] = role
        for name, value in (address or {}).items():
            test.query_params[name] = value
        if page:
            test.switch_page(f"app_pages/{page}.py")
        return test.run()

    return run
