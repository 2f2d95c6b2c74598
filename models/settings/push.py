"""The schema of `[NAME.push]` in connectors.toml: what goes out to a system, and within which limits."""

from typing import ClassVar, Literal

from pydantic import Field

from models.settings.toml_schema import Settings


class Push(Settings):
    """One connector's push. Without the table nothing goes out.

    `when`: `by_hand` sends when somebody calls the command; `approved` also what was approved on the page, `always` also without,
    both on Dagster's schedule. What passes a limit waits for a person in every case.
    """

    shows_values: ClassVar[bool] = False

    when: Literal["by_hand", "approved", "always"] = Field("by_hand", description='"by_hand", "approved" or "always"')
    fields: list[str] | None = Field(None, min_length=1, description="a list of the fields that leave; without it: all that may")
    most_rows: int = Field(500, ge=1, le=100_000, description="a whole number of rows from 1 to 100000")
    most_withdrawn_share: float = Field(0.5, ge=0, le=1, allow_inf_nan=False, description="a share from 0 to 1")
    most_deviation: float = Field(0.5, ge=0, le=100, allow_inf_nan=False, description="a share: 0.5 is half as many more or less")
    most_days_old: int = Field(7, ge=1, le=365, description="a whole number of days from 1 to 365")
    list_name: str | None = Field(
        None, min_length=1, max_length=100, pattern=r"^[\w .-]+$", description="the name of the list in the CRM"
    )


class FhirPush(Push):
    """What an EHR can take besides tasks: risk scores, open gaps in the chart, and messages that it sends itself.

    `messages`: for these channels a CommunicationRequest leaves instead of a task, which reaches the patient without a person in
    between, so that quiet hours hold the push itself back.
    """

    scores: bool = Field(False, description="true or false, without quotes")
    gaps: Literal["no", "flag", "detected_issue"] = Field("no", description='"no", "flag" or "detected_issue"')
    messages: list[Literal["sms", "email", "mail", "portal"]] = Field([], description='a list of channels: ["portal"]')
