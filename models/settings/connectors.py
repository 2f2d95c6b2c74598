"""The schema of connectors.toml: one table a system that is reached by API. docs/connections.md lists every setting.

    [hub]                      the connector's name; its state and its log lines bear it
    kind = "hubspot"
    address = "https://api.hubapi.com"
    source = "crm"             the source of practice.toml whose contacts are this system's
    [hub.sign_in]
    token = { env = "HUBSPOT_TOKEN" }
    [hub.pull]                 what comes in; without the table nothing does
    [hub.push]                 what goes out (`models/settings/push.py`); likewise
    [hub.limits]

A secret is named, never written. No mistake in this file is answered with what the file says.
"""

import ipaddress
import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from models.settings.crm_push import HubspotPush, OdooPush, SalesforcePush
from models.settings.practice import checked_id
from models.settings.push import FhirPush, Push
from models.settings.toml_schema import Mistake, Settings, SettingsRefused, check_settings, line_of, parse_toml
from models.sources import name_of_kind

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_PLACES = '{ env = "NAME" }, { file = "PATH" } or { credential = "NAME" }'
_TEXT = Field(min_length=1, max_length=500, description="a short text")


def checked_address(given: str) -> str:
    """The address without a slash at its end. Raises `ValueError`, which does not repeat it: it may hold a password."""
    try:
        parts = urlsplit(given)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or re.search(r"[\s\x00-\x1f\x7f\\]", given):
        raise ValueError("is no address: write https://host/path")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("holds more than scheme, host and path: write https://host/path, and name secrets under sign_in")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError("must begin with https://; http:// is for this machine alone (127.0.0.1, localhost)")
    return given.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or number."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


Address = Annotated[str, AfterValidator(checked_address)]


class _Quiet(Settings):
    """No mistake repeats what the file says: a secret may stand where it should not."""

    shows_values: ClassVar[bool] = False


class Secret(_Quiet):
    """Where a secret is: an environment variable, a file (mode 0600; relative to connectors.toml) or a systemd credential."""

    env: str | None = None
    file: str | None = None
    credential: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if isinstance(given, str):
            raise ValueError(f"is a secret in clear, which does not belong here. Name where it is: {_PLACES}")
        if not isinstance(given, dict) or len(given) != 1:
            raise ValueError(f"must name one place: {_PLACES}")
        return given

    @model_validator(mode="after")
    def _plain(self) -> Self:
        if self.env is not None and not _VARIABLE.fullmatch(self.env):
            raise ValueError(
                "names no environment variable: its name is letters, digits and _. The secret itself does not belong here"
            )
        if self.credential is not None and not re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", self.credential):
            raise ValueError("names no systemd credential: its name is letters, digits, _, . and -")
        if self.file is not None and (not self.file.strip() or "\0" in self.file or "\n" in self.file):
            raise ValueError("names no file")
        return self


class Limits(_Quiet):
    """`[NAME.limits]`: what is asked of the system, and what is taken from it at most."""

    requests_per_minute: int = Field(300, ge=1, le=60_000, description="a whole number from 1 to 60000")
    timeout_seconds: int = Field(60, ge=1, le=900, description="a whole number of seconds from 1 to 900")
    wait_minutes: int = Field(60, ge=0, le=2880, description="a whole number of minutes from 0 to 2880")
    answer_megabytes: int = Field(64, ge=1, le=2048, description="a whole number of megabytes from 1 to 2048")
    delivery_gigabytes: int = Field(50, ge=1, le=10_000, description="a whole number of gigabytes from 1 to 10000")


class Pull(_Quiet):
    """`[NAME.pull]`: what comes in. A pull asks again for `lookback_minutes` before the last one, since systems show late what
    they date early; what came twice lands once. A pull of all there is takes rows that are missing for deleted, up to
    `most_gone_share` of those that are known."""

    most_gone_share: float = Field(0.2, ge=0, le=1, allow_inf_nan=False, description="a share from 0 to 1")
    lookback_minutes: int = Field(60, ge=0, le=100_000, description="a whole number of minutes from 0 to 100000")


FhirType = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z]{1,63}$", description="names of FHIR resource types")]


