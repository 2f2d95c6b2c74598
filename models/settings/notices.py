"""The schema of alerts.toml: who is told of what, by e-mail or webhook. docs/alerts.md shows one.

A secret is named, never written. No mistake in this file is answered with what the file says.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from models.settings.connectors import Address, Secret, is_loopback
from models.settings.toml_schema import AtKey, Settings

_EMAIL = Annotated[str, Field(pattern=r"^[^@\s<>,;:\"\\]{1,64}@[^@\s<>,;:\"\\]{1,190}$", description="an e-mail address")]
_NAME = Annotated[str, Field(pattern=r"^[A-Za-z0-9 _.'-]{1,60}$", description="a short name of letters and digits")]


class Mail(Settings):
    """`[mail]`: the practice's mail server. Without encryption it is used on this machine alone."""

    host: str = Field(min_length=1, max_length=200, description="the mail server's name")
    port: int = Field(587, ge=1, le=65535, description="a port")
    security: Literal["starttls", "tls", "none"] = Field("starttls", description='"starttls", "tls" or "none"')
    sender: _EMAIL
    user: str = Field("", max_length=200, description="the account's name; empty: none is asked for")
    password: Secret | None = Field(None, description='{ env = "NAME" }')
    ca_file: str = Field("", max_length=500, description="a file of certificates, where the server has one of its own")

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise AtKey(("security",), 'cannot be "none": mail leaves this machine encrypted, by starttls or tls')
        if bool(self.user) != bool(self.password):
            raise AtKey(("user",), "and password belong together: give both or neither")
        return self


class Webhook(Settings):
    """`[webhooks.NAME]`: an address that takes JSON; `secret` signs it (HMAC-SHA-256 in X-Caregap-Signature)."""

    url: Address
    secret: Secret | None = Field(None, description='{ env = "NAME" }')


class Threshold(Settings):
    """From where on a KPI's newest mature quarter is told of, in its unit: a share is written as 0.05."""

    above: float | None = Field(None, allow_inf_nan=False, description="a number")
    below: float | None = Field(None, allow_inf_nan=False, description="a number")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.above is None and self.below is None:
            raise ValueError("must have above or below: { above = 0.1 }")
        return self


class Subscription(Settings):
    """`[[subscriptions]]`: what one person or role is told of."""

    who: _NAME
    mail: list[_EMAIL] = Field([], description='addresses: ["ann@example.org"]')
    webhooks: list[str] = Field([], description='names of [webhooks.…]: ["oncall"]')
    kpis: dict[str, Threshold] = Field({}, description="thresholds by KPI: { no_show_rate = { above = 0.1 } }")
    data_health: bool = Field(False, description="true or false: refused files, quarantined rows, a run that failed")
    model: bool = Field(False, description="true or false: a check of the risk models beyond its threshold")
    signs: bool = Field(False, description="true or false: signs of intrusion")
    digest: bool = Field(False, description="true or false: the headline numbers after each publication")
    report: bool = Field(False, description="true or false: the newest board report, attached to the digest's mail")


_DOMAIN = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$", description="a domain in small letters")]


class Pages(Settings):
    """`[pages]`: whom people may subscribe on the page Alerts: addresses of these domains, and no other."""

    domains: list[_DOMAIN] = Field(min_length=1, description='domains: ["example.org"]')

    def takes(self, address: str) -> bool:
        """Whether an e-mail address is of one of the domains."""
        return address.rpartition("@")[2].lower() in self.domains


class NoticeSettings(Settings):
    """alerts.toml. The validator reads `kpi_codes` of its context, where it has them."""

    mail: Mail | None = Field(None, description="a table")
    pages: Pages | None = Field(None, description="a table")
    webhooks: dict[str, Webhook] = Field({}, description="tables by name")
    subscriptions: list[Subscription] = Field([], description="a list of tables")

    @model_validator(mode="after")
    def _fits_together(self, info: ValidationInfo) -> Self:
        known = (info.context or {}).get("kpi_codes")
        names = [one.who for one in self.subscriptions]
        if len(set(names)) < len(names):
            raise AtKey(("subscriptions",), "have one name twice: what a subscription was told is kept by its who")
        for place, one in enumerate(self.subscriptions):
            at = ("subscriptions", str(place))
            if one.mail and self.mail is None:
                raise AtKey((*at, "mail"), "needs the table [mail] with the mail server")
            for name in one.webhooks:
                if name not in self.webhooks:
                    raise AtKey((*at, "webhooks"), "names a webhook that the file does not have: write [webhooks.NAME]")
            for code in one.kpis:
                if known is not None and code not in known:
                    raise AtKey((*at, "kpis", code), "is no such KPI: the page Catalog lists them")
            if one.report and not one.digest:
                raise AtKey((*at, "report"), "comes with the digest: set digest = true too")
        if self.pages and self.mail is None:
            raise AtKey(("pages",), "needs the table [mail] with the mail server")
        return self
