"""Dagster's page obeys itself alone, whatever web page its operator visits."""

import asyncio

import pytest

from pipelines.cli.dagster_door import COOKIE, Door

HOST = "127.0.0.1:3000"
OWN = {"host": HOST, "origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
JSON = {"content-type": "application/json"}
TOKEN = "t" * 43


async def _dagster(scope, receive, send):
    """Does whatever it is asked."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})


def ask(method: str, path: str, headers: dict[str, str] | None = None, *, token: str = "", query: str = "", kind: str = "http"):
    """The first message of the answer."""
    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    told = [(name.encode(), value.encode()) for name, value in ({"host": HOST} | (headers or {})).items()]
    scope = {"type": kind, "path": path, "query_string": query.encode(), "headers": told, "scheme": "http", "server": ("x", 1)}
    asyncio.run(Door(_dagster, token)(scope | ({"method": method} if kind == "http" else {}), receive, send))
    return sent[0]


def test_the_pages_own_questions_are_answered():
    assert ask("GET", "/")["status"] == 200
    assert ask("POST", "/graphql", OWN | JSON)["status"] == 200
    assert ask("", "/graphql", OWN, kind="websocket")["type"] == "websocket.accept"


@pytest.mark.parametrize(
    ("method", "path", "headers", "query"),
    [
        ("POST", "/graphql", {"content-type": "text/plain", "origin": "https://evil.example.com"}, ""),
        ("POST", "/graphql", {"content-type": "text/plain"}, ""),
        ("POST", "/graphql", OWN | {"content-type": "text/plain"}, ""),
        ("POST", "/graphql", OWN | {"content-type": "application/x-www-form-urlencoded"}, ""),
        ("POST", "/graphql", OWN | {"content-type": "multipart/form-data; boundary=x"}, ""),
        ("GET", "/graphql", {}, "query=mutation{launchRun}"),
        ("GET", "/graphql", OWN, "query=mutation{launchRun}"),
        ("GET", "/", {"host": "evil.example.com:3000"}, ""),
        ("POST", "/graphql", JSON | {"host": "evil.example.com:3000", "origin": "http://evil.example.com:3000"}, ""),
        ("POST", "/graphql", JSON | {"origin": "null"}, ""),
        ("POST", "/graphql", JSON | {"sec-fetch-site": "cross-site"}, ""),
        ("POST", "/graphql", JSON | {"sec-fetch-site": "same-site"}, ""),
        ("GET", "/logs/run/step", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, ""),
        ("GET", "/runs", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, ""),
        ("POST", "/report_asset_materialization/published/warehouse", OWN | JSON, ""),
        ("PUT", "/", OWN, ""),
    ],
)
def test_what_another_sites_page_or_no_page_sends_is_refused_with_and_without_the_token(method, path, headers, query):
    assert ask(method, path, headers, query=query)["status"] in (403, 405)
    assert ask(method, path, headers | {"cookie": f"{COOKIE}={TOKEN}"}, query=query, token=TOKEN)["status"] in (403, 405)


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "https://evil.example.com"}, {"host": "evil.example.com", "origin": "http://evil.example.com"}]
)
def test_a_connection_of_another_site_is_refused(headers):
    assert ask("", "/graphql", headers, kind="websocket")["type"] == "websocket.close"


def test_who_operates_needs_the_token_and_has_it_as_a_cookie_that_no_other_site_can_send():
    assert ask("GET", "/", token=TOKEN)["status"] == 401
    assert ask("POST", "/graphql", OWN | JSON, token=TOKEN)["status"] == 401
    assert ask("GET", "/", token=TOKEN, query="token=wrong")["status"] == 401
    assert ask("", "/graphql", OWN, token=TOKEN, kind="websocket")["type"] == "websocket.close"
    given = ask("GET", "/runs", token=TOKEN, query=f"token={TOKEN}&view=all")
    told = {name.decode(): value.decode() for name, value in given["headers"]}
    assert (given["status"], told["location"]) == (303, "/runs?view=all")
    assert "HttpOnly" in told["set-cookie"] and "SameSite=strict" in told["set-cookie"]
    assert ask("POST", "/graphql", OWN | JSON | {"cookie": f"{COOKIE}={TOKEN}"}, token=TOKEN)["status"] == 200


def test_the_address_with_the_token_leads_to_no_other_site():
    given = ask("GET", "//evil.example.com/", token=TOKEN, query=f"token={TOKEN}")
    assert dict(given["headers"])[b"location"].decode().startswith("/evil")


def test_no_other_page_frames_it():
    headers = dict(ask("GET", "/")["headers"])
    assert headers[b"x-frame-options"] == b"DENY"
