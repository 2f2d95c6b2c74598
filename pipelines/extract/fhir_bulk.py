"""Reads bulk FHIR: one NDJSON file of one resource type into Parquet."""

from pathlib import Path

import duckdb
import orjson
import polars as pl

from models.contract import Contract
from pipelines.extract.column_types import column_types, literal

QUARANTINE = {"row_number": pl.Int64, "field": pl.String, "reason": pl.String}


def read_fhir(
    connection: duckdb.DuckDBPyConnection, path: Path, contract: Contract, folder: Path, *, marks: dict[str, str]
) -> int:
    types = {"resourceType": "VARCHAR"} | column_types(contract)
    declared = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    constants = ", ".join(f"{literal(value)} as {name}" for name, value in marks.items())
    bad, numbers = [], []
    clean = folder / "clean.ndjson"
    n_delivered = 0
    with path.open("rb") as lines, clean.open("wb") as out:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            n_delivered += 1
            try:
                resource = orjson.loads(line)
                fits = isinstance(resource, dict) and (
                    contract.name == "deleted" or (resource.get("resourceType") == contract.name and resource.get("id"))
                )
                reason = "" if fits else f"is not a {contract.name} with an id"
            except orjson.JSONDecodeError:
                reason = "is not valid JSON"
            if reason:
                bad.append((number, None, reason))
            else:
                out.write(line.strip() + b"\n")
                numbers.append(number)
    pl.DataFrame({"_row_number": numbers}, schema={"_row_number": pl.Int64}).write_parquet(folder / "numbers.parquet")
    at = "try_cast(meta.lastUpdated as timestamptz)" if "meta" in types else "null::timestamptz"
    connection.execute(
        f"""
        copy (
            select {", ".join(f'r."{c}"' for c in list(types)[1:])}, {constants}, n._row_number, {at} as _last_updated
            from (select *, row_number() over () as i from read_json({literal(str(clean))}, format = 'newline_delimited',
                columns = {{{declared}}})) r positional join read_parquet({literal(str(folder / "numbers.parquet"))}) n
        ) to {literal(str(folder / "rows.parquet"))} (format parquet)
        """
    )
    clean.unlink()
    (folder / "numbers.parquet").unlink()
    pl.DataFrame(bad, schema=QUARANTINE, orient="row").write_parquet(folder / "quarantine.parquet")
    return n_delivered
