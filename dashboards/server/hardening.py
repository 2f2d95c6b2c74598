"""The server around the pages: it hardens what Streamlit answers with. `streamlit run dashboards/server/hardening.py`."""

from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.access.access_file import read_access
from dashboards.home import home

HEADERS = {
    # What a patient's name or an analyst's query says cannot make the browser ask another server.
    "Content-Security-Policy": "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; frame-src 'self'; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'self'; object-src 'none'; form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Hardened:
    """Adds the headers above; a cookie ends with the browser, and is `Secure` where the dashboards are reached by https.

    Streamlit gives the identity cookie 30 days and no such flag, and has no setting for either.
    """

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self.app, self.is_https = app, is_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if "/media/" in scope["path"]:  # an export: no browser is to keep a copy beside the one that was asked for
                    headers["Cache-Control"] = "no-store"
                if self.is_https:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                message["headers"] = [
                    (name, self._cookie(value) if name.lower() == b"set-cookie" else value) for name, value in message["headers"]
                ]
            await send(message)

        await self.app(scope, receive, hardened if scope["type"] == "http" else send)

    def _cookie(self, cookie: bytes) -> bytes:
        parts = [part.strip() for part in cookie.split(b";")]
        if any(part.lower() == b"max-age=0" for part in parts):  # taken back
            return cookie
        kept = [part for part in parts if not part.lower().startswith((b"max-age=", b"expires="))]
        if self.is_https and b"secure" not in (part.lower() for part in kept):
            kept.append(b"Secure")
        return b"; ".join(kept)


_access = read_access(home())
_APP = Path(__file__).resolve().parents[1] / "streamlit_app.py"
app = st.App(_APP, middleware=[Middleware(Hardened, is_https=bool(_access and _access.is_https))])
