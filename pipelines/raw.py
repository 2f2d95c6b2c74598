"""Makes schema `raw`: what has landed, in its current version, one view for every extract of `models/extracts/`.

    land(practice, home)                                   # pipelines.landing: read what is new
    with duckdb.connect("warehouse.duckdb") as connection:
        build_raw(connection, practice, home)              # raw.ehr_patient, raw.crm_contacts, …, raw.deliveries

The views read landing's Parquet where it lies. Whatever order the files came in, the same files give the same rows.
"""

from pathlib import Path

import duckdb
import polars as pl

from models.contract import INSTANT, Contract
from models.extracts import EXTRACTS
from models.landing import FHIR_METADATA, LANDING, METADATA, raw_table
from pipelines.errors import ChecksFailed
from pipelines.extract.deletions import DELETED
from pipelines.extract.reading import QUARANTINE, ROWS
from pipelines.gap_history import show_gap_history
from pipelines.home import Home
from pipelines.landing import LEDGER, MANIFEST, folder_of, read_manifest
from pipelines.ledger import Entry, Ledger
from pipelines.practice import Practice
from pipelines.sql_type import literal, sql_type
from pipelines.versions import find_deleted, find_older

_FILE = {
    **dict.fromkeys(("source_system", "extract", "file_key", "file_name"), pl.String),
    "exported_at": INSTANT,
    **dict.fromkeys(("n_bytes", "n_delivered", "n_read", "n_quarantined"), pl.Int64),
    **dict.fromkeys(("status", "reason", "extra_columns", "absent_columns", "folder", "reader"), pl.String),
}
_UNRECONCILED = "n_delivered <> n_landed + n_quarantined + n_superseded"


def build_raw(connection: duckdb.DuckDBPyConnection, practice: Practice, home: Home) -> None:
    """Make schema `raw` in an open database from everything that landed for the practice's sources.

    Beside the extracts it holds `deliveries`, `quarantined_rows`, `extracts` (contracts in `models/landing.py`),
    `published_gap_months`, and `superseded_rows`: the rows that are not current, with why. Sets the session's time zone to UTC.
    Raises `ChecksFailed` where a file's rows do not add up: delivered = landed + quarantined + superseded.
    """
    connection.execute("set TimeZone = 'UTC'; create schema if not exists raw")
    files = _landed_files(practice, home.landing(practice.id))
    connection.register("landed_files", files.to_arrow())
    connection.execute("create or replace temp table files as select * from landed_files")
    connection.unregister("landed_files")
    _empty(
        connection,
        "superseded_rows",
        {**dict.fromkeys(("source_system", "extract", "file_key"), "varchar"), "row_number": "bigint", "reason": "varchar"},
    )
    for source, contracts in EXTRACTS.items():
        for contract in contracts.values():
            _find_superseded(connection, source, contract, files)
    _tell_deliveries(connection)
    _tell_quarantined_rows(connection, files)
    for source, contracts in EXTRACTS.items():
        for contract in contracts.values():
            _show(connection, source, contract, files)
    _tell_extracts(connection, practice)
    show_gap_history(connection, home, practice.id)


def _landed_files(practice: Practice, root: Path) -> pl.DataFrame:
    """One row per content that was delivered, under its earliest export and, of those, its first name."""
    contents: dict[Path, list[Entry]] = {}
    for entry in Ledger(root / LEDGER).entries:
        folder = folder_of(root, entry)
        if entry.source_system in practice.sources and (folder / MANIFEST).exists():
            contents.setdefault(folder, []).append(entry)
    rows = []
    for folder, entries in contents.items():
        manifest = read_manifest(folder)
        lists = {name: ", ".join(manifest[name]) or None for name in ("extra_columns", "absent_columns")}
        first = min(entries, key=Entry.order)
        rows.append(
            {
                "source_system": first.source_system,
                "extract": first.extract,
                "file_key": first.file_key,
                "file_name": first.file_name,
                "exported_at": first.exported_at,
                "n_bytes": first.n_bytes,
                "folder": str(folder),
            }
            | manifest
            | lists
        )
    return (
        pl.DataFrame(rows, schema={name: pl.String if name == "exported_at" else kind for name, kind in _FILE.items()})
        .with_columns(pl.col("exported_at").str.to_datetime("%+", time_unit="us", time_zone="UTC"))
        .sort("source_system", "extract", "file_key")
    )


def _of(files: pl.DataFrame, source: str, extract: str) -> pl.DataFrame:
    """The files of one extract that landed, from every source of a kind (`ehr`, `ehr:north`)."""
    is_source = pl.col("source_system").str.split(":").list.first() == source
    return files.filter(is_source & (pl.col("extract") == extract) & (pl.col("status") == "landed"))


def _scan(files: pl.DataFrame) -> str:
    """Reads the rows of files; of several generations of a contract, the union of their columns."""
    paths = ", ".join(literal(f"{folder}/{ROWS}") for folder in files["folder"])
    return f"read_parquet([{paths}]{', union_by_name = true' if files['reader'].n_unique() > 1 else ''})"


