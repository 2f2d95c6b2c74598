"""Reads a CSV file into Parquet."""

from pathlib import Path

import duckdb
import polars as pl

from models.contract import Contract
from pipelines.errors import ExtractRefused
from pipelines.extract.column_types import column_types, literal, quoted
from pipelines.extract.fhir_bulk import QUARANTINE


def read_csv(
    connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract, folder: Path, *, marks: dict[str, str]
) -> int:
    source = f"read_csv({literal(str(path))}, all_varchar = true, header = true)"
    header = [row[0] for row in connection.execute(f"describe select * from {source}").fetchall()]
    if missing := [name for name in contract.fields if name not in header]:
        raise ExtractRefused(f"{path.name}: columns missing: {', '.join(missing)}")
    types = column_types(contract)
    casts = ", ".join(f"try_cast({quoted(name)} as {kind}) as {quoted(name)}" for name, kind in types.items())
    constants = ", ".join(f"{literal(value)} as {name}" for name, value in marks.items())
    required = [quoted(name) for name, column in contract.fields.items() if not column.nullable]
    query = f"select {casts}, {constants}, row_number() over () + 1 as _row_number from {source}"
    good = " and ".join(f"{name} is not null" for name in required)
    connection.execute(f"copy (select * from ({query}) where {good}) to {literal(str(folder / 'rows.parquet'))} (format parquet)")
    bad = connection.execute(f"select _row_number from ({query}) where not ({good})").fetchall()
    rows = [(number, None, "does not fit the contract") for (number,) in bad]
    pl.DataFrame(rows, schema=QUARANTINE, orient="row").write_parquet(folder / "quarantine.parquet")
    return connection.execute(f"select count(*) from {source}").fetchone()[0]
