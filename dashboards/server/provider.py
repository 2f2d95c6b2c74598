"""The identity provider's claims about a person: from the sign-in cookie, and confirmed again by a request."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from dashboards.access.access_file import AccessFile

PROVIDER = "practice"
"""The provider's name in Streamlit's secrets: only a named provider can be asked for a strength of sign-in."""
COOKIE = "_streamlit_user"
TIMEOUT_SECONDS = 5


def discovery(access: AccessFile) -> str:
    """The address of the provider's discovery document."""
    return access.sign_in.issuer.rstrip("/") + "/.well-known/openid-configuration"


def userinfo(access: AccessFile, token: str) -> dict[str, Any]:
    """The provider's current claims about the token's person (OpenID Connect Core, 5.3); empty if it gives none."""
    if not token:
        return {}
    try:
        answer = httpx.get(_endpoint(discovery(access)), headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_SECONDS)
        claims = answer.json() if answer.status_code == 200 else {}
    except (httpx.HTTPError, ValueError, KeyError):
        return {}
    return claims if isinstance(claims, dict) else {}


def claims_in(cookies: Mapping[str, str]) -> dict[str, Any] | None:
    """The claims of the sign-in in these cookies; None without a validly signed one."""
    signed = _get_signed_cookie_with_chunks(dict(cookies), COOKIE)
    try:
        claims = json.loads(signed) if signed else None
    except ValueError:
        return None
    return claims if isinstance(claims, dict) and claims.get("is_logged_in") else None


@cache
def _endpoint(address: str) -> str:
    return httpx.get(address, timeout=TIMEOUT_SECONDS).json()["userinfo_endpoint"]
