"""The schema of `[alerts]` in access.toml: from what on the audit log's lines count as a sign of intrusion."""

from typing import Annotated

from pydantic import AfterValidator, Field

from models.settings.practice import checked_time_zone
from models.settings.toml_schema import Settings


def _count(default: int, what: str) -> int:
    return Field(default, ge=1, le=10_000_000, description=f"a whole number of {what}, 1 or more")


class AlertLimits(Settings):
    """What is more than a limit is a sign; sign-ins and queries within `within_minutes`, rows and patients within a day (UTC).

    `times_usual`: how many times what is usual for the person a day may have, once the limit of rows or patients is passed.
    `working_hours` of `time_zone`: outside them any use of the dashboards is a sign; not looked at where empty. `shown_days`:
    how long a sign is shown.
    """

    refused_sign_ins: int = _count(5, "refused sign-ins")
    refused_queries: int = _count(10, "queries for what is not allowed")
    within_minutes: int = Field(60, ge=1, le=1440, description="a whole number of minutes from 1 to 1440")
    exported_rows: int = _count(5000, "rows a day")
    opened_patients: int = _count(150, "patients a day")
    times_usual: float = Field(5, ge=1, le=1000, description="a number of times from 1 to 1000")
    working_hours: str = Field("", pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$", description='"06:00-22:00"')
    time_zone: Annotated[str, AfterValidator(checked_time_zone)] = Field(
        "UTC", description="a name of the tz database, as America/Chicago"
    )
    shown_days: int = Field(30, ge=1, le=3650, description="a whole number of days from 1 to 3650")
