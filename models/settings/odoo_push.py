"""The schema of `[NAME.push]` for an Odoo: how contacts are found, and how tasks and outcomes are worded there."""

from typing import Annotated, Literal

from pydantic import Field

from models.extracts.crm import OUTREACH_OUTCOMES
from models.settings.push import Push

_EXTERNAL_ID = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_]+\.[A-Za-z0-9_.-]+$", description="an external id: mail.mail_activity_data_call")
]
_SHORT = Annotated[str, Field(min_length=1, max_length=80, description="a short text")]
Channel = Literal["phone", "sms", "email", "mail", "portal"]
Reason = Literal["disengagement", "reactivation", "care_gap"]
RecordedOutcome = Literal[
    "scheduled",
    "reached",
    "left_message",
    "no_answer",
    "wrong_number",
    "declined",
    "opted_out",
    "done_elsewhere",
    "moved",
    "deceased",
]
assert RecordedOutcome.__args__ == OUTREACH_OUTCOMES  # type: ignore[attr-defined]


class OdooPush(Push):
    """`contact_key`: what the contract's `contact_id` is in Odoo: an external id (`contact_module` is its first part where
    the id has no dot), the database id, or the field Reference.

    `activity_types`: the activity type of each channel. `summaries`: the summary of each reason; nothing clinical belongs there.
    `users`: the sign-in name of each staff id; without it, the staff id itself. `outcomes`: the outcome of a feedback that a
    pattern matches (`*left voicemail*`); without it, a feedback counts that begins with an outcome's name.
    """

    contact_key: Literal["external_id", "id", "ref"] = Field("external_id", description='"external_id", "id" or "ref"')
    contact_module: str = Field("__import__", pattern=r"^[A-Za-z0-9_]+$", description="the part of an external id before its dot")
    activity_types: dict[Channel, _EXTERNAL_ID] = Field({}, description="a table of channels")
    summaries: dict[Reason, _SHORT] = Field({}, description="a table of reasons")
    users: dict[str, _SHORT] = Field({}, description="a table of staff ids")
    outcomes: dict[str, RecordedOutcome] = Field({}, description="a table of patterns")


ACTIVITY_TYPES: dict[str, str] = {
    "phone": "mail.mail_activity_data_call",
    "email": "mail.mail_activity_data_email",
    "sms": "mail.mail_activity_data_todo",
    "mail": "mail.mail_activity_data_todo",
    "portal": "mail.mail_activity_data_todo",
}
"""Where the settings name no other: the types that Odoo has from the start."""

SUMMARIES: dict[str, str] = {
    "disengagement": "Outreach: keep in touch",
    "reactivation": "Outreach: invite back",
    "care_gap": "Outreach: offer a visit",
}
