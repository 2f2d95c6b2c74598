"""The real page in a real browser, served by the real command."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from pipelines.home import CHECKOUT

pytestmark = pytest.mark.browser
CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def served(sample_home) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("caregap")), "dashboard", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, "CAREGAP_HOME": str(sample_home.root)})
    try:
        for _ in range(120):
            try:
                urlopen(f"{address}/_stcore/health", timeout=1).close()  # noqa: S310
                break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_overview_shows_its_tiles_without_an_error_in_page_or_console(served: str, scheme: str, tmp_path: Path):
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: make setup-browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        page = browser.new_page(viewport={"width": 1440, "height": 1000}, color_scheme=scheme)
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("requestfailed", lambda request: errors.append(f"{request.url} {request.failure}"))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(served)
        page.get_by_test_id("stMetric").nth(7).wait_for(timeout=60_000)
        page.wait_for_timeout(1500)
        page.screenshot(path=os.environ.get("CAREGAP_SCREENSHOTS", str(tmp_path)) + f"/overview_{scheme}.png", full_page=True)
        assert page.get_by_test_id("stException").count() == 0
        assert page.get_by_test_id("stMetric").count() == 8
        assert not errors
        browser.close()
