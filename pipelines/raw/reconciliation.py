"""Creates the tables of schema `raw` that account for deliveries and every row in them; contracts in `models/landing.py`.

For every file: delivered = landed + quarantined + superseded + erased.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from models.contract import INSTANT, Dtype
from models.landing import LANDING
from models.sources import SOURCE_KINDS, name_of_kind
from pipelines.errors import ChecksFailed
from pipelines.extract.reading import DOUBTS, QUARANTINE
from pipelines.landing.integrity import MANIFEST, folder_of, read_manifest
from pipelines.landing.ledger import Entry
from pipelines.practice import Practice
from pipelines.raw.superseded import CONTRADICTED
from pipelines.raw.test_patients import OF_TEST_PATIENT
from pipelines.sql.parquet import rows_of
from pipelines.sql.types import sql_type

_FILE: dict[str, Dtype] = {
    **dict.fromkeys(("source_system", "extract", "file_key", "file_name"), pl.String),
    "exported_at": INSTANT,
    **dict.fromkeys(("n_bytes", "arrival", "n_delivered", "n_read", "n_quarantined", "n_erased", "n_doubts"), pl.Int64),
    **dict.fromkeys(("status", "reason", "read_as", "extra_columns", "absent_columns", "folder", "reader"), pl.String),
    "is_change": pl.Boolean,
}
_WHOSE = ("source_system", "extract", "file_key", "file_name")
_COUNTED = ("n_delivered", "n_read", "n_quarantined", "n_erased", "n_doubts", "status", "reason")


def delivered_files(practice: Practice, root: Path, ledger: Sequence[Entry]) -> pl.DataFrame:
    """One row per content delivered to the practice's sources, with its earliest export and, among those, its first name; one
    more for each extract that a content holds besides, and none for its own where it holds nothing but others.

    Columns are those of `raw.deliveries` except the superseded counts, plus `folder`, `reader`, `n_read` and `is_change` from
    landing.
    """
    contents: dict[Path, list[Entry]] = {}
    for entry in ledger:
        folder = folder_of(root, entry)
        if entry.source_system in practice.sources and (folder / MANIFEST).exists():
            contents.setdefault(folder, []).append(entry)
    rows = []
    for folder, entries in contents.items():
        first, manifest = min(entries, key=Entry.order), read_manifest(folder)
        named = {
            name: getattr(first, name) for name in ("source_system", "extract", "file_key", "file_name", "exported_at", "n_bytes")
        }
        arrival = min(entry.arrival for entry in entries)
        whole = (
            {"is_change": False, "n_erased": 0}
            | named
            | manifest
            | _lists(manifest)
            | {"folder": str(folder), "arrival": arrival}
        )
        parts = manifest.get("parts", {})
        if manifest["n_delivered"] or not parts:
            rows.append(whole)
        for extract, counts in parts.items():
            counted = {"n_erased": 0, "n_doubts": 0} | {name: counts[name] for name in _COUNTED if name in counts}
            rows.append(whole | counted | _lists(counts) | {"extract": extract, "folder": str(folder / extract)})
    frame = pl.DataFrame(rows, schema={**_FILE, "exported_at": pl.String})
    return frame.with_columns(pl.col("exported_at").str.to_datetime("%+", time_unit="us", time_zone="UTC")).sort(
        "source_system", "extract", "file_key"
    )


def _lists(counts: dict[str, Any]) -> dict[str, str | None]:
    return {name: ", ".join(counts[name]) or None for name in ("extra_columns", "absent_columns")}


def create_deliveries(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `raw.deliveries` from the temp table `files` and `raw.superseded_rows`.

    Raises `ChecksFailed` if the rows of a file do not add up.
    """
    connection.execute(
        """
        create or replace table raw.deliveries as
        with superseded as (
            select
                source_system, extract, file_key,
                count(*) filter (where superseded_rows.reason <> $2) as n,
                count(*) filter (where superseded_rows.reason = $2) as n_of_test_patients,
                count(*) filter (where superseded_rows.reason = $1) as n_contradicted
            from raw.superseded_rows
            group by all
        )
        select
            source_system, extract, file_key, file_name, exported_at, n_bytes, n_delivered,
            n_read - coalesce(superseded.n + superseded.n_of_test_patients, 0) as n_landed,
            n_quarantined + coalesce(superseded.n_of_test_patients, 0) as n_quarantined,
            coalesce(superseded.n, 0) as n_superseded, n_erased,
            coalesce(superseded.n_contradicted, 0) as n_contradicted, status, reason,
            nullif(read_as, '') as read_as, extra_columns, absent_columns
        from files
        left join superseded using (source_system, extract, file_key)
        order by source_system, extract, file_key
        """,
        [CONTRADICTED, OF_TEST_PATIENT],
    )
    lost = connection.execute(
        """
        select source_system || '/' || file_name
        from raw.deliveries
        where status = 'landed' and (n_delivered <> n_landed + n_quarantined + n_superseded + n_erased or n_landed < 0)
        """
    ).fetchall()
    if lost:
        names = ", ".join(name for (name,) in lost)
        raise ChecksFailed(f"Rows are unaccounted for in {names}. Delete their folders in landing, and run again.")


