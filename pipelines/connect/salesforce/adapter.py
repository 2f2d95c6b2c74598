"""Salesforce (and Health Cloud, whose patients have a Contact too) as a system that lists are pushed to: tasks about a contact, a
campaign as the list, opt-outs as the contact's own fields, outcomes from tasks that are closed.

Sent through simple-salesforce, and tried against a stand-in (`tests/connect/salesforce/org.py`), not against a live org.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, cast

from models.settings.connectors import SalesforceConnector
from models.settings.crm_push import SalesforcePush
from pipelines.connect.adapter import BatchRefused, Capabilities, Fate, Finding, Outcome, Outcomes, Result, Standing, Task
from pipelines.connect.connectors import Connection
from pipelines.connect.differences import all_undecided, differences
from pipelines.connect.feedback import outcome_said
from pipelines.connect.http import Http, TooBusy
from pipelines.connect.lookback import Pass
from pipelines.connect.pulls.salesforce import sign_in
from pipelines.connect.salesforce.api import RIGHTS, SalesforceApi, SalesforceError, decided, quoted
from pipelines.connect.salesforce.tasks import SUBTYPES, SalesforceTasks

_TAKEN = frozenset({one.name for one in dataclasses.fields(Task)})
_PAGE = 500
_BY_TELEPHONE = frozenset({"phone", "sms"})


@contextmanager
def opened(connection: Connection) -> Iterator["SalesforceAdapter"]:
    """The org of a connection, signed in. Raises `UsageError` where a secret is not there."""
    settings = cast(SalesforceConnector, connection.settings)
    with Http(connection.name, settings.address, settings.limits, sign_in(connection)) as http:
        yield SalesforceAdapter(http, settings.push or SalesforcePush())


class SalesforceAdapter:
    """The `Adapter` of one org (`pipelines/connect/adapter.py`)."""

    def __init__(self, http: Http, settings: SalesforcePush) -> None:
        self._api = SalesforceApi(http, settings.api_version)
        self._settings = settings
        self._tasks = SalesforceTasks(self._api, settings)

    @property
    def capabilities(self) -> Capabilities:
        rows = self._settings.rows_at_once
        return Capabilities("salesforce", rows, _TAKEN, has_lists=True, has_opt_outs=True, has_outcomes=True)

    def check(self) -> list[Finding]:
        ours = self._settings.id_field
        found = [self._permitted("Task", "createable", "updateable", "deletable"), self._permitted("Contact", "queryable")]
        if found[0].is_ok:
            fields = {one.get("name"): one for one in self._api.described("Task").get("fields", [])}
            is_there = fields.get(ours, {}).get("externalId") is True
            todo = "" if is_there else f"Add {ours} to Activity as a text and external id."
            found.append(Finding(f"mapped: {ours}", is_there, todo))
        if self._settings.list_name is not None:
            name = self._settings.list_name
            there = self._campaign(name) is not None
            todo = "" if there else f"Create one campaign {name} in Salesforce."
            found.append(Finding(f"mapped: campaign {name}", there, todo))
        return found

    def ids(self, contact_ids: Collection[str]) -> Mapping[str, str]:
        return {one: found["Id"] for one, found in self._found_contacts(contact_ids).items()}

    def upsert(self, rows: Sequence[Task]) -> list[Result]:
        try:
            contacts = self.ids({row.contact_id for row in rows})
            there = self._tasks.held([row.external_id for row in rows])
            known, changes = differences(rows, contacts, there, lambda row: self._tasks.wanted(row, contacts[row.contact_id]))
            sent = self._tasks.send(changes, {row.external_id: row.channel for row in rows})
        except TooBusy:
            return all_undecided([row.external_id for row in rows], "busy")
        except SalesforceError as error:
            raise BatchRefused(error.code) from None
        known |= {one.external_id: one for one in sent}
        return [known[row.external_id] for row in rows]

    def standing(self, external_ids: Collection[str]) -> Mapping[str, Standing]:
        found = self._tasks.held(external_ids)
        return {task: Standing.DONE if one.is_done else Standing.OPEN for task, one in found.items()}

    def withdraw(self, external_ids: Sequence[str]) -> list[Result]:
        return self._decided(external_ids, lambda: self._tasks.withdraw(external_ids))

    def set_list(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Result]:
        return self._decided([*add, *remove], lambda: self._listed(name, add, remove))

    def outcomes(self, cursor: str | None) -> Outcomes:
        reading = Pass.of(cursor)
        ours, told = self._settings.id_field, self._settings.outcome_field
        fields = ["Id", ours, "WhoId", "OwnerId", "ActivityDate", "TaskSubtype", "IsClosed", told]
        fields += ["CreatedDate", "CompletedDateTime", "SystemModstamp"]
        conditions = [f"{ours} != null", f"SystemModstamp >= {reading.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"]
        conditions += [f"Id > {quoted([reading.after])}"] if reading.after else []
        page = self._api.query(fields, "Task", *conditions, rest=f"ORDER BY Id LIMIT {_PAGE}")
        fresh = reading.fresh((one["Id"], _read_at(one["SystemModstamp"]), str(one["IsClosed"])) for one in page)
        rows = [self._outcome(one) for one in page if one["Id"] in fresh and one["WhoId"]]
        rows.sort(key=lambda row: (row.updated_at, row.task_id))
        is_last = len(page) < _PAGE
        return Outcomes(rows, reading.cursor_at_end() if is_last else reading.cursor_after(page[-1]["Id"]), is_last)

    def opt_outs(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        found = self._found_contacts(contact_ids, "DoNotCall", "HasOptedOutOfEmail")
        return {
            contact: (_BY_TELEPHONE if one["DoNotCall"] else frozenset())
            | (frozenset({"email"}) if one["HasOptedOutOfEmail"] else frozenset())
            for contact, one in found.items()
        }

    def _found_contacts(self, contact_ids: Collection[str], *fields: str) -> dict[str, dict[str, Any]]:
        """The contacts that are there, by the ids that were asked for: of 15 characters or of 18."""
        asked = {one[:15]: one for one in contact_ids if one.isascii() and one.isalnum() and len(one) in (15, 18)}
        found = self._api.query_in(["Id", *fields], "Contact", "Id", asked.values()) if asked else []
        return {asked[one["Id"][:15]]: one for one in found if one["Id"][:15] in asked}

    def _outcome(self, task: Mapping[str, Any]) -> Outcome:
        is_closed = bool(task["IsClosed"])
        changed = _read_at(task["SystemModstamp"])
        channels = {subtype: channel for channel, subtype in SUBTYPES.items()}
        return Outcome(
            task_id=task["Id"],
            contact_id=task["WhoId"],
            external_id=task[self._settings.id_field],
            channel=channels.get(task["TaskSubtype"]),
            outcome=outcome_said(task[self._settings.outcome_field] or "", self._settings.outcomes) if is_closed else None,
            created_at=_read_at(task["CreatedDate"]),
            completed_at=(_read_at(task["CompletedDateTime"]) if task["CompletedDateTime"] else changed) if is_closed else None,
            updated_at=changed,
            assigned_to=self._settings.staff_id_of(task["OwnerId"]),
            due_on=date.fromisoformat(task["ActivityDate"]) if task["ActivityDate"] else None,
        )

    def _listed(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Result]:
        campaign = self._campaign(name)
        if campaign is None:
            return [Result(one, Fate.REJECTED, code="list_unknown") for one in (*add, *remove)]
        contacts = self.ids({*add, *remove})
        members = self._api.query_in(
            ["Id", "ContactId", "HasResponded"],
            "CampaignMember",
            "ContactId",
            contacts.values(),
            f"CampaignId = {quoted([campaign])}",
        )
        on_it = {one["ContactId"]: one for one in members}
        results = {one: Result(one, Fate.UNCHANGED) for one in (*add, *remove)}
        results |= {one: Result(one, Fate.REJECTED, code="contact_unknown") for one in add if one not in contacts}
        joining = [one for one in add if one in contacts and contacts[one] not in on_it]
        made = self._api.create("CampaignMember", [{"CampaignId": campaign, "ContactId": contacts[one]} for one in joining])
        results |= {one: decided(one, answer, Fate.CREATED) for one, answer in zip(joining, made, strict=True)}
        # Who has responded stays: the campaign's own figures count them.
        leaving = {one: on_it[contacts[one]] for one in remove if one in contacts and contacts[one] in on_it}
        leaving = {one: member for one, member in leaving.items() if not member["HasResponded"]}
        gone = self._api.delete([one["Id"] for one in leaving.values()])
        results |= {one: decided(one, answer, Fate.WITHDRAWN) for one, answer in zip(leaving, gone, strict=True)}
        return [results[one] for one in (*add, *remove)]

    def _campaign(self, name: str) -> str | None:
        found = self._api.query(["Id"], "Campaign", f"Name = {quoted([name])}")
        return str(found[0]["Id"]) if len(found) == 1 else None

    def _permitted(self, kind: str, *rights: str) -> Finding:
        what = f"permitted: {kind}"
        try:
            described = self._api.described(kind)
        except SalesforceError as error:
            return Finding(what, False, f"{kind} cannot be used ({error.code}). {RIGHTS}")
        lacking = [one for one in rights if described.get(one) is not True]
        return Finding(what, not lacking, f"{kind} is not {' and '.join(lacking)} for the account. {RIGHTS}" if lacking else "")

    def _decided(self, external_ids: Sequence[str], call: Callable[[], list[Result]]) -> list[Result]:
        try:
            return call()
        except TooBusy:
            return all_undecided(external_ids, "busy")
        except SalesforceError as error:
            if not error.is_transient:
                raise BatchRefused(error.code) from None
            return all_undecided(external_ids, error.code)


def _read_at(written: str) -> datetime:
    """An instant as Salesforce writes it: `2026-11-29T18:00:00.000+0000`."""
    return datetime.fromisoformat(written)
