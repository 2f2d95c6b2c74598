"""HubSpot as a system that lists are pushed to: tasks about a contact, a static list, opt-outs as the contact's own properties,
outcomes from tasks that are completed.

Written from the documentation and tried against a stand-in (`tests/connect/hubspot/account.py`), not against a live account.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from models.settings.connectors import HubspotConnector
from models.settings.crm_push import HubspotPush
from pipelines.connect.adapter import BatchRefused, Capabilities, Fate, Finding, Outcome, Outcomes, Result, Standing, Task
from pipelines.connect.connectors import Connection
from pipelines.connect.differences import all_undecided, differences
from pipelines.connect.feedback import outcome_said
from pipelines.connect.http import Http, TooBusy
from pipelines.connect.hubspot.api import BATCH, RIGHTS, HubspotApi, HubspotError
from pipelines.connect.hubspot.tasks import TYPES, HubspotTasks
from pipelines.connect.lookback import Pass
from pipelines.connect.shape import taken, taken_or
from pipelines.connect.sign_in import Bearer

_TAKEN = frozenset({one.name for one in dataclasses.fields(Task)})
_NO_EMAIL = "hs_email_optout"
_LISTS_OF_CONTACTS = "crm/v3/lists/object-type-id/0-1/name"


@contextmanager
def opened(connection: Connection) -> Iterator["HubspotAdapter"]:
    """The account of a connection, signed in. Raises `UsageError` where its token is not there."""
    settings = cast(HubspotConnector, connection.settings)
    sign_in = Bearer(connection.secret(settings.sign_in.token), connection.name)
    with Http(connection.name, settings.address, settings.limits, sign_in) as http:
        yield HubspotAdapter(http, settings.push or HubspotPush())


class HubspotAdapter:
    """The `Adapter` of one account (`pipelines/connect/adapter.py`)."""

    def __init__(self, http: Http, settings: HubspotPush) -> None:
        self._api = HubspotApi(http)
        self._settings = settings
        self._tasks = HubspotTasks(self._api, settings)
        self._closing = {str(channel): [*names] for channel, names in settings.opt_out_properties.items()}
        self._closing["email"] = [_NO_EMAIL, *self._closing.get("email", [])]

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("hubspot", BATCH, _TAKEN, has_lists=True, has_opt_outs=True, has_outcomes=True)

    def check(self) -> list[Finding]:
        found = [
            self._has_properties(
                "tasks", [self._settings.id_property, self._settings.outcome_property], self._settings.id_property
            )
        ]
        found.append(self._has_properties("contacts", sorted({one for names in self._closing.values() for one in names})))
        todo = "" if "phone" in self._closing else "Name in opt_out_properties the property that says who must not be called."
        found.append(Finding("mapped: opt-out by telephone", not todo, todo))
        if self._settings.list_name is not None:
            name = self._settings.list_name
            there = self._list_id(name) is not None
            found.append(Finding(f"mapped: list {name}", there, "" if there else f"Create one static list {name} of contacts."))
        return found

    def ids(self, contact_ids: Collection[str]) -> Mapping[str, str]:
        numbers = _numbers(contact_ids)
        found = self._api.read("contacts", numbers, [_NO_EMAIL])
        there = {one["id"] for one in found}
        archived = self._api.read("contacts", numbers - there, [_NO_EMAIL], archived=True)
        return {one["id"]: one["id"] for one in (*found, *archived)}

    def upsert(self, rows: Sequence[Task]) -> list[Result]:
        try:
            contacts = {one["id"] for one in self._api.read("contacts", _numbers(row.contact_id for row in rows), [_NO_EMAIL])}
            there = self._tasks.held([row.external_id for row in rows])
            known, changes = differences(rows, contacts, there, self._tasks.wanted)
        except TooBusy:
            return all_undecided([row.external_id for row in rows], "busy")
        known |= {one.external_id: one for one in self._tasks.send(changes)}
        return [known[row.external_id] for row in rows]

    def standing(self, external_ids: Collection[str]) -> Mapping[str, Standing]:
        found = self._tasks.held(external_ids)
        return {task: Standing.DONE if one.is_done else Standing.OPEN for task, one in found.items()}

    def withdraw(self, external_ids: Sequence[str]) -> list[Result]:
        return _decided(external_ids, lambda: self._tasks.withdraw(external_ids))

    def set_list(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Result]:
        return _decided([*add, *remove], lambda: self._listed(name, add, remove))

    def outcomes(self, cursor: str | None) -> Outcomes:
        reading = Pass.of(cursor)
        ours, told = self._settings.id_property, self._settings.outcome_property
        filters = [
            {"propertyName": ours, "operator": "HAS_PROPERTY"},
            {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(int(reading.since.timestamp() * 1000))},
            {"propertyName": "hs_object_id", "operator": "GT", "value": reading.after or "0"},
        ]
        names = [ours, told, "hs_task_status", "hs_task_type", "hs_timestamp", "hubspot_owner_id"]
        names += ["hs_createdate", "hs_task_completion_date", "hs_lastmodifieddate"]
        page = self._api.search("tasks", filters, names)
        fresh = reading.fresh(
            (one["id"], _read_at(one["properties"]["hs_lastmodifieddate"]), str(one["properties"].get("hs_task_status")))
            for one in page
        )
        about = self._api.associated(fresh)
        rows = [
            self._outcome(one["id"], one["properties"], next(iter(about[one["id"]])))
            for one in page
            if one["id"] in fresh and about.get(one["id"])
        ]
        rows.sort(key=lambda row: (row.updated_at, int(row.task_id)))
        is_last = len(page) < BATCH
        return Outcomes(rows, reading.cursor_at_end() if is_last else reading.cursor_after(page[-1]["id"]), is_last)

    def opt_outs(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        names = sorted({one for some in self._closing.values() for one in some})
        return {
            one["id"]: frozenset(
                channel
                for channel, closing in self._closing.items()
                if any(one["properties"].get(name) == "true" for name in closing)
            )
            for one in self._api.read("contacts", _numbers(contact_ids), names)
        }

    def _outcome(self, task_id: str, said: Mapping[str, Any], contact: str) -> Outcome:
        is_done = said.get("hs_task_status") == "COMPLETED"
        changed = _read_at(said["hs_lastmodifieddate"])
        channels = {kind: channel for channel, kind in TYPES.items()}
        done = said.get("hs_task_completion_date")
        return Outcome(
            task_id=task_id,
            contact_id=contact,
            external_id=said[self._settings.id_property],
            channel=channels.get(said.get("hs_task_type", "")),
            outcome=outcome_said(said.get(self._settings.outcome_property) or "", self._settings.outcomes) if is_done else None,
            created_at=_read_at(said["hs_createdate"]),
            completed_at=(_read_at(done) if done else changed) if is_done else None,
            updated_at=changed,
            assigned_to=self._settings.staff_id_of(said.get("hubspot_owner_id")),
            due_on=_read_at(said["hs_timestamp"]).date() if said.get("hs_timestamp") else None,
        )

    def _listed(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Result]:
        """HubSpot passes over who is on the list already, or is not: only what it did is told as done."""
        at = self._list_id(name)
        if at is None:
            return [Result(one, Fate.REJECTED, code="list_unknown") for one in (*add, *remove)]
        body = {"recordIdsToAdd": sorted(_numbers(add)), "recordIdsToRemove": sorted(_numbers(remove))}
        answer = self._api.ask("PUT", f"crm/v3/lists/{at}/memberships/add-and-remove", json=body)
        added, removed, missing = (
            {str(one) for one in taken_or(answer, key, [], self._api.http.name)}
            for key in ("recordsIdsAdded", "recordIdsRemoved", "recordIdsMissing")
        )
        unknown = missing | ({*add} - _numbers(add))
        results = {one: Result(one, Fate.CREATED if one in added else Fate.UNCHANGED) for one in add}
        results |= {one: Result(one, Fate.REJECTED, code="contact_unknown") for one in add if one in unknown}
        results |= {one: Result(one, Fate.WITHDRAWN if one in removed else Fate.UNCHANGED) for one in remove}
        return [results[one] for one in (*add, *remove)]

    def _list_id(self, name: str) -> str | None:
        """The static list of that name; an active one fills itself by its own rules."""
        try:
            found = taken(self._api.ask("GET", f"{_LISTS_OF_CONTACTS}/{name}"), "list", dict, self._api.http.name)
        except HubspotError as error:
            if error.status == 404:
                return None
            raise
        return str(found["listId"]) if found.get("processingType") in ("MANUAL", "SNAPSHOT") else None

    def _has_properties(self, kind: str, names: Sequence[str], unique: str | None = None) -> Finding:
        what = f"permitted and mapped: {kind}"
        try:
            known = {one["name"]: one for one in taken_or(self._api.ask("GET", f"crm/v3/properties/{kind}"), "results", [], kind)}
        except HubspotError as error:
            return Finding(what, False, f"{kind} cannot be read ({error.category}). {RIGHTS}")
        if lacking := [one for one in names if one not in known]:
            return Finding(what, False, f"Create {' and '.join(lacking)} on {kind}.")
        if unique and known[unique].get("hasUniqueValue") is not True:
            return Finding(what, False, f"{unique} must have unique values. Create it anew with that setting.")
        return Finding(what, True)


def _decided(external_ids: Sequence[str], call: Callable[[], list[Result]]) -> list[Result]:
    try:
        return call()
    except TooBusy:
        return all_undecided(external_ids, "busy")
    except HubspotError as error:
        raise BatchRefused(error.category) from None


def _numbers(contact_ids: Collection[str] | Iterator[str]) -> set[str]:
    """HubSpot's ids of records are numbers; whatever else was asked for is nobody's."""
    return {one for one in contact_ids if one.isascii() and one.isdigit()}


def _read_at(written: str) -> datetime:
    return datetime.fromisoformat(written)
