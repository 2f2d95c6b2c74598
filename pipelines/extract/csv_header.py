"""Reads the first record of a CSV file: the delimiter and the columns, matched to a contract by name."""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from models.contract import Contract
from pipelines.errors import ExtractRefused
from pipelines.extract.preflight import UTF16, Limits

_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(rb"(\xef\xbb\xbf)?\"?sep=[^\r\n]\"?\r?\n", re.IGNORECASE)
"""`sep=;`: what Excel writes and reads above a header, and hides."""


@dataclass(frozen=True)
class Header:
    """`columns` names every column of the file in order, without repeats; `line_ends_at` is the offset of the first row."""

    delimiter: str
    columns: list[str]
    extra: list[str]
    absent: list[str]


def read_header(path: Path, contract: Contract, limits: Limits) -> Header:
    """Read the header of a CSV file. Names match in any case and order, with blanks or hyphens for underscores.

    Raises `ExtractRefused` if the file is empty, its header is not UTF-8, a column is named twice, or a required column is
    missing. The message contains names from the contract only, because the first record may be a patient.
    """
    with path.open("rb") as content:
        start = content.read(limits.record_bytes)
    if start.count(b"\x00") > len(start) // 4:
        raise ExtractRefused(UTF16)
    try:
        text = start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:
            raise ExtractRefused(not_utf8(start.count(b"\n", 0, error.start) + 1)) from None
        text = start[: error.start].decode("utf-8-sig")
    if not text.strip():
        raise ExtractRefused(
            f"is empty: it has no header. The first row must name the columns, such as {', '.join(contract.key)}."
        )
    delimiter, names = max(((mark, _names(text, mark)) for mark in _DELIMITERS), key=lambda found: _n_known(found[1], contract))
    _refuse_unusable(names, contract)
    columns = [name or f"column_{i}" for i, name in enumerate(names, 1)]
    extra = [name for name in columns if name not in contract.fields]
    return Header(delimiter, columns, extra, [name for name in contract.fields if name not in columns])


def separator_line(start: bytes) -> int:
    """The length in bytes of the line `sep=;` that the start of a file has above its header; 0 without one."""
    found = _SEPARATOR_LINE.match(start)
    return found.end() if found else 0


def fits(start: bytes, contract: Contract) -> int:
    """How many columns of a contract the first record of a file names; 0 if it lacks one that is required, or is no header."""
    text = start[separator_line(start) :].decode("utf-8-sig", errors="ignore")
    required = {name for name, column in contract.fields.items() if not column.nullable}
    try:
        found = max((_names(text, mark) for mark in _DELIMITERS), key=lambda names: _n_known(names, contract))
    except csv.Error:
        return 0
    return len(set(found) & set(contract.fields)) if required <= set(found) else 0


def not_utf8(line: int) -> str:
    """Why a file in another encoding is refused."""
    return f"is not UTF-8: see line {line:,}. Save it as UTF-8 (in Excel: `CSV UTF-8`) and deliver it again."


def _names(text: str, delimiter: str) -> list[str]:
    record = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    return [re.sub(r"[\s\-_]+", "_", name.lower()).strip("_") for name in record]


def _n_known(names: list[str], contract: Contract) -> tuple[int, int]:
    return len(set(names) & set(contract.fields)), len(names)


def _refuse_unusable(names: list[str], contract: Contract) -> None:
    required = [name for name, column in contract.fields.items() if not column.nullable]
    if not set(names) & set(contract.fields):
        raise ExtractRefused(f"has no header that names its columns. The first row must name them: {', '.join(required)} …")
    if missing := [name for name in required if name not in names]:
        raise ExtractRefused(f"lacks the column {', '.join(missing)}. Add it to the export and deliver it again.")
    if twice := [name for name, n in Counter(names).items() if n > 1 and name]:
        raise ExtractRefused(f"names the column {', '.join(twice)} twice. Rename or drop one and deliver it again.")
