"""`$CAREGAP_HOME/access.toml`: the identity provider, and which of its claims make which role. docs/operators.md shows one."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from dashboards.access.roles import ROLES, Viewer
from models.settings.access import AccessSettings
from models.settings.toml_schema import SettingsRefused, read_settings

FILE = "access.toml"


class AccessRefused(Exception):
    """The file cannot be used. The text names file, line and setting, and what it should be."""


class AccessFile(AccessSettings):
    """The settings, and the viewers that they make of claims."""

    @property
    def is_https(self) -> bool:
        return urlparse(self.sign_in.redirect_uri).scheme == "https"

    def viewer(self, claims: Mapping[str, Any]) -> Viewer | None:
        """The viewer with these claims: the first role in the file's order that they match. None if refused; `why_refused`
        gives the reason.

        The value of the site claim is a `location_id`, unless `[sites]` maps it to several.
        """
        role = self._role(claims)
        if role is None or self.why_refused(claims):
            return None
        name = claims.get(self.sign_in.name_claim)
        sites = [site for value in _texts(claims.get(self.sign_in.site_claim)) for site in self.sites.get(value, [value])]
        own = tuple(sorted(set(sites))) if ROLES[role].is_of_sites else ()
        may_break_glass = not set(self.break_glass.groups).isdisjoint(_texts(claims.get(self.sign_in.role_claim)))
        return Viewer(claims["sub"], role, own, may_break_glass, name=name if isinstance(name, str) else "")

    def why_refused(self, claims: Mapping[str, Any]) -> str:
        """The reason for refusal, worded for the person; empty if admitted."""
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            return "the identity provider does not say who you are (sub)"
        if subject in self.sign_in.revoked:
            return "an administrator has withdrawn your access"
        if claims.get("email_verified") in (False, "false"):
            return "the identity provider has not verified your e-mail address"
        if self.sign_in.acr_values and claims.get("acr") not in self.sign_in.acr_values:
            return "you did not sign in strongly enough (acr)"
        return "" if self._role(claims) else "you have no role here. Ask an administrator for one"

    def _role(self, claims: Mapping[str, Any]) -> str | None:
        held = set(_texts(claims.get(self.sign_in.role_claim)))
        return next((role for value, role in self.roles.items() if value in held), None)


def read_access(home: Path) -> AccessFile | None:
    """The home's access file; None if there is none. Raises `AccessRefused` where it cannot be read, as a link that leads
    nowhere, and where a setting is not what its schema allows (`models/settings/access.py`)."""
    path = home / FILE
    if not os.path.lexists(path):
        return None
    try:
        return read_settings(path.read_bytes(), AccessFile, str(path), {"roles": list(ROLES)})
    except OSError as error:
        raise AccessRefused(
            f"{path}: cannot be read ({error.strerror}). Put the file back: nobody signs in without it."
        ) from None
    except SettingsRefused as refused:
        raise AccessRefused(f"{refused}\ndocs/operators.md shows access.toml.") from None


def client_secret(access: AccessFile) -> str:
    """The client's secret: from its environment variable, or from the file that the variable with `_FILE` behind it names.

    Raises `AccessRefused` if neither gives one.
    """
    variable = access.sign_in.secret_variable
    secret = os.environ.get(variable, "")
    if not secret and (path := os.environ.get(f"{variable}_FILE", "")):
        try:
            secret = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise AccessRefused(f"{variable}_FILE: {path} cannot be read ({type(error).__name__}).") from None
    if not secret:
        raise AccessRefused(f"The environment variable {variable} must hold the client's secret, or {variable}_FILE its file.")
    return secret


def _texts(value: object) -> list[str]:
    """A claim's texts: it is a text or a list of texts; anything else counts as empty."""
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
