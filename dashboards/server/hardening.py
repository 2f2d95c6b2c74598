"""The server around the pages: adds security headers and cookie flags to Streamlit's answers.

`streamlit run dashboards/server/hardening.py` starts it.
"""

import hashlib
import re
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.access.access_file import read_access
from dashboards.access.audit_log import record
from dashboards.access.break_glass import end_glass
from dashboards.access.roles import Viewer
from dashboards.access.sessions import SESSIONS, sign_in_id
from dashboards.figures.png import SCRIPT
from dashboards.home import home
from dashboards.layout.history import SCRIPT as HISTORY
from dashboards.sandbox.completion import SCRIPT as COMPLETION
from dashboards.server.guard import Guard
from dashboards.server.provider import claims_in
from models.settings.access import LOOPBACK

_INDEX = Path(st.__file__).with_name("static") / "index.html"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def _hashes(html: str) -> str:
    """The hashes of a page's inline scripts, for a policy that allows only these."""
    scripts = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(html))
    return " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in scripts)


HEADERS = {
    # Nothing is fetched from or sent to another server, whatever a patient's name or a query contains; no script runs except
    # Streamlit's own files, the one in its page, and the three that title pictures, keep the history and complete names. Its
    # styles are in the page.
    "Content-Security-Policy": "default-src 'self'; "
    f"script-src 'self' 'wasm-unsafe-eval' {_hashes(_INDEX.read_text(encoding='utf-8'))} {_hashes(SCRIPT + HISTORY)} "
    f"{_hashes(COMPLETION)}; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; "
    "worker-src 'self' blob:; frame-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; "
    "object-src 'none'; form-action 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Hardened:
    """Adds the headers above. Cookies end with the browser session, and are `Secure` under https.

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
                if "/media/" in scope["path"]:  # an export: the browser must not cache a second copy
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


class SignedIn:
    """What the guard asks and reports of a request's cookies: whether a sign-in stands behind them; activity; leaving."""

    def is_admitted(self, cookies: Mapping[str, str]) -> bool:
        """Without sign-in, on this machine, everybody; otherwise viewers with a valid sign-in and a role."""
        access = read_access(home())
        if access is None:
            return True
        claims = claims_in(cookies)
        return (
            claims is not None
            and not SESSIONS.ended_because(claims, time.time())
            and access.viewer(SESSIONS.claims_now(claims)) is not None
        )

    def note(self, cookies: Mapping[str, str]) -> None:
        """Record activity of the person."""
        if claims := claims_in(cookies):
            SESSIONS.touch(claims, time.time())

    def leave(self, cookies: Mapping[str, str], address: str) -> None:
        """End the sign-in for every copy of its cookie. If this cannot be recorded, it is not done."""
        if (claims := claims_in(cookies)) and not SESSIONS.ended_because(claims, time.time()):
            access = read_access(home())
            viewer = (access and access.viewer(SESSIONS.claims_now(claims))) or Viewer(str(claims.get("sub")), "")
            viewer = replace(viewer, address=address, session=sign_in_id(claims)[:12])
            record("signed_out", viewer=viewer)
            end_glass(viewer, "signed_out")
            SESSIONS.end(claims, time.time())


_access = read_access(home())
_own = urlsplit(_access.sign_in.redirect_uri).hostname if _access else None
_hosts = frozenset(LOOPBACK | ({_own} if _own else set()))
_APP = Path(__file__).resolve().parents[1] / "streamlit_app.py"
app = st.App(
    _APP,
    middleware=[
        Middleware(Hardened, is_https=bool(_access and _access.is_https)),
        Middleware(Guard, hosts=_hosts, visitors=SignedIn()),
    ],
)
