"""Odoo 19 as a system that lists are pushed to: tasks are activities of a contact, known by the external id `caregap.<task>`.

An activity that is done stays, archived, with its feedback (`odoo/addons/mail/models/mail_activity.py`, `_action_done`); one that
is cancelled is deleted. Writing is Odoo's import, `load`, which makes record and external id in one transaction, so that a call
whose answer got lost makes nothing twice. What `load` does not do is done here: it moves the time of change of rows that are as
they were, so these are not sent; it wipes a field whose cell is empty, so a call has the columns that all its rows fill; it
refuses all rows for one, so the rows that it names are left out and the others sent again.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from html import escape
from typing import Any

from models.settings.connectors import OdooConnector
from models.settings.odoo_push import ACTIVITY_TYPES, SUMMARIES, OdooPush
from pipelines.connect.adapter import BatchRefused, Capabilities, Fate, Finding, Outcome, Outcomes, Result, Standing, Task
from pipelines.connect.connectors import Connection
from pipelines.connect.feedback import outcome_said
from pipelines.connect.http import Http, TooBusy
from pipelines.connect.lookback import Pass
from pipelines.connect.odoo.api import RIGHTS, OdooApi, OdooError
from pipelines.connect.odoo.contacts import OdooContacts
from pipelines.connect.odoo.mailing_list import OdooList
from pipelines.connect.sign_in import Bearer
from pipelines.errors import ConnectionFailed

MODULE = "caregap"
"""The part before the dot of every external id that is made here."""
_ACTIVITY = "mail.activity"
_FIELDS = ("res_id", "activity_type_id", "summary", "note", "date_deadline", "user_id", "active")
_PAGE = 500
_QUIETLY = {"mail_activity_quick_update": True}
"""Odoo would send each assigned user an e-mail for each activity."""


@contextmanager
def opened(connection: Connection) -> Iterator["OdooAdapter"]:
    """The Odoo of a connection, signed in. Raises `UsageError` where its key is not there."""
    settings = connection.settings
    assert isinstance(settings, OdooConnector)
    sign_in = Bearer(connection.secret(settings.sign_in.key), connection.name)
    with Http(connection.name, settings.address, settings.limits, sign_in) as http:
        yield OdooAdapter(http, settings.database, settings.push or OdooPush())


class OdooAdapter:
    """The `Adapter` of one Odoo database (`pipelines/connect/adapter.py`)."""

    def __init__(self, http: Http, database: str, settings: OdooPush, module: str = MODULE) -> None:
        self._api = OdooApi(http, database)
        self._settings, self._module = settings, module
        self._contacts = OdooContacts(self._api, settings)
        self._list = OdooList(self._api, self._contacts, module)
        self._types: dict[str, int] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            name="odoo",
            largest_batch=200,
            fields=frozenset(
                {"external_id", "contact_id", "reason", "channel", "due_on", "is_urgent", "contact_from", "contact_until"}
                | {"assigned_to", "link"}
            ),
            has_lists=True,
            has_opt_outs=True,
            has_outcomes=True,
        )

    def check(self) -> list[Finding]:
        found = [self._permitted("permitted: contacts", "res.partner", "read", "write")]
        found.append(self._permitted("permitted: activities", _ACTIVITY, "read", "create", "write", "unlink"))
        found.append(self._permitted("permitted: external ids", "ir.model.data", "read"))
        if found[-1].is_ok:
            lacking = {one for one in self._type_names().values() if one not in self._known_types()}
            found.append(
                Finding("mapped: activity types", not lacking, f"Odoo has no {', '.join(sorted(lacking))}." if lacking else "")
            )
        if self._settings.list_name is not None:
            found.append(self._list.check(self._settings.list_name))
        return found

    def ids(self, contact_ids: Collection[str]) -> Mapping[str, str]:
        return {contact: str(partner) for contact, partner in self._contacts.partners(contact_ids).items()}

    def upsert(self, rows: Sequence[Task]) -> list[Result]:
        try:
            partners = self._contacts.active_partners({row.contact_id for row in rows})
            users = self._users({row.assigned_to for row in rows if row.assigned_to is not None})
            there = self._activities({row.external_id for row in rows})
            wanted = {row.external_id: self._values(row, partners.get(row.contact_id), users) for row in rows}
        except TooBusy:
            return [Result(row.external_id, Fate.RETRYABLE, code="busy") for row in rows]
        results: dict[str, Result] = {}
        changes: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            known, values = there.get(row.external_id), wanted[row.external_id]
            remote = str(known["id"]) if known else None
            if known and not known["active"]:
                results[row.external_id] = Result(row.external_id, Fate.UNCHANGED, remote, "done")
            elif row.contact_id not in partners:
                results[row.external_id] = Result(row.external_id, Fate.REJECTED, remote, "contact_unknown")
            elif different := {name: value for name, value in values.items() if not known or known[name] != value}:
                changes[tuple(different)].append({"external_id": row.external_id, **different})
            else:
                results[row.external_id] = Result(row.external_id, Fate.UNCHANGED, remote)
        for columns, changed in changes.items():
            results |= {one.external_id: one for one in self._load(columns, changed, there)}
        return [results[row.external_id] for row in rows]

    def standing(self, external_ids: Collection[str]) -> Mapping[str, Standing]:
        found = self._activities(external_ids)
        return {task: Standing.OPEN if one["active"] else Standing.DONE for task, one in found.items()}

    def withdraw(self, external_ids: Sequence[str]) -> list[Result]:
        try:
            there = self._activities(external_ids)
            is_open = {task: one["id"] for task, one in there.items() if one["active"]}
            if is_open:
                # Deletes those alone that are still open: what somebody has done in the meantime stays.
                self._api.call(_ACTIVITY, "action_cancel", ids=sorted(is_open.values()), may_repeat=False)
        except TooBusy:
            return [Result(one, Fate.RETRYABLE, code="busy") for one in external_ids]
        except OdooError as error:
            return _undecided(error, external_ids)
        return [
            Result(one, Fate.WITHDRAWN, str(is_open[one])) if one in is_open else Result(one, Fate.UNCHANGED)
            for one in external_ids
        ]

    def set_list(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Result]:
        try:
            return self._list.change(name, add, remove)
        except TooBusy:
            return [Result(one, Fate.RETRYABLE, code="busy") for one in (*add, *remove)]
        except OdooError as error:
            return _undecided(error, [*add, *remove])

    def outcomes(self, cursor: str | None) -> Outcomes:
        reading = Pass.of(cursor)
        domain = [
            ["res_model", "=", "res.partner"],
            ["write_date", ">=", f"{reading.since.astimezone(UTC):%Y-%m-%d %H:%M:%S}"],
            ["id", ">", int(reading.after or 0)],
        ]
        fields = [*_FIELDS, "feedback", "date_done", "create_date", "write_date"]
        page = self._api.found(_ACTIVITY, domain, fields, order="id", limit=_PAGE)
        fresh = reading.fresh((str(one["id"]), _read_at(one["write_date"]), str(one["active"])) for one in page)
        rows = self._recorded([one for one in page if str(one["id"]) in fresh])
        is_last = len(page) < _PAGE
        return Outcomes(rows, reading.cursor_at_end() if is_last else reading.cursor_after(str(page[-1]["id"])), is_last)

    def opt_outs(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        found = self._contacts.opt_outs(contact_ids)
        if self._settings.list_name is not None:
            for contact in self._list.opted_out(self._settings.list_name, contact_ids):
                if contact in found:
                    found[contact] |= {"email"}
        return found

    def _permitted(self, what: str, model: str, *operations: str) -> Finding:
        for operation in operations:
            try:
                if self._api.call(model, "has_access", operation=operation) is not True:
                    return Finding(what, False, f"The account may not {operation} {model}. {RIGHTS}")
            except OdooError as error:
                return Finding(what, False, f"{model} cannot be used ({error.code}). {RIGHTS}")
        return Finding(what, True)

    def _activities(self, external_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """The activities that are there, done ones too, by their task; links are read as ids."""
        ids = self._api.by_external_id(_ACTIVITY, self._module, external_ids)
        found = (
            {one["id"]: _linked(one) for one in self._api.found(_ACTIVITY, [["id", "in", sorted(ids.values())]], _FIELDS)}
            if ids
            else {}
        )
        return {task: found[one] for task, one in ids.items() if one in found}

    def _users(self, staff: Collection[str]) -> dict[str, int]:
        logins = {one: self._settings.users.get(one, one) for one in staff}
        if not logins:
            return {}
        found = self._api.found("res.users", [["login", "in", sorted(set(logins.values()))], ["active", "=", True]], ["login"])
        by_login = {one["login"]: one["id"] for one in found}
        return {one: by_login[login] for one, login in logins.items() if login in by_login}

    def _type_names(self) -> dict[str, str]:
        return ACTIVITY_TYPES | self._settings.activity_types

    def _known_types(self) -> dict[str, int]:
        """The id of each activity type that the settings name, by its external id."""
        if not self._types:
            names = [one.partition(".") for one in set(self._type_names().values())]
            for module in {module for module, _, _ in names}:
                found = self._api.by_external_id("mail.activity.type", module, {name for at, _, name in names if at == module})
                self._types |= {f"{module}.{name}": one for name, one in found.items()}
        return self._types

    def _values(self, row: Task, partner: int | None, users: Mapping[str, int]) -> dict[str, Any]:
        """What the activity is to hold, by Odoo's names, in the form in which Odoo reads it back."""
        kind = self._type_names()[row.channel]
        if kind not in self._known_types():
            raise ConnectionFailed(f"odoo: there is no activity type {kind}. Correct activity_types in connectors.toml.")
        summary = (SUMMARIES | self._settings.summaries)[row.reason]
        values: dict[str, Any] = {
            "res_id": partner,
            "activity_type_id": self._known_types()[kind],
            "summary": f"Urgent. {summary}" if row.is_urgent else summary,
            "note": _note(row),
            "date_deadline": row.due_on.isoformat(),
        }
        return values | ({"user_id": users[row.assigned_to]} if row.assigned_to in users else {})

    def _load(self, columns: tuple[str, ...], rows: list[dict[str, Any]], there: Collection[str]) -> list[Result]:
        """Send rows that fill the same columns. What Odoo refuses without naming a row is halved until each has its own fate."""
        if not rows:
            return []
        names = ["id", "res_model_id/id", *(f"{one}/.id" if one in _LINKS else one for one in columns)]
        data = [
            [f"{self._module}.{one['external_id']}", "base.model_res_partner", *(one[name] for name in columns)] for one in rows
        ]
        try:
            answer = self._api.call(_ACTIVITY, "load", fields=names, data=data, context=_QUIETLY, may_repeat=False)
        except TooBusy:
            return [Result(one["external_id"], Fate.RETRYABLE, code="busy") for one in rows]
        except OdooError as error:
            if error.is_transient:
                return [Result(one["external_id"], Fate.RETRYABLE, code=error.code) for one in rows]
            answer = {"ids": False, "messages": [], "code": error.code}
        if answer["ids"]:
            return [
                Result(one["external_id"], Fate.UPDATED if one["external_id"] in there else Fate.CREATED, str(made))
                for one, made in zip(rows, answer["ids"], strict=True)
            ]
        faults = faulty_rows(answer["messages"])
        if faults:
            refused = [Result(rows[at]["external_id"], Fate.REJECTED, code=code) for at, code in sorted(faults.items())]
            return refused + self._load(columns, [one for at, one in enumerate(rows) if at not in faults], there)
        if len(rows) == 1:
            return [Result(rows[0]["external_id"], Fate.REJECTED, code=answer.get("code", "refused"))]
        middle = len(rows) // 2
        return self._load(columns, rows[:middle], there) + self._load(columns, rows[middle:], there)

    def _recorded(self, page: Sequence[dict[str, Any]]) -> list[Outcome]:
        """What was recorded about the tasks that came from here, oldest change first."""
        tasks = self._api.external_ids(_ACTIVITY, [one["id"] for one in page], self._module) if page else {}
        ours = [_linked(one) for one in page if one["id"] in tasks]
        contacts = self._contacts.names({one["res_id"] for one in ours})
        staff = self._staff({one["user_id"] for one in ours if one["user_id"]})
        channels = _reversed(self._type_names(), self._known_types())
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

    def _staff(self, users: Collection[int]) -> dict[int, str]:
        if not users:
            return {}
        found = self._api.found("res.users", [["id", "in", sorted(users)]], ["login"])
        by_login = {login: staff for staff, login in self._settings.users.items()}
        return {one["id"]: by_login.get(one["login"], one["login"]) for one in found}


