"""Rows of a CRM on their way into a delivery: a CSV file an extract, and one of deletions, in the form that landing reads."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence

from pipelines.connect.pulls.pulling import Pulling

_DELETED = "deleted.csv"


class CrmRows:
    """The rows of one extract. `columns` are those of its layout or its contract, in the order in which they are written."""

    def __init__(self, pulling: Pulling, extract: str, columns: Sequence[str]) -> None:
        self._pulling, self._work, self._extract, self._columns = pulling, pulling.work, extract, tuple(columns)
        self._file = f"{extract}.csv"

    def add(self, row_id: str, changed_at: str, row: Mapping[str, object]) -> bool:
        """Add a row, unless this version of it was delivered. False if so."""
        self._work.note_id(self._extract, row_id)
        values = [_text(row.get(name)) for name in self._columns]
        # Some systems change a row without moving its time: what it holds is part of its version.
        version = f"{row_id}\0{hashlib.sha256(json.dumps(values).encode()).hexdigest()}"
        if not self._work.is_new(self._extract, version, changed_at):
            return False
        self._append(self._file, self._columns, values)
        return True

    def delete(self, row_id: str, deleted_at: str) -> bool:
        """Say that the source has deleted a row. False if that was delivered."""
        self._work.note_id(self._extract, row_id, is_there=False)
        if not self._work.is_new(self._extract, f"{row_id}\0deleted", deleted_at):
            return False
        self._append(_DELETED, ("extract", "row_id", "deleted_at"), (self._extract, row_id, deleted_at))
        return True

    def delete_gone(self) -> None:
        """Say that the source has deleted what earlier pulls brought and this one, of all there is, did not."""
        for row_id in self._pulling.gone(self._extract):
            self.delete(row_id, self._pulling.clock.isoformat())

    def _append(self, name: str, columns: Sequence[str], values: Sequence[str]) -> None:
        lines = ([columns] if not self._work.has(name) else []) + [values]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(lines)
        self._work.append(name, text.getvalue().encode("utf-8", "replace"))
        self._work.count(name, "deleted" if name == _DELETED else self._extract, 1)


def _text(value: object) -> str:
    """A value as CSV writes it. A NUL, which would make landing refuse the file, is shown as what it is: unreadable."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return value.replace("\0", "\ufffd")
        case int() | float():
            return str(value)
        case _:
            return json.dumps(value)