def create_quarantined_rows(connection: duckdb.DuckDBPyConnection, files: pl.DataFrame) -> None:
    """Create `raw.quarantined_rows` from the quarantined rows of `files`, and from those of test patients."""
    _create_from_landing(connection, "quarantined_rows", QUARANTINE, files.filter(pl.col("n_quarantined") > 0))
    connection.execute(
        """
        insert into raw.quarantined_rows by name
        select source_system, extract, file_key, file_name, row_number, superseded_rows.reason
        from raw.superseded_rows
        join files using (source_system, extract, file_key)
        where superseded_rows.reason = $1
        order by all
        """,
        [OF_TEST_PATIENT],
    )


def create_doubtful_cells(connection: duckdb.DuckDBPyConnection, files: pl.DataFrame) -> None:
    """Create `raw.doubtful_cells` from the doubts about the current rows of `files`."""
    current = "anti join raw.superseded_rows using (source_system, extract, file_key, row_number)"
    _create_from_landing(connection, "doubtful_cells", DOUBTS, files.filter(pl.col("n_doubts") > 0), current)


def _create_from_landing(
    connection: duckdb.DuckDBPyConnection, table: str, file: str, files: pl.DataFrame, only: str = ""
) -> None:
    """Create a table of schema `raw` from the Parquet `file` in the folders of the landed `files`: the columns `_WHOSE` say
    whose row it is. `only`: a join that keeps some rows."""
    fields = LANDING[table].fields
    create_empty(connection, table, {name: sql_type(column.dtype.type) for name, column in fields.items()})
    folders = files.filter(pl.col("status") == "landed")["folder"]
    if not folders.is_empty():
        rows = rows_of([f"{folder}/{file}" for folder in folders], "filename = true")
        columns = ", ".join(f"files.{name}" if name in _WHOSE else f"found.{name}" for name in fields)
        connection.execute(
            f"""
            insert into raw.{table} by name
            select {columns}
            from {rows} as found
            join files on files.folder || '/{file}' = found.filename
            {only}
            order by {columns}
            """
        )


def create_extracts(connection: duckdb.DuckDBPyConnection, practice: Practice) -> None:
    """Create `raw.extracts` from `raw.deliveries`: every kind of file that each source can deliver, delivered or not.

    If the practice has no source of a kind, the kind's extracts are listed under the name of the kind.
    """
    kinds = {name_of_kind(source_system) for source_system in practice.sources}
    systems = sorted({*practice.sources, *(source for source in SOURCE_KINDS if source not in kinds)})
    expected = pl.DataFrame(
        [(system, extract) for system in systems for extract in SOURCE_KINDS[name_of_kind(system)].extracts],
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


def create_empty(connection: duckdb.DuckDBPyConnection, table: str, types: dict[str, str]) -> None:
    """Create or replace a table of schema `raw` without rows."""
    connection.execute(f"create or replace table raw.{table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})")
