"""Decides what reaches Streamlit: known addresses requested by this site's own pages, and exports requested by a signed-in
viewer.

Streamlit itself serves uploads, metrics and exports to anybody, accepts a WebSocket from any program under any `Host`, and
lets a visitor clear its caches. Everything else is answered with 403 or 404.
"""

from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

from google.protobuf.message import DecodeError
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

STREAM = "/_stcore/stream"
ANSWERED = {"/_stcore/health", "/_stcore/host-config"}
INSIDE = {"_stcore", "component"}
"""Path segments of Streamlit's own endpoints; all others are pages and static files."""
MEDIA = "media"
METHODS = {"GET", "HEAD"}
LEAVE = "/auth/logout"
ACTS = {"rerun_script", "backend_operation_request"}
"""Messages and requests that count as activity: use of a page, or a download."""
TAKEN = {"rerun_script", "stop_script", "app_heartbeat", "backend_operation_request"}
"""Messages that a page may send. The others clear caches, take uploads, read the checkout, or stop the server."""


class Visitors(Protocol):
    """What is known of the person behind a request's cookies."""

    def is_admitted(self, cookies: Mapping[str, str]) -> bool: ...
    def note(self, cookies: Mapping[str, str]) -> None: ...
    def leave(self, cookies: Mapping[str, str], address: str) -> None: ...


class Guard:
    """ASGI middleware. `hosts` are the names of the dashboards; `visitors` identifies the person behind cookies."""

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str], visitors: Visitors) -> None:
        self.app, self.hosts, self.visitors = app, hosts, visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        status = self._refused_by(asked)
        if not status:
            if scope["path"] == LEAVE:
                await run_in_threadpool(self.visitors.leave, asked.cookies, asked.client.host if asked.client else "")
            await self.app(scope, self._taken(asked, receive) if scope["type"] == "websocket" else receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse("Not here." if status == 404 else "Not for you.", status_code=status)(scope, receive, send)

    def _refused_by(self, asked: HTTPConnection) -> int:
        """The HTTP status of the refusal; 0: allowed."""
        host, origin = asked.headers.get("host", ""), asked.headers.get("origin")
        if _name_in(f"//{host}")[0] not in self.hosts:
            return 403
        if asked.scope["type"] == "websocket":
            # A browser always sends the origin of a page; anything without one is no browser.
            return 0 if asked.scope["path"] == STREAM and origin and _name_in(origin)[1] == host else 403
        if origin is not None and _name_in(origin)[1] != host:
            return 403
        path = asked.scope["path"]
        parts = [part.lower() for part in path.split("/") if part]
        if asked.scope["method"] not in METHODS or (INSIDE & set(parts) and path not in ANSWERED):
            return 404
        if path == LEAVE and asked.headers.get("sec-fetch-site") == "cross-site":
            return 403
        return 403 if parts[:1] == [MEDIA] and not self.visitors.is_admitted(asked.cookies) else 0

    def _taken(self, asked: HTTPConnection, receive: Receive) -> Receive:
        """Passes on the browser's messages, without those that no visitor may send; a person's action counts as activity.

        A page that reconnects with its session id does so by itself, which is no activity.
        """
        is_by_itself = len(asked.headers.get("sec-websocket-protocol", "").split(",")) > 2

        async def received() -> Message:
            nonlocal is_by_itself
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or message.get("bytes") is None:
                    return message
                said = _said(message["bytes"])
                if said is None or said.WhichOneof("type") not in TAKEN:
                    continue
                if said.WhichOneof("type") in ACTS and not said.rerun_script.is_auto_rerun and not is_by_itself:
                    self.visitors.note(asked.cookies)
                is_by_itself = False
                return message

        return received


def _name_in(address: str) -> tuple[str | None, str]:
    """The host and the authority (`host:port`) of an address; both empty if it is not an address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None, ""
    return parts.hostname, parts.netloc


def _said(frame: bytes) -> BackMsg | None:
    try:
        return BackMsg.FromString(frame)
    except DecodeError:
        return None
