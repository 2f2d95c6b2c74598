"""Reads bulk FHIR (FHIR Bulk Data Access 2.0): one NDJSON file of one resource type into Parquet.

The fast way trusts a file that proves itself whole: DuckDB reads it strictly with declared columns while a scan counts its lines
(`ndjson_scan.py`), and both agree. Anything else goes the slow way (`fhir_sift.py`), in which every line is judged.

Both ways read alike: a number where text is expected becomes its text, and the text "5" a number, since servers differ there.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from models.contract import Contract
from pipelines.errors import ExtractRefused
from pipelines.extract.deletions import DELETED
from pipelines.extract.fhir_sift import NUMBER, sift, sift_structure
from pipelines.extract.ndjson_scan import count_plain_lines
from pipelines.extract.parquet_text import holds_json
from pipelines.extract.preflight import LIMITS, Limits
from pipelines.extract.reading import ROWS, Quarantine, Reading
from pipelines.sql_type import literal, sql_type


def read_fhir(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    contract: Contract,
    folder: Path,
    scratch: Path,
    marks: dict[str, str],
    limits: Limits = LIMITS,
) -> Reading:
    """Read an uncompressed NDJSON file into `rows.parquet` and `quarantine.parquet` of `folder`; `scratch` is for what is not kept.

    Rows have the contract's columns, `marks` as constant columns, `_row_number` (the line, from 1) and `_last_updated`
    (`meta.lastUpdated` as an instant). Raises `ExtractRefused` where too many lines are bad.
    """
    rows = folder / ROWS
    with Quarantine(folder) as quarantine:
        with ThreadPoolExecutor(1) as aside:
            scan = aside.submit(count_plain_lines, path, limits)
            n_read = _copy(connection, path, contract, rows, marks, limits)
            n_lines = scan.result()
        if n_lines is not None and n_read == n_lines and not holds_json(rows):
            return Reading(n_lines, n_lines, 0)

        sifted, fitting = scratch / "sifted.ndjson", scratch / "fitting.ndjson"
        n_delivered = sift(path, sifted, _resource_type(contract), "id" in contract.fields, quarantine, limits)
        quarantine.refuse_if_too_many(n_delivered)
        n_read = _copy(connection, sifted, contract, rows, marks, limits, is_numbered=True)
        if n_read is None or holds_json(rows):
            sift_structure(sifted, fitting, contract, quarantine, connection)
            quarantine.refuse_if_too_many(n_delivered)
            n_read = _copy(connection, fitting, contract, rows, marks, limits, is_numbered=True)
        if n_read is None or n_read + quarantine.n_rows != n_delivered:
            raise ExtractRefused(
                f"does not read as FHIR R4 {_resource_type(contract)}, though every line of it does. Report this."
            )
        return Reading(n_delivered, n_read, quarantine.n_rows)


def _resource_type(contract: Contract) -> str:
    return "Bundle" if contract.name == DELETED else contract.name


def _copy(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    contract: Contract,
    rows: Path,
    marks: dict[str, str],
    limits: Limits,
    *,
    is_numbered: bool = False,
) -> int | None:
    """How many resources DuckDB read and wrote; None where it met a line that it cannot read."""
    types = {name: sql_type(column.dtype.type) for name, column in contract.fields.items()}
    read = {"resourceType": "varchar"} | ({NUMBER: "bigint"} if is_numbered else {}) | types
    columns = [
        *(f'"{name}"' for name in types),
        *(f"{literal(value)} as {name}" for name, value in marks.items()),
        (f'"{NUMBER}"' if is_numbered else "row_number() over ()") + " as _row_number",
        "try_cast(meta.lastUpdated as timestamptz) as _last_updated",
    ]
    try:
        (n_rows,) = connection.execute(
            f"""
            copy (
                select {", ".join(columns)}
                from read_json(
                    {literal(str(path))},
                    format = 'newline_delimited',
                    columns = {{{", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in read.items())}}},
                    maximum_object_size = {limits.line_bytes + 2**10}
                )
                where resourceType = {literal(_resource_type(contract))} {"and id <> ''" if "id" in types else ""}
            ) to {literal(str(rows))} (format parquet)
            """
        ).fetchall()[0]
    except duckdb.InvalidInputException:
        return None
    return n_rows
