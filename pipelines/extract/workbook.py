"""Turns a sheet of an Excel workbook (.xlsx, ISO/IEC 29500) into CSV, so that it is read and checked like any CSV file.

Rows are read one after the other with openpyxl and keep their numbers. A reader that lays a sheet out in memory first ends with
two cells at opposite corners: they span 17 billion.
"""

import csv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from pipelines.errors import ExtractRefused
from pipelines.extract.preflight import Limits, packing

_FIRST_ROWS = 50
_MOST_CELLS = 100_000_000
"""Empty ones between others count: a row with one value in its last column has 16,384."""
_EXACT = 10**15
"""From here on a spreadsheet's numbers have lost digits."""
_BROKEN = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
    OSError,
)


@dataclass(frozen=True)
class Sheet:
    """A sheet, by its name, and the names of the `others` in its workbook; `fitting`: those of them that have the columns of a
    table too."""

    name: str
    others: tuple[str, ...] = ()
    fitting: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """Which sheet was read, and which were not."""
        return f'sheet "{self.name}"' + (f", not {', '.join(self.others)}" if self.others else "")

    def refuse_if_not_alone(self) -> None:
        """Raise `ExtractRefused` where another sheet has the columns of a table: read alone, this one would lose it."""
        if self.fitting:
            named = ", ".join((self.name, *self.fitting))
            raise ExtractRefused(
                f"has {1 + len(self.fitting)} sheets with the columns of a table: {named}. Save each as a file of its own, and "
                "deliver these instead."
            )


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook, by what is in it."""
    if packing(path) != "zip":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False


def first_rows_of_sheets(path: Path, limits: Limits) -> dict[str, str]:
    """The first rows of each sheet as CSV, by its name. Raises `ExtractRefused` if the workbook is damaged or too large."""
    stamp = path.stat()
    return dict(_first_rows(path, stamp.st_mtime_ns, stamp.st_size, limits))


@lru_cache(maxsize=256)
def _first_rows(path: Path, mtime: int, size: int, limits: Limits) -> tuple[tuple[str, str], ...]:
    """Remembered, because the folders are listed anew by each look for arrivals."""
    with _opened(path, limits) as book:
        return tuple(
            (sheet.title, "".join(map(_line, islice(_rows(sheet), _FIRST_ROWS))))
            for sheet in book.worksheets
            if sheet.sheet_state == "visible"
        )


def sheet_as_csv(path: Path, sheet: str, folder: Path, limits: Limits) -> Path:
    """A sheet as a CSV file in UTF-8 in `folder`, with each row in its line. Raises as `first_rows_of_sheets`."""
    out = folder / "sheet.csv"
    with _opened(path, limits) as book, out.open("w", encoding="utf-8", newline="") as content:
        writer = csv.writer(content, lineterminator="\n")
        n_cells = 0
        for row in _rows(book[sheet]):
            n_cells += len(row)
            if n_cells > _MOST_CELLS:
                raise ExtractRefused(f"has a sheet of more than {_MOST_CELLS:,} cells. Deliver it as CSV.")
            writer.writerow(row)
    return out


@contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[Any]:
    _refuse_too_large(path, limits)
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            yield book
        finally:
            book.close()
    except ExtractRefused:
        raise
    except _BROKEN:
        raise ExtractRefused("is a damaged Excel workbook. Save it again, or save the sheet as CSV UTF-8.") from None


def _refuse_too_large(path: Path, limits: Limits) -> None:
    """Python's zipfile unpacks no member beyond the size that the archive states for it."""
    try:
        with zipfile.ZipFile(path) as archive:
            n_plain = sum(member.file_size for member in archive.infolist())
    except _BROKEN:
        raise ExtractRefused("is a damaged Excel workbook. Save it again, or save the sheet as CSV UTF-8.") from None
    if n_plain > max(limits.expansion * path.stat().st_size, limits.expansion_from_bytes) or n_plain > limits.workbook_bytes:
        raise ExtractRefused(
            f"is an Excel workbook that grows to {n_plain // 2**20:,} MB when unpacked. Deliver the sheet as CSV."
        )


def _rows(sheet: Any) -> Iterator[list[str]]:
    """The rows from the first on, each as wide as the widest before it: what a workbook says of its extent may be wrong."""
    sheet.reset_dimensions()
    width = 0
    for row in sheet.iter_rows(values_only=True):
        width = max(width, len(row))
        yield [_text(value) for value in row] + [""] * (width - len(row))


def _line(row: list[str]) -> str:
    return ",".join('"' + value.replace('"', '""') + '"' for value in row) + "\n"


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return value.isoformat()
        case float():
            if abs(value) >= _EXACT:
                return f"{value:.5E}"
            return str(int(value)) if value.is_integer() else repr(value)
        case _:
            return str(value)
