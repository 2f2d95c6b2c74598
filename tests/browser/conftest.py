"""The real dashboards, served by the real command, and a browser to look at them with."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from pipelines.home import CHECKOUT, Home

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
PROBES = ("_stcore/health", "_stcore/host-config")
"""Streamlit asks for these below the address of a page first, is told 404, and then asks at the root."""


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return free.getsockname()[1]

    return find


@pytest.fixture(scope="session")
def own_home(sample_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes a home in which the sample is published, and nothing else is written yet."""

    def make() -> Path:
        home = tmp_path_factory.mktemp("dashboards")
        home.chmod(0o700)
        (home / "published").symlink_to(sample_home.published)
        return home

    return make


@pytest.fixture(scope="module")
def serve(free_port) -> Iterator[Callable[..., str]]:
    """`serve(home)` starts `caregap dashboard` on a home and gives its address; it ends with the module."""

    @contextmanager
    def started(home: Path, port: int, environment: dict[str, str]) -> Iterator[str]:
        command = [str(Path(sys.executable).with_name("caregap")), "dashboard", "--port", str(port)]
        server = subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, **environment, "CAREGAP_HOME": str(home)})
        address = f"http://localhost:{port}"
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

    with ExitStack() as stack:
        yield lambda home, port=None, **environment: stack.enter_context(started(home, port or free_port(), environment))


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """Debian's browser, driven by Playwright; its pages and contexts are the test's own."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: make setup-browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser
        browser.close()
