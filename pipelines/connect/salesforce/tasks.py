"""Tasks of Salesforce that bear our external id, a custom field of Activity: what they hold, and what they are to hold."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from models.settings.crm_push import SalesforcePush
from pipelines.connect.adapter import Fate, Result, Task
from pipelines.connect.differences import Change, Held, all_undecided
from pipelines.connect.http import TooBusy
from pipelines.connect.salesforce.api import COLLECTION, SalesforceApi, SalesforceError, decided
from pipelines.connect.salesforce.bulk import bulk_upsert
from pipelines.connect.task_text import plain_text, title

SUBTYPES = {"phone": "Call", "email": "Email"}
_COMPARED = ("WhoId", "Subject", "Description", "ActivityDate", "Priority", "OwnerId")
_USER = re.compile(r"005[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?")


class SalesforceTasks:
    """The tasks of one org."""

    def __init__(self, api: SalesforceApi, settings: SalesforcePush) -> None:
        self._api, self._settings = api, settings

    def held(self, external_ids: Collection[str]) -> dict[str, Held]:
        """The tasks that are there, closed and archived ones too, by external id."""
        ours = self._settings.id_field
        found = self._api.query_in(["Id", ours, "IsClosed", *_COMPARED], "Task", ours, external_ids) if external_ids else []
        return {one[ours]: Held(one["Id"], bool(one["IsClosed"]), _comparable(one)) for one in found}

    def wanted(self, row: Task, contact: str) -> dict[str, Any]:
        """What the task is to hold, by Salesforce's names. Only a user of Salesforce can own it."""
        values = {
            "WhoId": contact,
            "Subject": title(row, self._settings),
            "Description": f"Channel: {row.channel}.\n{plain_text(row)}",
            "ActivityDate": row.due_on.isoformat(),
            "Priority": "High" if row.is_urgent else "Normal",
        }
        user = self._settings.user_of(row.assigned_to)
        return values | ({"OwnerId": user} if user and _USER.fullmatch(user) else {})

    def send(self, changes: Sequence[Change], channels: Mapping[str, str]) -> list[Result]:
        """Write the changes. The kind of a task can be said only when it is made, and its state is left to the team.

        Raises `ConnectionFailed` where Salesforce falls silent, and `SalesforceError` where it refuses the call as a whole.
        """
        ours = self._settings.id_field
        records = []
        for change in changes:
            made = {"Status": "Not Started", "TaskSubtype": SUBTYPES.get(channels[change.external_id], "Task")}
            records.append({ours: change.external_id, **change.values, **(made if change.remote_id is None else {})})
        try:
            if len(records) > COLLECTION:
                found = bulk_upsert(self._api, "Task", ours, records)
                return [found[one.external_id] for one in changes]
            answers = self._api.upsert("Task", ours, records) if records else []
        except TooBusy:
            return all_undecided([one.external_id for one in changes], "busy")
        except SalesforceError as error:
            if not error.is_transient:
                raise
            return all_undecided([one.external_id for one in changes], error.code)
        return [decided(one.external_id, answer, one.fate) for one, answer in zip(changes, answers, strict=True)]

    def withdraw(self, external_ids: Sequence[str]) -> list[Result]:
        """Delete those that are open."""
        leaving = {one: held.remote_id for one, held in self.held(external_ids).items() if not held.is_done}
        answers = dict(zip(leaving, self._api.delete([*leaving.values()]), strict=True)) if leaving else {}
        found = {one: decided(one, answer, Fate.WITHDRAWN) for one, answer in answers.items()}
        gone = {one for one, result in found.items() if result.code == "ENTITY_IS_DELETED"}
        return [found[one] if one in found and one not in gone else Result(one, Fate.UNCHANGED) for one in external_ids]


def _comparable(task: Mapping[str, Any]) -> dict[str, Any]:
    """Salesforce may store line ends as it likes."""
    values = {name: task.get(name) for name in _COMPARED}
    return values | {"Description": str(values["Description"] or "").replace("\r\n", "\n")}
