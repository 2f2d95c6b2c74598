"""`$CAREGAP_HOME/access.toml`: the identity provider, and which of its claims make which role. docs/operators.md shows one."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from dashboards.access.roles import ROLES, Viewer

FILE = "access.toml"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class AccessRefused(Exception):
    """The file cannot be used. The text names the setting and what it should be."""


@dataclass(frozen=True)
class AccessFile:
    """The settings. `roles` and `sites` are keyed by the value of the claim; `secret_variable` names the environment
    variable.

    The claim `sub` identifies a person; the provider never reassigns it (OpenID Connect Core, 5.7); `name_claim` is the
    display name. `acr_values`: accepted strengths of sign-in. `revoked`: `sub`s without access.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    secret_variable: str = "CAREGAP_CLIENT_SECRET"  # noqa: S105
    name_claim: str = "email"
    role_claim: str = "groups"
    site_claim: str = "sites"
    idle_minutes: float = 15
    absolute_hours: float = 12
    recheck_minutes: float = 15
    scopes: Sequence[str] = ("openid", "email", "profile")
    acr_values: Sequence[str] = ()
    revoked: Sequence[str] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    sites: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def is_https(self) -> bool:
        return urlparse(self.redirect_uri).scheme == "https"

    def viewer(self, claims: Mapping[str, Any]) -> Viewer | None:
        """The viewer with these claims: the first role in the file's order that they match. None if refused; `why_refused`
        gives the reason.

        The value of the site claim is a `location_id`, unless `[sites]` maps it to several.
        """
        role = self._role(claims)
        if role is None or self.why_refused(claims):
            return None
        name = claims.get(self.name_claim)
        sites = [site for value in _texts(claims.get(self.site_claim)) for site in self.sites.get(value, [value])]
        own = tuple(sorted(set(sites))) if ROLES[role].is_of_sites else ()
        return Viewer(claims["sub"], role, own, name=name if isinstance(name, str) else "")

    def why_refused(self, claims: Mapping[str, Any]) -> str:
        """The reason for refusal, worded for the person; empty if admitted."""
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            return "the identity provider does not say who you are (sub)"
        if subject in self.revoked:
            return "an administrator has withdrawn your access"
        if claims.get("email_verified") in (False, "false"):
            return "the identity provider has not verified your e-mail address"
        if self.acr_values and claims.get("acr") not in self.acr_values:
            return "you did not sign in strongly enough (acr)"
        return "" if self._role(claims) else "you have no role here. Ask an administrator for one"

    def _role(self, claims: Mapping[str, Any]) -> str | None:
        held = set(_texts(claims.get(self.role_claim)))
        return next((role for value, role in self.roles.items() if value in held), None)


def read_access(home: Path) -> AccessFile | None:
    """The home's access file; None if there is none. Raises `AccessRefused` if a setting is invalid."""
    path = home / FILE
    if not path.exists():
        return None
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        access = AccessFile(**tables.get("sign_in", {}), roles=tables.get("roles", {}), sites=tables.get("sites", {}))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise AccessRefused(f"{path}: {error}") from error
    for name, address in (("issuer", access.issuer), ("redirect_uri", access.redirect_uri)):
        parsed = urlparse(address)
        if parsed.scheme != "https" and not (parsed.scheme == "http" and parsed.hostname in LOOPBACK):
            raise AccessRefused(f"{path}: {name} must begin with https:// (http:// on this machine only).")
    if not access.redirect_uri.endswith("/oauth2callback"):
        raise AccessRefused(f"{path}: redirect_uri must end with /oauth2callback.")
    if unknown := set(access.roles.values()) - set(ROLES):
        raise AccessRefused(f"{path}: there is no role {', '.join(sorted(unknown))}; the roles are {', '.join(ROLES)}.")
    if not (0 < access.idle_minutes <= 60 and 0 < access.absolute_hours <= 24):
        raise AccessRefused(f"{path}: idle_minutes must be over 0 and at most 60, absolute_hours over 0 and at most 24.")
    if not 0 < access.recheck_minutes <= 15:
        raise AccessRefused(f"{path}: recheck_minutes must be over 0 and at most 15.")
    for name in ("scopes", "acr_values", "revoked"):
        if not isinstance(given := getattr(access, name), list | tuple) or not all(isinstance(one, str) for one in given):
            raise AccessRefused(f"{path}: {name} must be a list of texts.")
    if "openid" not in access.scopes:
        raise AccessRefused(f"{path}: scopes must hold openid.")
    return access


def client_secret(access: AccessFile) -> str:
    """The client's secret from the environment. Raises `AccessRefused` if it is not set."""
    secret = os.environ.get(access.secret_variable, "")
    if not secret:
        raise AccessRefused(f"The environment variable {access.secret_variable} must hold the client's secret.")
    return secret


def _texts(value: object) -> list[str]:
    """A claim's texts: it is a text or a list of texts; anything else counts as empty."""
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
