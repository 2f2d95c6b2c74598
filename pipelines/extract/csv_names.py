"""What the names of delivered CSV files, and their first lines, say of them."""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path

from models.settings.layout import Layout
from models.sources import SourceKind
from pipelines.extract.csv_columns import Columns
from pipelines.extract.csv_header import FirstRow, first_rows, fits
from pipelines.extract.description import Description
from pipelines.extract.encoding import decoded_start
from pipelines.extract.preflight import first_bytes
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
        self._extracts = {name: Columns(contract) for name, contract in kind.extracts.items()}
        shipped = {name: layout for name, layout in shipped_layouts().items() if name not in layouts}
        self._own, self._shipped = (
            [Columns(kind.extracts[one.extract], one) for one in given.values() if one.source == kind.name]
            for given in (layouts, shipped)
        )

    def describe(self, path: Path) -> Description:
        """The practice's layout for files of this name; the extract whose name begins the file's, if a mark or what is added to
        names follows; otherwise what its header fits, an extract before a layout.

        `contacts` of `Contacts (1).csv`; `leads` of `website.csv`, whose columns are those of leads and of nothing else. A
        `contacts.csv` with the columns of a layout is read by that.
        """
        if of_practice := next((one for one in self._own if one.layout and _is_named(path, one.layout)), None):
            return _described(of_practice)
        name = path.name.lower()
        longest = max((one for one in self._extracts if name.startswith(one)), key=len, default=None)
        rest = name[len(longest or "") :]
        rows = first_rows(decoded_start(first_bytes(path)))
        if longest and (rest[:1] in _ENDS or all(_ADDED.fullmatch(word) for word in _WORD.findall(rest))):
            by_name = self._extracts[longest]
            return _described(by_name if fits(rows, by_name) else self._by_layout(rows) or by_name)
        begun = [self._extracts[longest]] if longest else []
        found = _fitting(rows, begun) or _fitting(rows, self._extracts.values())
        by_header = found[0] if len(found) == 1 else None if found else self._by_layout(rows)
        return _described(by_header) if by_header else Description(path.name.partition(".")[0], is_known=False)

    def _by_layout(self, rows: list[FirstRow]) -> Columns | None:
        """The layout that a header is recognised by, one of the practice before a shipped one; None for none or several."""
        for layouts in (self._own, self._shipped):
            if found := _fitting(rows, layouts):
                return found[0] if len(found) == 1 else None
        return None


def _described(columns: Columns) -> Description:
    return Description(columns.contract.name, layout=columns.layout)


def _is_named(path: Path, layout: Layout) -> bool:
    place = path.as_posix().lower()
    return any(fnmatch(place, f"*/{pattern.lower()}") for pattern in layout.files)


def _fitting(rows: list[FirstRow], candidates: Iterable[Columns]) -> list[Columns]:
    """Those that a header fits with the most columns."""
    columns = [(one, n) for one in candidates if (n := fits(rows, one))]
    return [one for one, n in columns if n == max(n for _, n in columns)]
