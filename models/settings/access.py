"""The schema of access.toml: the identity provider, and which of its claims make which role. docs/operators.md shows one."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar
from urllib.parse import urlparse

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from models.settings.alerts import AlertLimits
from models.settings.toml_schema import AtKey, Settings

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
CALLBACK = "/oauth2callback"


def _checked_address(address: str) -> str:
    """The address, if what is sent to it is encrypted or stays on this machine. Raises `ValueError`."""
    parsed = urlparse(address)
    if parsed.scheme != "https" and not (parsed.scheme == "http" and parsed.hostname in LOOPBACK):
        raise ValueError(f'cannot be "{address[:80]}": it must begin with https:// (http:// on this machine only)')
    return address


def _checked_redirect(address: str) -> str:
    if not address.endswith(CALLBACK):
        raise ValueError(f'cannot be "{address[:80]}": it must end with {CALLBACK}')
    return address


_Address = Annotated[str, AfterValidator(_checked_address)]
_Text = Annotated[str, Field(min_length=1)]


def _limit(default: float, most: float, unit: str) -> Any:
    return Field(default, gt=0, le=most, description=f"a number of {unit} over 0 and at most {most:g}")


def _texts(default: list[str], what: str) -> Any:
    return Field(default, description=f'a list of {what}: ["…"]')


class SignIn(Settings):
    """`[sign_in]`.

    The claim `sub` identifies a person; the provider never reassigns it (OpenID Connect Core, 5.7); `name_claim` is the display
    name. `secret_variable` names the environment variable of the client's secret. `acr_values`: accepted strengths of sign-in.
    `revoked`: `sub`s without access.
    """

    earlier: ClassVar[Mapping[str, str]] = {
        "user_claim": 'Write name_claim: it is the name that the audit log shows; the claim "sub" says who a person is.'
    }

    issuer: _Address = Field(description="the provider's address")
    client_id: _Text = Field(description="the client's id at the provider")
    redirect_uri: Annotated[_Address, AfterValidator(_checked_redirect)] = Field(
        description=f"the address of these dashboards, and {CALLBACK}"
    )
    secret_variable: str = Field(
        "CAREGAP_CLIENT_SECRET", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="the name of an environment variable"
    )
    name_claim: _Text = Field("email", description="the name of a claim")
    role_claim: _Text = Field("groups", description="the name of a claim")
    site_claim: _Text = Field("sites", description="the name of a claim")
    idle_minutes: float = _limit(15, 60, "minutes")
    absolute_hours: float = _limit(12, 24, "hours")
    recheck_minutes: float = _limit(15, 15, "minutes")
    scopes: list[str] = _texts(["openid", "email", "profile"], "scopes")
    acr_values: list[str] = _texts([], "acr values")
    revoked: list[str] = _texts([], "subs")

    @field_validator("scopes")
    @classmethod
    def _asks_who_it_is(cls, given: list[str]) -> list[str]:
        if "openid" not in given:
            raise ValueError('must have "openid"')
        return given


class BreakGlass(Settings):
    """`[break_glass]`: who may open one patient in an emergency, beside what their role sees.

    `groups` are values of the role claim; without any, nobody may. `patients_a_day`: within 24 hours, of one person.
    """

    groups: list[str] = _texts([], "values of the role claim")
    minutes: float = _limit(60, 60, "minutes")
    patients_a_day: int = Field(3, ge=1, le=50, description="a whole number of patients from 1 to 50")


class AccessSettings(Settings):
    """access.toml. `roles` and `sites` are keyed by the value of the claim; the validator reads the known `roles` of its context,
    where it has them."""

    sign_in: SignIn = Field(description="a table with issuer, client_id and redirect_uri")
    roles: dict[str, str] = Field({}, description='roles by the value of the role claim: "caregap-desk" = "care_team"')
    sites: dict[str, list[str]] = Field({}, description='location ids by the value of the site claim: north = ["loc-1"]')
    break_glass: BreakGlass = Field(BreakGlass(), description='a table with groups: groups = ["caregap-emergency"]')
    alerts: AlertLimits = Field(AlertLimits(), description="a table of limits: refused_sign_ins = 5")

    @field_validator("roles")
    @classmethod
    def _known_roles(cls, given: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        known = (info.context or {}).get("roles")
        for value, role in given.items():
            if known is not None and role not in known:
                close = get_close_matches(role, known, n=1)
                meant = f" Did you mean {close[0]}?" if close else ""
                raise AtKey((value,), f'cannot be "{role[:40]}": it must be one of {", ".join(known)}.{meant}')
        return given
