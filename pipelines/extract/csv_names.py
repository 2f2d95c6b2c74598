"""What the names of delivered CSV files, and their first lines, say of them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

from models.settings.layout import Layout
from models.sources import SourceKind
from pipelines.errors import ExtractRefused
from pipelines.extract.bundles import DELETED
from pipelines.extract.csv_columns import Columns
from pipelines.extract.csv_deletions import DELETED_ROWS
from pipelines.extract.csv_header import FirstRow, first_rows, fits
from pipelines.extract.description import Description
from pipelines.extract.encoding import decoded_start
from pipelines.extract.preflight import LIMITS, first_bytes
from pipelines.extract.workbook import Sheet, first_rows_of_sheets, is_workbook
from pipelines.layouts import shipped_layouts

_WORD = re.compile(r"[a-z0-9]+")
_ENDS = ("", ".", "-", " ", "(")
_ADDED = re.compile(r"(v|part|copy|export|resent|late|final|full|new|delta)?\d*|csv|txt|gz|zst|zip|xlsx?")
"""What people and programs write after a table's name: `contacts (1).csv`, `contacts_v2.csv`, `Leads_final.csv`, a date."""


class CsvNames:
    """The CSV files of one source. No file describes another, and the time of export is in the file name only.

    `layouts`: the practice's own; a shipped layout of the same name counts no longer.
    """

    about: frozenset[Path] = frozenset()

    def __init__(self, kind: SourceKind, files: list[Path], layouts: Mapping[str, Layout]):
        self._extracts = {name: Columns(one) for name, one in {**kind.extracts, DELETED: DELETED_ROWS}.items()}
        shipped = {name: layout for name, layout in shipped_layouts().items() if name not in layouts}
        self._own, self._shipped = (
            [Columns(kind.extracts[one.extract], one) for one in given.values() if one.source == kind.name]
            for given in (layouts, shipped)
        )

    def describe(self, path: Path) -> Description:
        """The practice's layout for files of this name; the extract whose name begins the file's, if a mark or what is added to
        names follows; otherwise what its header fits, an extract before a layout.

        `contacts` of `Contacts (1).csv`; `leads` of `website.csv`, whose columns are those of leads and of nothing else. A
        `contacts.csv` with the columns of a layout is read by that. Of a workbook, the sheet that has the columns.
        """
        if not is_workbook(path):
            found = self._found(path, first_rows(decoded_start(first_bytes(path))))
            return _described(found) if found else _unknown(path)
        try:
            starts = first_rows_of_sheets(path, LIMITS)
        except ExtractRefused:
            starts = {}
        fitting = {name: columns for name, start in starts.items() if (columns := self._found(path, first_rows(start), start))}
        if not fitting:
            return _unknown(path)
        name, *also = fitting
        others = tuple(other for other in starts if other != name)
        return replace(_described(fitting[name]), sheet=Sheet(name, others, tuple(also)))

    def _found(self, path: Path, rows: list[FirstRow], sheet: str | None = None) -> Columns | None:
        """What a file, or a `sheet` of it, is to be read as. A sheet must have the columns, whatever the file is called."""
        if of_practice := next((one for one in self._own if one.layout and _is_named(path, one.layout)), None):
            return of_practice if sheet is None or fits(rows, of_practice) else None
        name = path.name.lower()
        longest = max((one for one in self._extracts if name.startswith(one)), key=len, default=None)
        rest = name[len(longest or "") :]
        if longest and (rest[:1] in _ENDS or all(_ADDED.fullmatch(word) for word in _WORD.findall(rest))):
            by_name = self._extracts[longest]
            if fits(rows, by_name):
                return by_name
            return self._by_layout(rows) or (by_name if sheet is None else None)
        begun = [self._extracts[longest]] if longest else []
        found = _fitting(rows, begun) or _fitting(rows, self._extracts.values())
        if len(found) > 1:
            return None
        return found[0] if found else self._by_layout(rows)

    def _by_layout(self, rows: list[FirstRow]) -> Columns | None:
        """The layout that a header is recognised by, one of the practice before a shipped one; None for none or several."""
        for layouts in (self._own, self._shipped):
            if found := _fitting(rows, layouts):
                return found[0] if len(found) == 1 else None
        return None


def _unknown(path: Path) -> Description:
    return Description(path.name.partition(".")[0], is_known=False)


def _described(columns: Columns) -> Description:
    return Description(columns.contract.name, layout=columns.layout)


def _is_named(path: Path, layout: Layout) -> bool:
    place = path.as_posix().lower()
    return any(fnmatch(place, f"*/{pattern.lower()}") for pattern in layout.files)


def _fitting(rows: list[FirstRow], candidates: Iterable[Columns]) -> list[Columns]:
    """Those that a header fits with the most columns."""
    columns = [(one, n) for one in candidates if (n := fits(rows, one))]
    return [one for one, n in columns if n == max(n for _, n in columns)]
