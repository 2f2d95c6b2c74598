"""Odoo 19 as a system that lists are pushed to: tasks are activities of a contact, known by the external id `caregap.<task>`.

An activity that is done stays, archived, with its feedback (`odoo/addons/mail/models/mail_activity.py`, `_action_done`); one that
is cancelled is deleted.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, cast

from models.settings.connectors import OdooConnector
from models.settings.crm_push import OdooPush
from pipelines.connect.adapter import BatchRefused, Capabilities, Fate, Finding, Outcome, Outcomes, Result, Standing, Task
from pipelines.connect.connectors import Connection
from pipelines.connect.differences import all_undecided, differences
from pipelines.connect.feedback import outcome_said
from pipelines.connect.http import Http, TooBusy
from pipelines.connect.lookback import Pass
from pipelines.connect.odoo.activities import ACTIVITY, FIELDS, OdooActivities, linked
from pipelines.connect.odoo.api import RIGHTS, OdooApi, OdooError
from pipelines.connect.odoo.contacts import OdooContacts
from pipelines.connect.odoo.mailing_list import OdooList
from pipelines.connect.sign_in import Bearer

MODULE = "caregap"
"""The part before the dot of every external id that is made here."""
_PAGE = 500
_TAKEN = frozenset({one.name for one in dataclasses.fields(Task)})


@contextmanager
def opened(connection: Connection) -> Iterator["OdooAdapter"]:
    """The Odoo of a connection, signed in. Raises `UsageError` where its key is not there."""
    settings = cast(OdooConnector, connection.settings)
    sign_in = Bearer(connection.secret(settings.sign_in.key), connection.name)
    with Http(connection.name, settings.address, settings.limits, sign_in) as http:
        yield OdooAdapter(http, settings.database, settings.push or OdooPush())


class OdooAdapter:
    """The `Adapter` of one Odoo database (`pipelines/connect/adapter.py`)."""

    def __init__(self, http: Http, database: str, settings: OdooPush, module: str = MODULE) -> None:
        self._api = OdooApi(http, database)
        self._settings, self._module = settings, module
        self._contacts = OdooContacts(self._api, settings)
        self._activities = OdooActivities(self._api, settings, module)
        self._list = OdooList(self._api, self._contacts, module)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("odoo", 200, _TAKEN, has_lists=True, has_opt_outs=True, has_outcomes=True)

    def check(self) -> list[Finding]:
        found = [
            self._permitted("contacts", "res.partner", "read", "write"),
            self._permitted("activities", ACTIVITY, "read", "create", "write", "unlink"),
            self._permitted("external ids", "ir.model.data", "read"),
        ]
        if found[-1].is_ok:
            found.append(self._activities.check())
        if self._settings.list_name is not None:
            found.append(self._list.check(self._settings.list_name))
        return found

    def ids(self, contact_ids: Collection[str]) -> Mapping[str, str]:
        return {contact: str(partner) for contact, partner in self._contacts.partners(contact_ids).items()}

    def upsert(self, rows: Sequence[Task]) -> list[Result]:
        try:
            partners = self._contacts.active_partners({row.contact_id for row in rows})
            users = self._users({row.assigned_to for row in rows if row.assigned_to is not None})
            there = self._activities.held([row.external_id for row in rows])
            known, changes = differences(
                rows, partners, there, lambda row: self._activities.wanted(row, partners[row.contact_id], users)
            )
        except TooBusy:
            return all_undecided([row.external_id for row in rows], "busy")
        known |= {one.external_id: one for one in self._activities.load(changes)}
        return [known[row.external_id] for row in rows]

    def standing(self, external_ids: Collection[str]) -> Mapping[str, Standing]:
        found = self._activities.are_done(external_ids)
        return {task: Standing.DONE if is_done else Standing.OPEN for task, is_done in found.items()}

    def withdraw(self, external_ids: Sequence[str]) -> list[Result]:
        try:
            leaving = {task: one.remote_id for task, one in self._activities.held(external_ids).items() if not one.is_done}
            if leaving:
                # Deletes those alone that are still open: what somebody has done in the meantime stays.
                ids = sorted(int(one) for one in leaving.values())
                self._api.call(ACTIVITY, "action_cancel", ids=ids, may_repeat=False)
        except TooBusy:
            return all_undecided(external_ids, "busy")
        except OdooError as error:
            return _undecided(error, external_ids)
        return [Result(one, Fate.WITHDRAWN if one in leaving else Fate.UNCHANGED, leaving.get(one)) for one in external_ids]

    def set_list(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Result]:
        try:
            return self._list.change(name, add, remove)
        except TooBusy:
            return all_undecided([*add, *remove], "busy")
        except OdooError as error:
            return _undecided(error, [*add, *remove])

    def outcomes(self, cursor: str | None) -> Outcomes:
        reading = Pass.of(cursor)
        domain = [
            ["res_model", "=", "res.partner"],
            ["write_date", ">=", f"{reading.since.astimezone(UTC):%Y-%m-%d %H:%M:%S}"],
            ["id", ">", int(reading.after or 0)],
        ]
        fields = [*FIELDS, "feedback", "date_done", "create_date", "write_date"]
        page = self._api.found(ACTIVITY, domain, fields, order="id", limit=_PAGE)
        fresh = reading.fresh((str(one["id"]), _read_at(one["write_date"]), str(one["active"])) for one in page)
        rows = self._recorded([one for one in page if str(one["id"]) in fresh])
        is_last = len(page) < _PAGE
        return Outcomes(rows, reading.cursor_at_end() if is_last else reading.cursor_after(str(page[-1]["id"])), is_last)

    def opt_outs(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        found = self._contacts.opt_outs(contact_ids)
        if self._settings.list_name is not None:
            for contact in self._list.opted_out(self._settings.list_name, contact_ids) & found.keys():
                found[contact] |= {"email"}
        return found

    def _permitted(self, what: str, model: str, *operations: str) -> Finding:
        for operation in operations:
            try:
                if self._api.call(model, "has_access", operation=operation) is not True:
                    return Finding(f"permitted: {what}", False, f"The account may not {operation} {model}. {RIGHTS}")
            except OdooError as error:
                return Finding(f"permitted: {what}", False, f"{model} cannot be used ({error.code}). {RIGHTS}")
        return Finding(f"permitted: {what}", True)

    def _users(self, staff: Collection[str]) -> dict[str, int]:
        """The user of each staff id that has one; a task of somebody else stays without one."""
        logins = {one: self._settings.users.get(one, one) for one in staff}
        if not logins:
            return {}
        found = self._api.found("res.users", [["login", "in", sorted(set(logins.values()))], ["active", "=", True]], ["login"])
        by_login = {one["login"]: one["id"] for one in found}
        return {one: by_login[login] for one, login in logins.items() if login in by_login}

    def _staff(self, users: Collection[int]) -> dict[int, str | None]:
        found = self._api.found("res.users", [["id", "in", sorted(users)]], ["login"]) if users else []
        return {one["id"]: self._settings.staff_id_of(one["login"]) for one in found}

    def _recorded(self, page: Sequence[dict[str, Any]]) -> list[Outcome]:
        """What was recorded about the tasks that came from here, oldest change first."""
        tasks = self._api.external_ids(ACTIVITY, [one["id"] for one in page], self._module) if page else {}
        ours = [linked(one) for one in page if one["id"] in tasks]
        contacts = self._contacts.names({one["res_id"] for one in ours})
        staff = self._staff({one["user_id"] for one in ours if one["user_id"]})
        channels = self._activities.channels() if ours else {}
        rows = [
            Outcome(
                task_id=str(one["id"]),
                contact_id=contacts[one["res_id"]],
                external_id=tasks[one["id"]][0][1],
                channel=channels.get(one["activity_type_id"]),
                outcome=None if one["active"] else outcome_said(one["feedback"] or "", self._settings.outcomes),
                created_at=_read_at(one["create_date"]),
                completed_at=None if one["active"] else _completed_at(_read_at(one["write_date"]), one["date_done"]),
                updated_at=_read_at(one["write_date"]),
                assigned_to=staff.get(one["user_id"]),
                due_on=date.fromisoformat(one["date_deadline"]),
            )
            for one in ours
            if one["res_id"] in contacts
        ]
        return sorted(rows, key=lambda row: (row.updated_at, int(row.task_id)))


def _undecided(error: OdooError, external_ids: Sequence[str]) -> list[Result]:
    """One call for many failed. Raises `BatchRefused` where time alone does not help."""
    if not error.is_transient:
        raise BatchRefused(error.code) from None
    return all_undecided(external_ids, error.code)


def _read_at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def _completed_at(written_at: datetime, done_on: str) -> datetime:
    """Odoo keeps the day on which an activity was done, and the time of its last change, which may be a later edit."""
    return written_at if f"{written_at:%Y-%m-%d}" == done_on else datetime.fromisoformat(f"{done_on} 12:00:00+00:00")
