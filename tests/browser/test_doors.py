"""The real server, attacked at each of its doors: routes, names, connections, exports, sign-ins that were taken away."""

from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from models.audit_log.store import audit_log
from tests.browser.conftest import sign_in

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/_stcore/upload_file/session/file", 404),
        ("GET", "/_stcore/metrics", 404),
        ("GET", "/_stcore/agent/openapi.json", 404),
        ("GET", "/media/0123456789abcdef.csv", 403),
        ("GET", "/_stcore/health", 200),
        ("GET", "/", 200),
    ],
)
def test_without_sign_in_the_pages_themselves_are_answered_and_nothing_else(guarded, method, path, status):
    address, _ = guarded(15)
    answer = httpx.request(method, f"{address}{path}", content=b"x" * 1000)
    assert answer.status_code == status
    assert "server" not in answer.headers
    assert "default-src 'self'" in answer.headers.get("content-security-policy", "default-src 'self'")


def test_another_name_and_another_sites_page_are_refused(guarded):
    address, _ = guarded(15)
    place = urlsplit(address).netloc
    assert httpx.get(address, headers={"Host": "evil.example.com"}).status_code == 403
    assert httpx.get(address, headers={"Origin": "https://evil.example.com"}).status_code == 403
    for origin in (None, "https://evil.example.com"):
        with pytest.raises(InvalidStatus), connect(f"ws://{place}/_stcore/stream", origin=origin, subprotocols=["streamlit"]):
            pass


def test_who_leaves_by_its_address_alone_has_left_with_every_copy_of_the_cookie(chromium, guarded):
    address, home = guarded(15)
    context = chromium.new_context()
    page = sign_in(context, address, "ann")
    copied = context.cookies()
    page.goto(f"{address}/auth/logout")
    assert [line["event"] for line in audit_log(home).entries()][-1] == "signed_out"
    thief = chromium.new_context()
    thief.add_cookies(copied)
    stolen = thief.new_page()
    stolen.goto(address)
    stolen.get_by_text("it was signed out").wait_for()
    context.close()
    thief.close()


def test_who_is_revoked_in_the_file_is_out_without_a_restart(chromium, guarded):
    address, home = guarded(14)
    context = chromium.new_context()
    page = sign_in(context, address, "ann")
    page.get_by_test_id("stMetric").first.wait_for()
    _set(home, 'revoked = ["ann"]')
    page.get_by_text("has withdrawn your access").wait_for()
    page.get_by_test_id("stMetric").first.wait_for(state="detached")
    context.close()


def test_a_group_that_was_taken_away_counts_no_more_when_the_provider_is_asked_again(chromium, guarded, provider):
    address, home = guarded(13)
    _set(home, "recheck_minutes = 0.2")
    context = chromium.new_context()
    page = sign_in(context, address, "di")
    page.get_by_test_id("stSidebarNav").get_by_text("SQL", exact=True).wait_for()
    try:
        httpx.put(f"{provider}/users/di", json={"groups": ["leaders"], "sites": []}).raise_for_status()
        page.get_by_test_id("stSidebarNav").get_by_text("SQL", exact=True).wait_for(state="detached")
    finally:
        httpx.put(f"{provider}/users/di", json={"groups": ["trusted"], "sites": []})
    context.close()


def test_a_page_that_draws_itself_again_is_no_persons_doing(chromium, guarded):
    """Nobody touches it for half a minute. If its own drawing counted, it would never be logged off."""
    address, _ = guarded(0.5)
    context = chromium.new_context()
    page = sign_in(context, address, "cy")
    page.get_by_text("You were logged off").wait_for()
    context.close()


def _set(home: Path, line: str) -> None:
    file = home / "access.toml"
    file.write_text(file.read_text().replace("[roles]", f"{line}\n[roles]"))
