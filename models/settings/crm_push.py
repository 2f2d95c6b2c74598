"""The schemas of `[NAME.push]` for CRMs: how contacts are found, and how tasks and outcomes are worded there."""

from typing import Annotated, Literal, get_args

from pydantic import Field

from models.extracts.crm import OUTREACH_OUTCOMES
from models.settings.push import Push

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
assert get_args(RecordedOutcome) == OUTREACH_OUTCOMES

_EXTERNAL_ID = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_]+\.[A-Za-z0-9_.-]+$", description="an external id: mail.mail_activity_data_call")
]
_SHORT = Annotated[str, Field(min_length=1, max_length=80, description="a short text")]
_PROPERTY = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}$", description="the internal name of a property")]


class CrmPush(Push):
    """`summaries`: the title of a task by its reason; nothing clinical belongs there. `users`: the CRM's user of each staff id;
    without it, the staff id itself. `outcomes`: the outcome of a remark that a pattern matches (`*left voicemail*`); without it,
    a remark counts that begins with an outcome's name.
    """

    summaries: dict[Reason, _SHORT] = Field({}, description="a table of reasons")
    users: dict[str, _SHORT] = Field({}, description="a table of staff ids")
    outcomes: dict[str, RecordedOutcome] = Field({}, description="a table of patterns")

    def user_of(self, staff_id: str | None) -> str | None:
        """The CRM's user of a staff id."""
        return self.users.get(staff_id, staff_id) if staff_id is not None else None

    def staff_id_of(self, user: str | None) -> str | None:
        """The staff id of the CRM's user; None where several have the same one, since nobody can tell who it was."""
        named = [staff_id for staff_id, one in self.users.items() if one == user]
        return (named[0] if len(named) == 1 else None) if named else user


class OdooPush(CrmPush):
    """`contact_key`: what the contract's `contact_id` is in Odoo: an external id (`contact_module` is its first part where the id
    has no dot), the database id, or the field Reference. `activity_types`: the activity type of each channel. `users` has names
    to sign in with.
    """

    contact_key: Literal["external_id", "id", "ref"] = Field("id", description='"external_id", "id" or "ref"')
    contact_module: str = Field("__import__", pattern=r"^[A-Za-z0-9_]+$", description="the part of an external id before its dot")
    activity_types: dict[Channel, _EXTERNAL_ID] = Field({}, description="a table of channels")


class SalesforcePush(CrmPush):
    """`id_field`: the external id on Activity; `outcome_field`: what a person fills in when the task is done. `rows_at_once`:
    more than 200 go as a job of Bulk API 2.0. `users` has ids of users (`005…`)."""

    api_version: str = Field("v64.0", pattern=r"^v[0-9]{2,3}\.0$", description="a version: v64.0")
    id_field: str = Field("Caregap_Task__c", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,39}__c$", description="the name of a custom field")
    outcome_field: _PROPERTY = "CallDisposition"
    rows_at_once: int = Field(200, ge=1, le=10_000, description="a whole number from 1 to 10000")


class HubspotPush(CrmPush):
    """`id_property`: the unique property of tasks; `outcome_property`: what a person fills in when the task is done.
    `opt_out_properties`: the properties of contacts that close a channel when they are true, besides `hs_email_optout`. `users`
    has ids of owners."""

    id_property: _PROPERTY = "caregap_task_id"
    outcome_property: _PROPERTY = "caregap_outcome"
    opt_out_properties: dict[Channel, list[_PROPERTY]] = Field({}, description="a table of channels")


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