class FhirPull(Pull):
    """`bulk`: the server's `$export`, of the whole system, a group or all patients. `search`: page by page, for servers without.

    Without `types`: what Caregap reads, as far as the server has it.
    """

    method: Literal["bulk", "search"] = Field("bulk", description='"bulk" or "search"')
    level: Literal["system", "group", "patient"] = Field("system", description='"system", "group" or "patient"')
    group: str | None = Field(None, pattern=r"^[A-Za-z0-9.-]{1,64}$", description="the id of a FHIR Group")
    types: list[FhirType] | None = Field(None, min_length=1, max_length=100, description="a list of FHIR resource types")
    file_hosts: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,253}$", description="names of hosts")]] = Field(
        [], max_length=20, description="a list of hosts that an export's files may lie on, besides the server's own"
    )
    page_size: int = Field(200, ge=1, le=10_000, description="a whole number from 1 to 10000")

    @model_validator(mode="after")
    def _group_named(self) -> Self:
        if (self.level == "group") != (self.group is not None):
            raise ValueError('needs level = "group" and group = "ID" together')
        if self.method == "search" and self.level != "system":
            raise ValueError('asks the whole server by search: remove level and group, or write method = "bulk"')
        return self


class SalesforcePull(Pull):
    """The objects to pull, by the extract that they land as."""

    extracts: list[Literal["contacts", "outreach_tasks", "campaigns", "campaign_members"]] = Field(
        ["contacts"], min_length=1, description="a list of contacts, outreach_tasks, campaigns, campaign_members"
    )
    api_version: str = Field("v64.0", pattern=r"^v[0-9]{2,3}\.0$", description="a version: v64.0")


class HubspotPull(Pull):
    """The objects to pull, by the extract that they land as."""

    extracts: list[Literal["contacts"]] = Field(["contacts"], min_length=1, description="a list of contacts")


OwnField = Literal["mrn", "first_name", "last_name", "birth_date", "sex", "preferred_channel", "is_do_not_contact", "is_deceased"]


class OdooPull(Pull):
    """What to pull, by the extract that it lands as. `fields`: the practice's own fields of a contact by the contract's name.

    `contact_key` and `contact_module` say which id is the contract's `contact_id`, as for a push.
    """

    extracts: list[Literal["contacts", "consents"]] = Field(
        ["contacts"], min_length=1, description="a list of contacts, consents"
    )
    contact_key: Literal["external_id", "id", "ref"] = Field("id", description='"external_id", "id" or "ref"')
    contact_module: str = Field("__import__", pattern=r"^[A-Za-z0-9_]+$", description="the part of an external id before its dot")
    fields: dict[OwnField, Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$", description="a field's name")]] = Field(
        {}, description='fields of Odoo by name: { mrn = "x_mrn", birth_date = "x_birth_date" }'
    )


class SmartSignIn(_Quiet):
    """SMART Backend Services (`client_id`, `private_key`), or a token that never changes."""

    client_id: str | None = Field(None, min_length=1, max_length=500, description="a short text")
    private_key: Secret | None = None
    key_id: str | None = Field(None, min_length=1, max_length=200, description="a short text")
    algorithm: Literal["RS384", "ES384"] = Field("RS384", description='"RS384" or "ES384"')
    scopes: list[Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]{1,200}$", description="scopes")]] = Field(
        ["system/*.rs"], min_length=1, description='a list of scopes: ["system/Patient.rs"]'
    )
    token_address: Address | None = None
    token: Secret | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.client_id is None) != (self.private_key is None) or (self.token is None) == (self.client_id is None):
            raise ValueError("needs client_id and private_key, or token alone")
        return self


class SalesforceSignIn(_Quiet):
    """OAuth by JWT bearer (`username`, `private_key`) or by client credentials (`client_secret`)."""

    client_id: str = _TEXT
    username: str | None = Field(None, min_length=1, max_length=200, description="a short text")
    private_key: Secret | None = None
    client_secret: Secret | None = None
    audience: Address = "https://login.salesforce.com"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.username is None) != (self.private_key is None) or (self.client_secret is None) == (self.private_key is None):
            raise ValueError("needs username and private_key, or client_secret alone")
        return self


class HubspotSignIn(_Quiet):
    """The token of a private app."""

    token: Secret


class OdooSignIn(_Quiet):
    """An API key of the user whose rights hold."""

    key: Secret