def _find_superseded(connection: duckdb.DuckDBPyConnection, source: str, contract: Contract, files: pl.DataFrame) -> None:
    landed = _of(files, source, contract.name)
    if landed.is_empty():
        return
    find_older(connection, _scan(landed), contract, "_last_updated" if source == "ehr" else "updated_at")
    bundles = _of(files, source, DELETED)
    if not bundles.is_empty():
        find_deleted(connection, _scan(landed), _scan(bundles), contract)


def _show(connection: duckdb.DuckDBPyConnection, source: str, contract: Contract, files: pl.DataFrame) -> None:
    """The view of one extract: its current rows; none, but typed, where it was never delivered."""
    fields = contract.fields | (FHIR_METADATA if source == "ehr" else METADATA)
    types = {name: sql_type(column.dtype.type) for name, column in fields.items()}
    view = f"create or replace view raw.{raw_table(source, contract.name)} as"
    landed = _of(files, source, contract.name)
    if landed.is_empty():
        nothing = ", ".join(f'null::{kind} as "{name}"' for name, kind in types.items())
        connection.execute(f"{view} select {nothing} where false")
        return
    is_this = f"extract = {literal(contract.name)}"
    there = {row[0] for row in connection.execute(f"describe select * from {_scan(landed)}").fetchall()} | {"_exported_at"}
    columns = ", ".join(f'"{name}"' if name in there else f'null::{kind} as "{name}"' for name, kind in types.items())
    (has_superseded,) = connection.execute(f"select count(*) > 0 from raw.superseded_rows where {is_this}").fetchall()[0]
    current = f"""anti join (select * from raw.superseded_rows where {is_this}) as superseded
        on superseded.source_system = landed.source_system
        and superseded.file_key = landed._file_key and superseded.row_number = landed._row_number"""
    connection.execute(
        f"""{view}
        select {columns}
        from (
            select landed.*, deliveries.exported_at as _exported_at
            from {_scan(landed)} as landed
            join (select * from raw.deliveries where {is_this}) as deliveries
                on deliveries.source_system = landed.source_system and deliveries.file_key = landed._file_key
            {current if has_superseded else ""}
        )"""
    )


def _tell_deliveries(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        create or replace table raw.deliveries as
        with superseded as (select source_system, extract, file_key, count(*) as n from raw.superseded_rows group by all)
        select
            source_system, extract, file_key, file_name, exported_at, n_bytes, n_delivered,
            n_read - coalesce(superseded.n, 0) as n_landed, n_quarantined, coalesce(superseded.n, 0) as n_superseded,
            status, reason, extra_columns, absent_columns
        from files
        left join superseded using (source_system, extract, file_key)
        order by source_system, extract, file_key
        """
    )
    lost = connection.execute(
        f"select source_system || '/' || file_name from raw.deliveries where status = 'landed' and {_UNRECONCILED}"
    ).fetchall()
    if lost:
        raise ChecksFailed(
            f"Rows are unaccounted for in {', '.join(name for (name,) in lost)}. Delete their folders in landing, and run again."
        )


def _tell_quarantined_rows(connection: duckdb.DuckDBPyConnection, files: pl.DataFrame) -> None:
    bad = files.filter(pl.col("n_quarantined") > 0, pl.col("status") == "landed")
    if bad.is_empty():
        _empty(
            connection,
            "quarantined_rows",
            {name: sql_type(c.dtype.type) for name, c in LANDING["quarantined_rows"].fields.items()},
        )
        return
    paths = ", ".join(literal(f"{folder}/{QUARANTINE}") for folder in bad["folder"])
    connection.execute(
        f"""
        create or replace table raw.quarantined_rows as
        select source_system, extract, file_key, file_name, row_number, field, quarantine.reason
        from read_parquet([{paths}], filename = true) as quarantine
        join files on files.folder || '/{QUARANTINE}' = quarantine.filename
        order by source_system, extract, file_key, row_number, field, reason
        """
    )


def _tell_extracts(connection: duckdb.DuckDBPyConnection, practice: Practice) -> None:
    """Of a kind of source that the practice has none of, its extracts are told under the kind's own name."""
    kinds = {source_system.partition(":")[0] for source_system in practice.sources}
    systems = sorted({*practice.sources, *(source for source in EXTRACTS if source not in kinds)})
    expected = pl.DataFrame(
        [(system, extract) for system in systems for extract in EXTRACTS[system.partition(":")[0]]],
        schema={"source_system": pl.String, "extract": pl.String},
        orient="row",
    )
    connection.register("expected", expected.to_arrow())
    connection.execute(
        """
        create or replace table raw.extracts as
        select
            source_system, extract, count(file_key) > 0 as is_delivered, count(file_key) as n_files,
            coalesce(sum(n_landed), 0)::bigint as n_rows, max(exported_at) as newest_exported_at
        from expected
        left join (select * from raw.deliveries where status = 'landed') using (source_system, extract)
        group by source_system, extract
        order by source_system, extract
        """
    )
    connection.unregister("expected")


def _empty(connection: duckdb.DuckDBPyConnection, table: str, types: dict[str, str]) -> None:
    connection.execute(f"create or replace table raw.{table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})")
