"""The real dashboards, served by the real command, and a browser to look at them with."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from dashboards.access.roles import ROLES, Page
from pipelines.home import CHECKOUT, Home
from pipelines.sql.connection import open_file

SERVER_LOG = "server.log"
CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
ACCESS = """
[sign_in]
issuer = "{issuer}"
client_id = "caregap"
redirect_uri = "http://localhost:{port}/oauth2callback"
idle_minutes = {idle_minutes}

[roles]
leaders = "leadership"
analysts = "analyst"
trusted = "analyst_phi"
desk = "care_team"
"""
PATIENCE_MS = 120_000
"""How long a click or a check waits for the page: on a busy machine, the 30 and 5 seconds of Playwright are too few."""
PROBES = ("_stcore/health", "_stcore/host-config")
"""Streamlit asks for these below the address of a page first, is answered 404, and then asks at the root."""


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
    """`serve(home)` starts `caregap dashboard` on a home and gives its address; it ends with the module.

    What the server prints is in the home's `server.log`.
    """

    @contextmanager
    def started(home: Path, port: int, environment: dict[str, str]) -> Iterator[str]:
        command = [str(Path(sys.executable).with_name("caregap")), "dashboard", "--port", str(port)]
        with (home / SERVER_LOG).open("ab") as log:
            server = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                env={**os.environ, **environment, "CAREGAP_HOME": str(home)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        address = f"http://localhost:{port}"
        try:
            for _ in range(360):
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
def address(serve, own_home) -> str:
    return serve(own_home())


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("CAREGAP_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """Debian's browser, driven by Playwright; its pages and contexts are the test's own."""
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed: make setup-browser")
    from playwright.sync_api import expect, sync_playwright

    def patient(opened):
        opened.set_default_timeout(PATIENCE_MS)
        return opened

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        new_page, new_context = browser.new_page, browser.new_context
        browser.new_page = lambda **options: patient(new_page(**options))
        browser.new_context = lambda **options: patient(new_context(**options))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def own_site(sample_warehouse: Path) -> tuple[str, str]:
    """`location_id` and name of the site whose care team bo is on: that with the longest list."""
    query = """
        select location_id, any_value(locations.location_name)
        from delivery.out_outreach_list
        inner join marts.dim_locations as locations using (location_key)
        group by location_id
        order by count(*) desc
    """
    with open_file(sample_warehouse, read_only=True) as connection:
        return connection.execute(query).fetchall()[0]


@pytest.fixture(scope="module")
def provider(own_site: tuple[str, str]) -> Iterator[str]:
    """A real OpenID Connect provider on this machine, who knows five people."""
    from oidc_provider_mock import User, run_server_in_thread

    people = {"ann": ["leaders"], "cy": ["analysts"], "di": ["trusted"], "bo": ["desk"], "nobody": ["staff"]}
    users = [User(sub=name, claims={"groups": groups, "sites": [own_site[0]]}) for name, groups in people.items()]
    with run_server_in_thread(user_claims=users) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def guarded(provider, own_home, serve, free_port):
    """`guarded(15)` is the address of dashboards that ask for sign-in and log off after so many minutes, and their home."""
    started: dict[float, tuple[str, Path]] = {}

    def start(idle_minutes: float) -> tuple[str, Path]:
        if idle_minutes not in started:
            home, port = own_home(), free_port()
            (home / "access.toml").write_text(ACCESS.format(issuer=provider, port=port, idle_minutes=idle_minutes))
            started[idle_minutes] = serve(home, port, CAREGAP_CLIENT_SECRET="s3cret"), home
        return started[idle_minutes]

    return start


def as_who_may_open(page: Page) -> str:
    """What the address asks for: the first role that may open the page, and break-glass, which is a right of its own."""
    role = next((role for role in ROLES if role in page.roles), "care_team")
    return f"viewer_role={role}" + ("" if page.roles else "&viewer_glass=true")


def sign_in(context, address: str, name: str):
    """A page of the context, signed in at the provider as one of its people, where the address without a page has led: what is
    clicked or opened before is lost. `nobody` has no role and is led nowhere."""
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_role("button", name="Sign out").wait_for()
    if name != "nobody":
        page.wait_for_url(lambda url: url.startswith(address) and urlsplit(url).path.strip("/") != "")
    return page
