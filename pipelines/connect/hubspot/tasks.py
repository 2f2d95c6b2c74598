"""Tasks of HubSpot that bear our unique property: what they hold, and what they are to hold.

An upsert cannot say whom a task is about: that is a call of its own, after it. What was cut short in between is seen at the next
push, since the associations are read with the tasks.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from models.settings.crm_push import HubspotPush
from pipelines.connect.adapter import Fate, Result, Task
from pipelines.connect.differences import Change, Held, all_undecided
from pipelines.connect.http import TooBusy
from pipelines.connect.hubspot.api import BATCH, HubspotApi, HubspotError, category_of, in_parts
from pipelines.connect.shape import taken_or
from pipelines.connect.task_text import plain_text, title

TYPES = {"phone": "CALL", "email": "EMAIL"}
ABOUT = "about"
"""The contact of a task; not a property, but an association."""
_COMPARED = ("hs_task_subject", "hs_task_body", "hs_task_priority", "hs_task_type", "hs_timestamp", "hubspot_owner_id")
_DUE_HOUR = 17
"""UTC. A task is due at an instant; at this one it is the same day in all of the United States."""


class HubspotTasks:
    """The tasks of one account."""

    def __init__(self, api: HubspotApi, settings: HubspotPush) -> None:
        self._api, self._settings = api, settings

    def held(self, external_ids: Collection[str]) -> dict[str, Held]:
        """The tasks that are there and not archived, by external id."""
        ours = self._settings.id_property
        found = self._api.read("tasks", external_ids, [ours, "hs_task_status", *_COMPARED], ours)
        about = self._api.associated([one["id"] for one in found])
        return {
            one["properties"][ours]: Held(
                one["id"], one["properties"].get("hs_task_status") == "COMPLETED", _comparable(one, about.get(one["id"], set()))
            )
            for one in found
        }

    def wanted(self, row: Task) -> dict[str, Any]:
        """What the task is to hold, by HubSpot's names. Only an owner of HubSpot can have it."""
        values = {
            ABOUT: row.contact_id,
            "hs_task_subject": title(row, self._settings),
            "hs_task_body": f"Channel: {row.channel}.\n{plain_text(row)}",
            "hs_task_priority": "HIGH" if row.is_urgent else "NONE",
            "hs_task_type": TYPES.get(row.channel, "TODO"),
            "hs_timestamp": f"{row.due_on:%Y-%m-%d}T{_DUE_HOUR}:00:00Z",
        }
        owner = self._settings.user_of(row.assigned_to)
        return values | ({"hubspot_owner_id": owner} if owner and owner.isascii() and owner.isdigit() else {})

    def send(self, changes: Sequence[Change]) -> list[Result]:
        """Write the changes; a batch that HubSpot refuses whole is halved until each row has its own fate."""
        results: dict[str, Result] = {}
        for start in range(0, len(changes), BATCH):
            self._send(changes[start : start + BATCH], results)
        missing = [
            one for one in changes if ABOUT in one.values and results[one.external_id].fate in (Fate.CREATED, Fate.UPDATED)
        ]
        for result in self._associate(
            {one.external_id: (str(results[one.external_id].remote_id), one.values[ABOUT]) for one in missing}
        ):
            results[result.external_id] = result
        return [results[one.external_id] for one in changes]

    def withdraw(self, external_ids: Sequence[str]) -> list[Result]:
        """Archive those that are open. Raises `HubspotError`."""
        leaving = {one: held.remote_id for one, held in self.held(external_ids).items() if not held.is_done}
        for some in in_parts(sorted(leaving.values())):
            self._api.ask("POST", "crm/v3/objects/tasks/batch/archive", json={"inputs": [{"id": one} for one in some]})
        return [Result(one, Fate.WITHDRAWN if one in leaving else Fate.UNCHANGED, leaving.get(one)) for one in external_ids]

    def _send(self, changes: Sequence[Change], results: dict[str, Result]) -> None:
        written = [one for one in changes if one.values.keys() - {ABOUT} or one.remote_id is None]
        results |= {one.external_id: Result(one.external_id, one.fate, one.remote_id) for one in changes if one not in written}
        if not written:
            return
        ours = self._settings.id_property
        inputs = [self._input(one, ours) for one in written]
        try:
            answer = self._api.ask("POST", "crm/v3/objects/tasks/batch/upsert", json={"inputs": inputs})
        except TooBusy:
            results |= {one.external_id: one for one in all_undecided([one.external_id for one in written], "busy")}
            return
        except HubspotError as error:
            answer = {"errors": [{"category": error.category}]}
        taken_rows = {_trace(one, ours): one for one in taken_or(answer, "results", [], self._api.http.name)}
        refused = {_blamed(one): category_of(one) for one in taken_or(answer, "errors", [], self._api.http.name)}
        unnamed = []
        for one in written:
            if row := taken_rows.get(one.external_id):
                results[one.external_id] = Result(one.external_id, one.fate, str(row["id"]))
            elif one.external_id in refused:
                results[one.external_id] = Result(one.external_id, Fate.REJECTED, code=refused[one.external_id])
            else:
                unnamed.append(one)
        if len(unnamed) == 1:
            code = next(iter(refused.values()), "UNREADABLE")
            results[unnamed[0].external_id] = Result(unnamed[0].external_id, Fate.REJECTED, code=code)
        elif unnamed:
            middle = len(unnamed) // 2
            self._send(unnamed[:middle], results)
            self._send(unnamed[middle:], results)

    def _input(self, change: Change, ours: str) -> dict[str, Any]:
        """One input of an upsert; its trace is what errors and results are told apart by."""
        properties = {name: value for name, value in change.values.items() if name != ABOUT}
        made = {ours: change.external_id, "hs_task_status": "NOT_STARTED"} if change.remote_id is None else {}
        return {
            "id": change.external_id,
            "idProperty": ours,
            "objectWriteTraceId": change.external_id,
            "properties": properties | made,
        }

    def _associate(self, pairs: Mapping[str, tuple[str, str]]) -> list[Result]:
        """Say whom the tasks are about; the results of those for whom that failed."""
        failed: list[Result] = []
        for some in in_parts(sorted(pairs)):
            inputs = [{"from": {"id": pairs[one][0]}, "to": {"id": pairs[one][1]}} for one in some]
            try:
                answer = self._api.ask(
                    "POST", "crm/v4/associations/tasks/contacts/batch/associate/default", json={"inputs": inputs}
                )
            except TooBusy:
                failed += all_undecided(some, "busy")
                continue
            except HubspotError as error:
                failed += [Result(one, Fate.REJECTED, pairs[one][0], error.category) for one in some]
                continue
            done = {str(one["from"]["id"]) for one in taken_or(answer, "results", [], self._api.http.name)}
            failed += [Result(one, Fate.REJECTED, pairs[one][0], "association") for one in some if pairs[one][0] not in done]
        return failed


def _comparable(task: Mapping[str, Any], about: Collection[str]) -> dict[str, Any]:
    """HubSpot writes instants with milliseconds, and no priority as none or as NONE."""
    values = {name: task["properties"].get(name) for name in _COMPARED}
    due = datetime.fromisoformat(values["hs_timestamp"]).astimezone(UTC) if values["hs_timestamp"] else None
    return values | {
        ABOUT: next(iter(about)) if len(about) == 1 else None,
        "hs_timestamp": f"{due:%Y-%m-%dT%H:%M:%SZ}" if due else None,
        "hs_task_priority": values["hs_task_priority"] or "NONE",
    }


def _trace(row: Mapping[str, Any], ours: str) -> str:
    return str(row.get("objectWriteTraceId") or row.get("properties", {}).get(ours))


def _blamed(error: Mapping[str, Any]) -> str | None:
    """The row that an error of a 207 is about: its `context` has lists of texts."""
    traces = error.get("context", {}).get("objectWriteTraceId") if isinstance(error.get("context"), Mapping) else None
    return str(traces[0]) if isinstance(traces, list) and traces else None
