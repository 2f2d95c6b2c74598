"""The door before Dagster's page. Dagster has no sign-in, and obeys whatever a browser sends: a form of any web page that its
operator visits (`text/plain`), a mutation in an address (GET), and a foreign name that points to this machine (DNS rebinding).
"""

import hmac
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = {"localhost", "127.0.0.1", "::1"}
GRAPHQL = "/graphql"
TOKEN = "token"  # noqa: S105
COOKIE = "caregap_dagster"
ELSEWHERE = {"cross-site", "same-site"}


class Door:
    """ASGI middleware: this machine's names only, this page's own requests only, and with a `token`, who was given it only.

    The token comes once, in the address that the command prints; the page then has it as a cookie that no other site can send.
    """

    def __init__(self, app: ASGIApp, token: str = "") -> None:
        self.app, self.token = app, token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        answer = self._foreign(asked) or self._unknown(asked) or self._not_of_the_page(asked)
        if answer is None:
            await self.app(scope, receive, _unframed(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await answer(scope, receive, send)

    def _foreign(self, asked: HTTPConnection) -> Response | None:
        """Under another name, or for a page of another site."""
        host, origin = asked.headers.get("host", ""), asked.headers.get("origin")
        if _parts(f"//{host}")[0] not in HOSTS:
            return PlainTextResponse("This page is at http://127.0.0.1 only.", 403)
        is_sent_by_us = origin is not None and _parts(origin)[1] == host
        if not is_sent_by_us and (origin is not None or asked.scope["type"] == "websocket"):
            return PlainTextResponse("Another site's page asked for this.", 403)
        # A link that is clicked opens a document; a frame asks for one in a page of another site.
        is_opened = asked.headers.get("sec-fetch-dest", "document") == "document" and asked.scope.get("method") == "GET"
        is_opened = is_opened and asked.headers.get("sec-fetch-mode") == "navigate"
        if asked.headers.get("sec-fetch-site") in ELSEWHERE and not is_opened:
            return PlainTextResponse("Another site's page asked for this.", 403)
        return None

    def _unknown(self, asked: HTTPConnection) -> Response | None:
        """Without the token, where one is asked for; with it in the address, a cookie and the address without it."""
        if not self.token or _is_same(asked.cookies.get(COOKIE, ""), self.token):
            return None
        if not _is_same(asked.query_params.get(TOKEN, ""), self.token):
            return PlainTextResponse("Open the address that `caregap dagster --operate` printed: it holds the token.", 401)
        left = urlencode([(name, value) for name, value in parse_qsl(asked.url.query) if name != TOKEN])
        answer = RedirectResponse(f"{asked.url.path.replace('//', '/')}{'?' * bool(left)}{left}", 303)
        answer.set_cookie(COOKIE, self.token, httponly=True, samesite="strict")
        return answer

    def _not_of_the_page(self, asked: HTTPConnection) -> Response | None:
        """What the page itself never sends: a question in an address, or one that is not JSON; reports of other tools."""
        if asked.scope["type"] == "websocket" or (asked.scope["method"] in ("GET", "HEAD") and asked.url.path != GRAPHQL):
            return None
        kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
        if (asked.scope["method"], asked.url.path, kind) == ("POST", GRAPHQL, "application/json"):
            return None
        return PlainTextResponse("GraphQL is taken as JSON by POST, and nothing else is.", 405)


def _unframed(send: Send) -> Send:
    """No other page may show this one in a frame, and lay its own buttons over it."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Frame-Options"] = "DENY"
            headers.append("Content-Security-Policy", "frame-ancestors 'none'")
            headers["Referrer-Policy"] = "no-referrer"
            headers["X-Content-Type-Options"] = "nosniff"
        await send(message)

    return sent


def _parts(address: str) -> tuple[str | None, str]:
    """Host, and host with port, of an address; neither where it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None, ""
    return parts.hostname, parts.netloc


def _is_same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())
