"""FHIR in the cells of a table, as databases write a column that holds a resource a row.

Snowflake's VARIANT, BigQuery's JSON and PostgreSQL's jsonb come out as CSV with doubled quotes (RFC 4180), Spark's as CSV with
backslashes, and where nothing encloses a value the resource is what stands between the first brace of a line and the last
(https://docs.snowflake.com/en/sql-reference/sql/create-file-format, https://www.postgresql.org/docs/current/sql-copy.html).
"""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from pipelines.extract.fhir_documents import Fault, Found, held, is_json_opened, taken_apart
from pipelines.extract.preflight import Limits

_DELIMITERS = ",;\t|"
_TYPE_OF_CELL = re.compile(rb'("|""|\\")resourceType\1\s*:')
_ESCAPED = re.compile(r"\\(.)")
_ROWS_ASKED = 5
_NO_RESOURCE: Fault = ("resourceType", "is missing: no cell of the row holds a resource")
Row = tuple[int, list[str]]


def is_table(start: bytes) -> bool:
    """Whether a table begins here that has resources in its cells."""
    return not is_json_opened(start) and bool(_TYPE_OF_CELL.search(start))


def resources_in_table(path: Path, start: bytes, limits: Limits) -> Iterator[Found]:
    """The resources of a table in order, each with the number of its row, as a spreadsheet counts; the header is none of them."""
    last = 0
    for number, cells in _rows(path, start, limits):
        found: list[tuple[dict[str, Any], Fault | None]] = [one for cell in cells for one in _of_cell(cell)]
        if not found and number > 1:
            found = [({}, _NO_RESOURCE)]
        for resource, fault in found:
            last = max(number, last + 1)
            yield Found(last, resource, None, fault)


def _rows(path: Path, start: bytes, limits: Limits) -> Iterator[Row]:
    quote = found[1] if (found := _TYPE_OF_CELL.search(start)) else b'"'
    for delimiter in _DELIMITERS if quote != b'"' else "":
        first = islice(_enclosed(path, delimiter, quote, limits), _ROWS_ASKED)
        if any(not fault for _, cells in first for cell in cells for _, fault in _of_cell(cell)):
            return _enclosed(path, delimiter, quote, limits)
    return _unenclosed(path)


def _enclosed(path: Path, delimiter: str, quote: bytes, limits: Limits) -> Iterator[Row]:
    csv.field_size_limit(limits.line_bytes)
    escape = None if quote == b'""' else "\\"
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as content:
        rows = csv.reader(content, delimiter=delimiter, doublequote=not escape, escapechar=escape)
        number = 0
        while (cells := _next(rows)) is not None:
            number += 1
            if cells:
                yield number, cells


def _next(rows: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(rows, None)
    except csv.Error:  # a cell that is too long
        return [""]


def _unenclosed(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as content:
        for number, line in enumerate(content, 1):
            if line.strip():
                begins, ends = line.find("{"), line.rfind("}")
                yield number, [line[begins : ends + 1]] if begins >= 0 else []


def _of_cell(cell: str) -> list[tuple[dict[str, Any], Fault | None]]:
    """The resources in a cell; nothing if it holds anything else."""
    if '"resourceType' not in cell.replace("\\", ""):
        return []
    for text in (cell, _ESCAPED.sub(r"\1", cell)):
        try:
            value = orjson.loads(text.encode("utf-8", "surrogateescape"))
        except orjson.JSONDecodeError:
            continue
        return [one for resource in held([value]) for one in taken_apart(resource)]
    return [({}, (None, "holds a resource that is not valid JSON, or cut off"))]
