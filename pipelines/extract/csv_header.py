"""Finds the header of a CSV file: its row, the delimiter, and the columns, matched by name to those that are looked for."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from pathlib import Path

from pipelines.errors import ExtractRefused
from pipelines.extract.csv_columns import Columns, plain_name
from pipelines.extract.preflight import Limits

_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"\"?sep=[^\r\n]\"?\r?\n", re.IGNORECASE)
"""`sep=;`: what Excel writes and reads above a header, and hides."""
_TITLE_ROWS = 50
"""A report's title, filters and blank lines may fill the rows above a header."""
WIDE = "has several bytes a character, and is in no encoding that is read. Save it as UTF-8 (in Excel: `CSV UTF-8`)."
DESCRIBE = ", or describe its columns: caregap layout suggest"
_JSON = re.compile(r"\s*(\{\s*[\"}]|\[\s*[\[{\"])")


@dataclass(frozen=True)
class Header:
    """`columns` names every column of the file in order, without repeats; `extra` are those that nothing is made of, `absent` the
    fields for which there is none. `row` is its row, as a spreadsheet numbers it; `starts_at` its offset in bytes.
    """

    delimiter: str
    columns: list[str]
    extra: list[str]
    absent: list[str]
    row: int = 1
    starts_at: int = 0


@dataclass(frozen=True)
class FirstRow:
    """A row that may be a header: its `number` as a spreadsheet shows it, where it begins, its values by delimiter."""

    number: int
    starts_at: int
    values: dict[str, list[str]]

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The values as names of columns, by delimiter."""
        return {mark: [plain_name(value) for value in values] for mark, values in self.values.items()}


def first_rows(text: str) -> list[FirstRow]:
    """The rows at the start of a file that may be its header. The line `sep=;` is none: spreadsheets hide it."""
    starts_at = found.end() if (found := _SEPARATOR_LINE.match(text)) else 0
    lines = list(io.StringIO(text[starts_at:], newline=""))
    rows: list[FirstRow] = []
    for i, line in enumerate(lines[:_TITLE_ROWS]):
        rows.append(FirstRow(i + 1, starts_at, {mark: _record(islice(lines, i, None), mark) for mark in _DELIMITERS}))
        starts_at += len(line)
    return rows


def read_header(path: Path, columns: Columns, limits: Limits) -> Header:
    """Find the header of a CSV file in UTF-8: the first row that names what `columns` needs, otherwise the first row.

    Names match in any case and order, with blanks or hyphens for underscores. Raises `ExtractRefused` if the file is empty, a
    column is named twice, or one that is needed is missing. The message contains names of `columns` only, because the first
    record may be a patient.
    """
    with path.open("rb") as content:
        start = content.read(limits.record_bytes)
    if start.count(b"\x00") > len(start) // 4:
        raise ExtractRefused(WIDE)
    text = start.decode("utf-8-sig", errors="ignore")
    if not text.strip():
        raise ExtractRefused(
            f"is empty: it has no header. The first row must name the columns, such as {', '.join(columns.contract.key)}."
        )
    if _JSON.match(text):
        raise ExtractRefused("is JSON. Export the table as CSV or an Excel workbook, or fetch it by API (docs/connections.md).")
    row, delimiter = _header_of(first_rows(text), columns)
    named = row.names[delimiter]
    _refuse_unusable(named, columns)
    names = _unique(name or f"column_{i}" for i, name in enumerate(named, 1))
    mark = len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0
    starts_at = mark + len(text[: row.starts_at].encode()) if row.starts_at else 0
    extra = [name for name in names if name not in columns.known]
    return Header(delimiter, names, extra, columns.absent(names), row.number, starts_at)


def fits(rows: list[FirstRow], columns: Columns) -> int:
    """How many of the columns that are looked for a header among the rows names; 0 if it lacks one that is needed."""
    if not rows:
        return 0
    row, delimiter = _header_of(rows, columns)
    names = set(row.names[delimiter])
    return len(names & columns.known) if names.issuperset(columns.needed) else 0


def _header_of(rows: list[FirstRow], columns: Columns) -> tuple[FirstRow, str]:
    """The first row with all that is needed, and its delimiter; without one, the first row."""
    asked = columns.form.header_row
    candidates = [row for row in rows if row.number == asked] or rows[:1] if asked else rows
    for row in candidates:
        delimiter = _delimiter_of(row, columns)
        if set(row.names[delimiter]).issuperset(columns.needed):
            return row, delimiter
    return candidates[0], _delimiter_of(candidates[0], columns)


def _delimiter_of(row: FirstRow, columns: Columns) -> str:
    marks = columns.form.delimiter or _DELIMITERS
    return max(marks, key=lambda mark: (len(set(row.names[mark]) & columns.known), len(row.values[mark])))


def _record(lines: Iterable[str], delimiter: str) -> list[str]:
    try:
        return next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return []


def not_utf8(line: int) -> str:
    """Why a file in another encoding is refused."""
    return f"is not UTF-8: see line {line:,}. Save it as UTF-8 (in Excel: `CSV UTF-8`) and deliver it again."


def _unique(names: Iterable[str]) -> list[str]:
    """The names, with a number behind each that was there before."""
    unique: dict[str, None] = {}
    for name in names:
        free = (f"{name}_{n}" for n in count(2))
        unique[name if name not in unique else next(one for one in free if one not in unique)] = None
    return list(unique)


def _refuse_unusable(names: list[str], columns: Columns) -> None:
    otherwise = "" if columns.layout else DESCRIBE
    if not set(names) & columns.known:
        needed = ", ".join(columns.needed)
        raise ExtractRefused(f"has no header that names its columns. The first row must name them: {needed} …{otherwise}")
    if missing := columns.missing(names):
        raise ExtractRefused(f"lacks the column {', '.join(missing)}. Add it to the export and deliver it again{otherwise}.")
    if twice := [name for name, n in Counter(names).items() if n > 1 and name in columns.known]:
        raise ExtractRefused(f"names the column {', '.join(twice)} twice. Rename or drop one and deliver it again.")
