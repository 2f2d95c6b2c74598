"""The schema of a privacy profile (`models/privacy/*.toml`), and of `[retention]` in practice.toml, which overrides its months.

Nothing in the code says what a law asks: a deadline, a basis or a number of months is read from these files.
"""

from datetime import date, timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from models.settings.toml_schema import AtKey, Settings

PROFILES = ("hipaa", "ccpa", "gdpr")
Right = Literal["export", "restrict", "erase", "disclosures"]

Months = Annotated[int, Field(ge=0, le=1200)]


class Deadline(Settings):
    """Within what time a request is answered; neither days nor months: no time is set. `source` says where that stands."""

    days: int | None = Field(None, ge=1, le=365)
    months: int | None = Field(None, ge=1, le=12)
    source: str

    def due_on(self, asked_on: date) -> date | None:
        """The last day for the answer; a month ends on the day of the same number (Regulation (EEC, Euratom) 1182/71, Art. 3)."""
        if self.days:
            return asked_on + timedelta(days=self.days)
        return months_later(asked_on, self.months) if self.months else None


SIX_YEARS = 72
"""Months for which the audit log is kept whatever is set: 45 CFR 164.316(b)(2)(i)."""
KEPT_ALWAYS = {
    "ehr": frozenset(
        {"Patient", "Encounter", "Appointment", "Practitioner", "PractitionerRole", "Organization", "Location", "Medication"}
    ),
    "crm": frozenset(
        {"contacts", "consents", "touches", "outreach_tasks", "campaigns", "campaign_members", "identity_decisions"}
        | {"marketing_spend", "program_rollout", "program_costs", "open_slots"}
    ),
    "billing": frozenset({"accounts", "x12_transactions", "collection_costs"}),
}
"""By kind of source: rows that no age takes away. They say who somebody is, when they were last seen, that they asked not
to be contacted, or they name no person."""


def _kept_for(what: str, least: int = 0) -> Any:
    return Field(None, ge=least, le=1200, description=f"a whole number of months from {least} to 1200: {what}")


class Audiences(Settings):
    """`[retention.audiences]`: for how many months an earlier publication is there, by who reads it; the current one always is.

    `everybody`: all of it. Before that, what leaves it: `analysts`, the de-identified file; `care_team`, the outreach lists;
    `leadership`, the reports.
    """

    everybody: Months | None = _kept_for("earlier publications")
    analysts: Months | None = _kept_for("their de-identified file")
    care_team: Months | None = _kept_for("their outreach lists")
    leadership: Months | None = _kept_for("their reports")


class Retention(Settings):
    """`[retention]`: for how many months something is kept; what has none is kept (`pipelines/rights/retention/`).

    `patients`: after the last visit, in which a person's records must be kept, and are not erased. `deleted_rows`: after a source
    has deleted a row, until what had landed of it goes. `tables`, as `{ "billing.charges" = 84 }`: after the last change of a
    row, of persons whose records need not be kept any more. `gap_months`: care gaps as first published. `campaign_members`: who
    was on a campaign's list, from which its outcome is told. `saved_queries`: after their owner saved one last. `backups`: of
    this home, in the folders that the command is given.
    """

    patients: Months | None = _kept_for("after the last visit")
    deleted_rows: Months | None = _kept_for("after a source deleted a row")
    tables: dict[str, Months] = Field({}, description='months by kind of source and extract: { "billing.charges" = 84 }')
    gap_months: Months | None = _kept_for("care gaps as first published", 60)
    campaign_members: Months | None = _kept_for("who was on a campaign's list", 12)
    audiences: Audiences = Field(Audiences(), description="a table")
    saved_queries: Months | None = _kept_for("after the owner saved one")
    backups: Months | None = _kept_for("after a backup was made")
    audit_log: int = Field(SIX_YEARS, ge=SIX_YEARS, le=1200, description=f"a whole number of months from {SIX_YEARS} to 1200")

    @field_validator("tables")
    @classmethod
    def _may_leave(cls, given: dict[str, int]) -> dict[str, int]:
        from models.sources import SOURCE_KINDS  # contracts take a second to import, and most files have no such table

        known = {f"{kind}.{name}" for kind, kept in KEPT_ALWAYS.items() for name in {*SOURCE_KINDS[kind].extracts} - kept}
        for name in given:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                raise AtKey((name,), "is no table whose rows may leave by age." + (f" Did you mean {close[0]}?" if close else ""))
        return given


class Restriction(Settings):
    """What is still done with the data of a person who is restricted; `source` says where that stands.

    `is_shown`: those who treat the person, and who may query patients' data, go on seeing it. Otherwise it is stored, and no
    publication has a row of it. Lists, pushes, exports for others, and risk scores leave the person out either way.
    """

    is_shown: bool
    source: str


class Profile(Settings):
    """One profile: what the practice goes by. `retention` holds its defaults."""

    title: str
    legal_basis: str
    purpose: str
    deadlines: dict[Right, Deadline]
    restriction: Restriction
    retention: Retention

    def months(self, own: Retention) -> Retention:
        """The months that hold: the practice's own, else the profile's."""
        stated = {name: value for name in own.model_fields_set if (value := getattr(own, name)) is not None}
        return self.retention.model_copy(update=stated)


def months_later(day: date, months: int) -> date:
    """The day of the same number so many months later (earlier where negative); the month's last where it has none."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))
