"""The schema of a privacy profile (`models/privacy/*.toml`), and of `[retention]` in practice.toml, which overrides its months.

Nothing in the code says what a law asks: a deadline, a basis or a number of months is read from these files.
"""

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field

from models.settings.toml_schema import Settings

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


class Retention(Settings):
    """`[retention]`. `patients`: for how many months after the last visit a person's records must be kept, and are not erased."""

    patients: Months | None = Field(None, description="a whole number of months from 0 to 1200")


class Profile(Settings):
    """One profile: what the practice goes by. `retention` holds its defaults."""

    title: str
    legal_basis: str
    purpose: str
    deadlines: dict[Right, Deadline]
    retention: Retention

    def months(self, own: Retention) -> Retention:
        """The months that hold: the practice's own, else the profile's."""
        return self.retention.model_copy(update=own.model_dump(exclude_none=True, exclude_defaults=True))


def months_later(day: date, months: int) -> date:
    """The day of the same number so many months later (earlier where negative); the month's last where it has none."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last))