_LINKS = frozenset({"activity_type_id", "user_id"})


def faulty_rows(messages: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """The rows that an answer of `load` names, with the field at fault or `refused`.

    Where a batch fails, Odoo puts the first error before the others and names the first row for it, whichever it is about.
    """
    errors = [one for one in messages if one.get("type") == "error" and isinstance(one.get("record"), int)]
    named = errors[1:] if len({one["record"] for one in errors}) > 1 and errors[0]["record"] == 0 else errors
    return {one["record"]: str(one.get("field") or "refused") for one in reversed(named)}


def _undecided(error: OdooError, external_ids: Sequence[str]) -> list[Result]:
    """One call for many failed. Raises `BatchRefused` where time alone does not help."""
    if not error.is_transient:
        raise BatchRefused(error.code) from None
    return [Result(one, Fate.RETRYABLE, code=error.code) for one in external_ids]


def _note(row: Task) -> str:
    """As Odoo stores it after its own cleaning, so that what is unchanged compares as such."""
    hours = f"<p>Contact between {row.contact_from:%H:%M} and {row.contact_until:%H:%M}.</p>"
    return hours + (f'<p><a href="{escape(row.link)}">Reasons, after signing in</a></p>' if row.link else "")


def _linked(activity: dict[str, Any]) -> dict[str, Any]:
    """The activity with ids alone where Odoo gives `[id, name]`."""
    return activity | {name: activity[name][0] if activity[name] else None for name in _LINKS}


def _reversed(names: Mapping[str, str], ids: Mapping[str, int]) -> dict[int, str]:
    """The channel of each activity type that stands for one alone."""
    return {ids[name]: channel for channel, name in names.items() if name in ids and list(names.values()).count(name) == 1}


def _read_at(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def _completed_at(written_at: datetime, done_on: str) -> datetime:
    """Odoo keeps the day on which an activity was done, and the time of its last change, which may be a later edit."""
    return written_at if f"{written_at:%Y-%m-%d}" == done_on else datetime.fromisoformat(f"{done_on} 12:00:00+00:00")
