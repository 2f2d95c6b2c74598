"""Reads bulk FHIR (FHIR Bulk Data Access 2.0) into Parquet: one NDJSON file of one resource type.

The fast path is for clean files: DuckDB reads the file strictly with declared columns, a scan (`ndjson_scan.py`) counts its
lines, and both must agree. All other files take the slow path (`fhir_sift.py`), which checks every line.

Both paths give the same result: a number where text is expected becomes text, and the text "5" becomes a number, because servers
differ in this.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from models.contract import Contract
from pipelines.errors import ExtractRefused
from pipelines.extract.deletions import DELETED
from pipelines.extract.fhir_sift import NUMBER, sift, sift_structure
from pipelines.extract.ndjson_scan import count_plain_lines
from pipelines.extract.parquet_doubts import has_doubts
from pipelines.extract.reading import ROWS, Quarantine, Reading, Request
from pipelines.sql.literals import literal
from pipelines.sql.types import sql_type

_ROOM_FOR_NUMBER = 1024


def read_fhir(request: Request) -> Reading:
    """Read an NDJSON file into `rows.parquet` and `quarantine.parquet`.

    Rows have the contract's columns, the marks, `_row_number` (the line, from 1) and `_last_updated` (`meta.lastUpdated` as an
    instant). Raises `ExtractRefused` if too many lines are bad.
    """
    rows = request.folder / ROWS

    def is_sound(numbered: Path, n_lines: int) -> bool:
        return _copy(request, numbered, is_numbered=True) == n_lines and not has_doubts(rows)

    with Quarantine(request.folder) as quarantine:
        with ThreadPoolExecutor(1) as aside:
            scan = aside.submit(count_plain_lines, request.path, request.limits)
            n_read = _copy(request, request.path)
            n_lines = scan.result()
        if n_lines is not None and n_read == n_lines and not has_doubts(rows):
            return Reading(n_lines, n_lines, 0)

        sifted, fitting = request.scratch / "sifted.ndjson", request.scratch / "fitting.ndjson"
        resource_type, needs_id = _resource_type(request.contract), "id" in request.contract.fields
        n_delivered = sift(request.path, sifted, resource_type, needs_id, quarantine, request.limits)
        quarantine.refuse_if_too_many(n_delivered)
        n_read = _copy(request, sifted, is_numbered=True)
        if n_read is None or has_doubts(rows):
            sift_structure(sifted, fitting, request.contract, quarantine, request.connection, is_sound)
            quarantine.refuse_if_too_many(n_delivered)
            n_read = _copy(request, fitting, is_numbered=True)
        if n_read is None or n_read + quarantine.n_rows != n_delivered:
            raise ExtractRefused(f"cannot be read as FHIR R4 {resource_type}, although each of its lines can. Report this.")
        return Reading(n_delivered, n_read, quarantine.n_rows)


def _resource_type(contract: Contract) -> str:
    return "Bundle" if contract.name == DELETED else contract.name


def _copy(request: Request, path: Path, *, is_numbered: bool = False) -> int | None:
    """The number of resources that DuckDB read and wrote; None if it met a line that it cannot read."""
    types = {name: sql_type(column.dtype.type) for name, column in request.contract.fields.items()}
    read = {"resourceType": "varchar"} | ({NUMBER: "bigint"} if is_numbered else {}) | types
    columns = [
        *(f'"{name}"' for name in types),
        *(f"{literal(value)} as {name}" for name, value in request.marks.items()),
        (f'"{NUMBER}"' if is_numbered else "row_number() over ()") + " as _row_number",
        "try_cast(meta.lastUpdated as timestamptz) as _last_updated",
    ]
    try:
        (n_rows,) = request.connection.execute(
            f"""
            copy (
                select {", ".join(columns)}
                from read_json(
                    {literal(str(path))},
                    format = 'newline_delimited',
                    compression = 'uncompressed',
                    columns = {{{", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in read.items())}}},
                    maximum_object_size = {request.limits.line_bytes + _ROOM_FOR_NUMBER}
                )
                where resourceType = {literal(_resource_type(request.contract))} {"and id <> ''" if "id" in types else ""}
            ) to {literal(str(request.folder / ROWS))} (format parquet)
            """
        ).fetchall()[0]
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return None
    return n_rows
