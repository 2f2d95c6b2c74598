"""Tasks as activities of a contact: read by their external id, and written through Odoo's import, `load`.

`load` makes record and external id in one transaction, so that a call whose answer got lost makes nothing twice. It wipes a field
whose cell is empty, so a call has the columns that all its rows fill; it refuses all rows for one, so the rows that it names are
left out and the others sent again.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

from models.settings.crm_push import ACTIVITY_TYPES, OdooPush
from pipelines.connect.adapter import Fate, Finding, Result, Task
from pipelines.connect.differences import Change, Held, all_undecided
from pipelines.connect.http import TooBusy
from pipelines.connect.odoo.api import OdooApi, OdooError
from pipelines.connect.task_text import particulars, title
from pipelines.errors import ConnectionFailed

ACTIVITY = "mail.activity"
FIELDS = ("res_id", "activity_type_id", "summary", "note", "date_deadline", "user_id", "active")
_LINKS = frozenset({"activity_type_id", "user_id"})
_QUIETLY = {"mail_activity_quick_update": True}
"""Odoo would send each assigned user an e-mail for each activity."""


class OdooActivities:
    """The activities of one database that bear an external id of `module`."""

    def __init__(self, api: OdooApi, settings: OdooPush, module: str) -> None:
        self._api, self._settings, self._module = api, settings, module
        self._types: dict[str, int] = {}

    def held(self, external_ids: Collection[str]) -> dict[str, Held]:
        """The activities that are there, done ones too, by their task."""
        ids = self._api.by_external_id(ACTIVITY, self._module, external_ids)
        rows = self._api.found(ACTIVITY, [["id", "in", sorted(ids.values())]], FIELDS) if ids else []
        found = {one["id"]: Held(str(one["id"]), not one["active"], linked(one)) for one in rows}
        return {task: found[one] for task, one in ids.items() if one in found}

    def are_done(self, external_ids: Collection[str]) -> dict[str, bool]:
        """Whether each activity that is there is done; as `held`, at a third of the cost."""
        ids = self._api.by_external_id(ACTIVITY, self._module, external_ids)
        rows = self._api.found(ACTIVITY, [["id", "in", sorted(ids.values())]], ["active"]) if ids else []
        found = {one["id"]: not one["active"] for one in rows}
        return {task: found[one] for task, one in ids.items() if one in found}

    def wanted(self, row: Task, partner: int, users: Mapping[str, int]) -> dict[str, Any]:
        """What the activity is to hold, by Odoo's names, in the form in which Odoo reads it back."""
        kind = self.type_names()[row.channel]
        if kind not in self._known_types():
            raise ConnectionFailed(f"odoo: there is no activity type {kind}. Correct activity_types in connectors.toml.")
        values: dict[str, Any] = {
            "res_id": partner,
            "activity_type_id": self._known_types()[kind],
            "summary": title(row, self._settings),
            "note": _note(row),
            "date_deadline": row.due_on.isoformat(),
        }
        return values | ({"user_id": users[row.assigned_to]} if row.assigned_to in users else {})

    def load(self, changes: Sequence[Change]) -> list[Result]:
        """Write the changes, those that fill the same fields in one call."""
        by_columns: dict[tuple[str, ...], list[Change]] = defaultdict(list)
        for change in changes:
            by_columns[tuple(change.values)].append(change)
        return [result for columns, some in by_columns.items() for result in self._loaded(columns, some)]

    def channels(self) -> dict[int, str]:
        """The channel of each activity type that stands for one alone."""
        names = self.type_names()
        known = self._known_types()
        return {known[kind]: one for one, kind in names.items() if kind in known and list(names.values()).count(kind) == 1}

    def check(self) -> Finding:
        """Whether Odoo has each activity type that the settings name."""
        lacking = sorted({one for one in self.type_names().values() if one not in self._known_types()})
        return Finding("mapped: activity types", not lacking, f"Odoo has no {', '.join(lacking)}." if lacking else "")

    def type_names(self) -> dict[str, str]:
        """The external id of the activity type of each channel."""
        return ACTIVITY_TYPES | {str(channel): kind for channel, kind in self._settings.activity_types.items()}

    def _known_types(self) -> dict[str, int]:
        if not self._types:
            names = [one.partition(".") for one in set(self.type_names().values())]
            for module in {module for module, _, _ in names}:
                found = self._api.by_external_id("mail.activity.type", module, {name for at, _, name in names if at == module})
                self._types |= {f"{module}.{name}": one for name, one in found.items()}
        return self._types

    def _loaded(self, columns: tuple[str, ...], changes: Sequence[Change]) -> list[Result]:
        """Send rows of the same columns. What Odoo refuses without naming a row is halved until each has its own fate."""
        if not changes:
            return []
        names = ["id", "res_model_id/id", *(f"{one}/.id" if one in _LINKS else one for one in columns)]
        data = [[f"{self._module}.{one.external_id}", "base.model_res_partner", *map(one.values.get, columns)] for one in changes]
        try:
            answer = self._api.call(ACTIVITY, "load", fields=names, data=data, context=_QUIETLY, may_repeat=False)
        except TooBusy:
            return all_undecided([one.external_id for one in changes], "busy")
        except OdooError as error:
            if error.is_transient:
                return all_undecided([one.external_id for one in changes], error.code)
            answer = {"ids": False, "messages": [], "code": error.code}
        if answer["ids"]:
            return [Result(one.external_id, one.fate, str(made)) for one, made in zip(changes, answer["ids"], strict=True)]
        if faults := faulty_rows(answer["messages"]):
            refused = [Result(changes[at].external_id, Fate.REJECTED, code=code) for at, code in sorted(faults.items())]
            return refused + self._loaded(columns, [one for at, one in enumerate(changes) if at not in faults])
        if len(changes) == 1:
            return [Result(changes[0].external_id, Fate.REJECTED, code=answer.get("code", "refused"))]
        middle = len(changes) // 2
        return self._loaded(columns, changes[:middle]) + self._loaded(columns, changes[middle:])


def faulty_rows(messages: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """The rows that an answer of `load` names, with the field at fault or `refused`.

    Where a batch fails, Odoo puts the first error before the others and names the first row for it, whichever it is about.
    """
    errors = [one for one in messages if one.get("type") == "error" and isinstance(one.get("record"), int)]
    named = errors[1:] if len({one["record"] for one in errors}) > 1 and errors[0]["record"] == 0 else errors
    return {one["record"]: str(one.get("field") or "refused") for one in reversed(named)}


def linked(activity: dict[str, Any]) -> dict[str, Any]:
    """The activity with ids alone where Odoo gives `[id, name]`."""
    return activity | {name: activity[name][0] if activity[name] else None for name in _LINKS}


def _note(row: Task) -> str:
    """As Odoo stores it after its own cleaning, so that what is unchanged compares as such."""
    return f"<p>{escape(particulars(row), quote=False)}</p>" + (
        f'<p><a href="{escape(row.link)}">Reasons, after signing in</a></p>' if row.link else ""
    )