class Connector(_Quiet):
    """What every kind has. `source` is the `source_system` of its contacts, and the folder that its deliveries go into."""

    kind: str
    address: Address
    source: str = Field(description='a source of practice.toml: "crm", "ehr:north"')
    push: Push | None = Field(None, description="a table")
    limits: Limits = Field(Limits(), description="a table")

    delivers_as: ClassVar[str]
    """The kind of source (`models/sources.py`)."""

    @field_validator("source")
    @classmethod
    def _declared(cls, given: str, info: ValidationInfo) -> str:
        known = (info.context or {}).get("sources")
        if name_of_kind(given) != cls.delivers_as:
            raise ValueError(f"must be {cls.delivers_as}, or the one of several that it is: {cls.delivers_as}:north")
        if known is not None and given not in known:
            raise ValueError(f"is no source of practice.toml. Known: {', '.join(sorted(known)) or 'none'}")
        return given


class FhirConnector(Connector):
    kind: Literal["fhir"]
    sign_in: SmartSignIn | None = Field(None, description="a table")
    pull: FhirPull | None = Field(None, description="a table")
    push: FhirPush | None = Field(None, description="a table")
    delivers_as: ClassVar[str] = "ehr"


class SalesforceConnector(Connector):
    kind: Literal["salesforce"]
    sign_in: SalesforceSignIn = Field(description="a table")
    pull: SalesforcePull | None = Field(None, description="a table")
    push: SalesforcePush | None = Field(None, description="a table")
    delivers_as: ClassVar[str] = "crm"


class HubspotConnector(Connector):
    kind: Literal["hubspot"]
    sign_in: HubspotSignIn = Field(description="a table")
    pull: HubspotPull | None = Field(None, description="a table")
    push: HubspotPush | None = Field(None, description="a table")
    delivers_as: ClassVar[str] = "crm"


class OdooConnector(Connector):
    kind: Literal["odoo"]
    database: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="the database's name")
    sign_in: OdooSignIn = Field(description="a table")
    pull: OdooPull | None = Field(None, description="a table")
    push: OdooPush | None = Field(None, description="a table")
    delivers_as: ClassVar[str] = "crm"

    @model_validator(mode="after")
    def _one_id(self) -> Self:
        keys = {(one.contact_key, one.contact_module) for one in (self.pull, self.push) if one}
        if len(keys) > 1:
            raise ValueError(
                "has another contact_key or contact_module in pull than in push: what is pulled could not be pushed to"
            )
        return self


AnyConnector = FhirConnector | SalesforceConnector | HubspotConnector | OdooConnector
KINDS: dict[str, type[AnyConnector]] = {
    "fhir": FhirConnector,
    "salesforce": SalesforceConnector,
    "hubspot": HubspotConnector,
    "odoo": OdooConnector,
}


def parse_connectors(content: bytes, file: str, sources: Collection[str] | None = None) -> dict[str, AnyConnector]:
    """The connectors of a file by name; `sources` are those of practice.toml. Raises `SettingsRefused` with every mistake."""
    text, tables = parse_toml(content, file)
    found: dict[str, AnyConnector] = {}
    mistakes: list[Mistake] = []
    for name, table in tables.items():
        try:
            found[name] = _connector(name, table, file, text, sources)
        except SettingsRefused as refused:
            mistakes += refused.mistakes
    if mistakes:
        raise SettingsRefused(file, mistakes)
    return found


def _connector(name: str, table: Any, file: str, text: str, sources: Collection[str] | None) -> AnyConnector:
    def refused(key: tuple[str, ...], what: str) -> SettingsRefused:
        return SettingsRefused(file, [Mistake(line_of(text, key), ".".join(key), what)])

    if not isinstance(table, dict):
        raise refused((name,), "stands outside of a connector's table: begin with [NAME], then kind, address, source.")
    try:
        checked_id(name)
    except ValueError as error:
        raise refused((name,), f"{error}.") from None
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        close = get_close_matches(kind, KINDS, n=1) if isinstance(kind, str) else []
        meant = f" Did you mean {close[0]}?" if close else ""
        raise refused((name, "kind"), f"must be one of {', '.join(KINDS)}.{meant}")
    return check_settings(table, KINDS[kind], file, text, {"sources": sources}, below=(name,))
