"""`$CAREGAP_HOME/access.toml`: the identity provider, and which of its claims make which role. docs/operators.md shows one."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

from dashboards.access.roles import ROLES, Viewer

FILE = "access.toml"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class AccessRefused(Exception):
    """The file cannot be used; the text says which setting, and what it should be."""


@dataclass(frozen=True)
class AccessFile:
    """The content of the file. `roles` and `sites` are keyed by claim value; `secret_variable` names the environment variable."""

    issuer: str
    client_id: str
    redirect_uri: str
    secret_variable: str = "CAREGAP_CLIENT_SECRET"  # noqa: S105
    user_claim: str = "sub"
    role_claim: str = "groups"
    site_claim: str = "sites"
    idle_minutes: float = 15
    absolute_hours: float = 12
    roles: Mapping[str, str] = field(default_factory=dict)
    sites: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def is_https(self) -> bool:
        return urlparse(self.redirect_uri).scheme == "https"

    def viewer(self, claims: Mapping) -> Viewer | None:
        """The viewer with these claims: the first role in the file's order that a claim value has; None if none has one.

        The value of the site claim is a `location_id`, unless `[sites]` maps it to several.
        """
        user_id = claims.get(self.user_claim)
        held = set(_texts(claims.get(self.role_claim)))
        role = next((role for value, role in self.roles.items() if value in held), None)
        if role is None or not isinstance(user_id, str) or not user_id:
            return None
        sites = [site for value in _texts(claims.get(self.site_claim)) for site in self.sites.get(value, [value])]
        return Viewer(user_id, role, tuple(sorted(set(sites))) if ROLES[role].is_of_sites else ())


def read_access(home: Path) -> AccessFile | None:
    """The home's access file; None if there is none. Raises `AccessRefused` if a setting is invalid."""
    path = home / FILE
    if not path.exists():
        return None
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        access = AccessFile(**told.get("sign_in", {}), roles=told.get("roles", {}), sites=told.get("sites", {}))
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
    return access


def client_secret(access: AccessFile) -> str:
    """The client's secret, out of the environment; `AccessRefused` where it is not set."""
    secret = os.environ.get(access.secret_variable, "")
    if not secret:
        raise AccessRefused(f"The environment variable {access.secret_variable} must hold the client's secret.")
    return secret


def _texts(value: object) -> list[str]:
    """A claim is a text or a list of texts; anything else says nothing."""
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
