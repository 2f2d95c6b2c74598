"""Creates schema `raw`: landed rows in their current version, one view per extract of `models/extracts/`.

    landed = land(practice, home)                                # pipelines.landing: read what is new
    with duckdb.connect("warehouse.duckdb") as connection:
        build_raw(connection, practice, home, landed.ledger)     # raw.ehr_patient, raw.crm_contacts, …, raw.deliveries

The views read landing's Parquet in place. The same files give the same rows, whatever their order of arrival.
"""

from collections.abc import Sequence

import duckdb
import polars as pl

from models.contract import Contract
from models.landing import metadata_of, raw_table
from models.sources import SOURCE_KINDS, SourceKind, name_of_kind
from pipelines.extract.bundles import DELETED
from pipelines.extract.reading import ROWS
from pipelines.home import Home
from pipelines.landing.journal import with_journals
from pipelines.landing.ledger import Entry
from pipelines.landing.rows import landed_rows
from pipelines.practice import Practice
from pipelines.publications.baselines import show_baselines
from pipelines.publications.campaign_members import show_campaign_members
from pipelines.publications.gap_months import show_gap_history
from pipelines.raw.carried import carried_over, carry_forward
from pipelines.raw.reconciliation import (
    create_deliveries,
    create_doubtful_cells,
    create_empty,
    create_extracts,
    create_quarantined_rows,
    delivered_files,
)
from pipelines.raw.superseded import find_deleted, find_older
from pipelines.raw.test_patients import find_of_test_patients
from pipelines.sql.literals import literal
from pipelines.sql.types import sql_type

_SUPERSEDED = {
    "source_system": "varchar",
    "extract": "varchar",
    "file_key": "varchar",
    "row_number": "bigint",
    "reason": "varchar",
}


def build_raw(connection: duckdb.DuckDBPyConnection, practice: Practice, home: Home, ledger: Sequence[Entry]) -> None:
    """Create schema `raw` in an open database from all files landed (`ledger`) for the practice's sources.

    Beside the extracts it holds `deliveries`, `quarantined_rows`, `doubtful_cells`, `extracts`, `published_gap_months`,
    `published_campaign_members` and `published_baselines` (contracts in `models/landing.py`), and `superseded_rows`: the rows
    that are not current or are of test patients, with the reason. Sets the session's time zone to UTC. Raises `ChecksFailed` if
    a file's rows do not add up: delivered = landed + quarantined + superseded.
    """
    practice = with_journals(practice, home)
    connection.execute("set TimeZone = 'UTC'; create schema if not exists raw")
    files = delivered_files(practice, home.landing(practice.id), ledger)
    connection.register("delivered_files", files.to_arrow())
    connection.execute("create or replace temp table files as select * from delivered_files")
    connection.unregister("delivered_files")
    create_empty(connection, "superseded_rows", _SUPERSEDED)
    extracts = [(kind, contract) for kind in SOURCE_KINDS.values() for contract in kind.extracts.values()]
    for kind, contract in extracts:
        _find_superseded(connection, kind, contract, files)
    find_of_test_patients(connection, files)
    create_deliveries(connection)
    create_quarantined_rows(connection, files)
    create_doubtful_cells(connection, files)
    create_extracts(connection, practice)
    show_gap_history(connection, home, practice.id)
    show_baselines(connection, home, practice.id)
    show_campaign_members(connection, home, practice.id)
    current = connection.sql("select source_system, extract, file_key from raw.deliveries where n_landed > 0").pl()
    for kind, contract in extracts:
        _show(connection, kind, contract, files.join(current, on=current.columns, how="semi"))


def files_of(files: pl.DataFrame, kind: SourceKind, extract: str) -> pl.DataFrame:
    """The landed files of one extract, from every source of a kind (`ehr`, `ehr:north`)."""
    systems = [name for name in files["source_system"].unique() if name_of_kind(name) == kind.name]
    return files.filter(pl.col("source_system").is_in(systems), pl.col("extract") == extract, pl.col("status") == "landed")


def scan(files: pl.DataFrame) -> str:
    """SQL that reads the rows of files; if they were read under several versions of a contract, the union of their columns."""
    forms = files.group_by("reader", maintain_order=True).agg("folder")["folder"]
    return landed_rows([f"{folder}/{ROWS}" for folder in folders] for folders in forms)


def _find_superseded(connection: duckdb.DuckDBPyConnection, kind: SourceKind, contract: Contract, files: pl.DataFrame) -> None:
    landed = files_of(files, kind, contract.name)
    if landed.is_empty():
        return
    find_older(connection, scan(landed), contract, kind.changed_at)
    if landed["is_change"].any():
        carry_forward(connection, scan(landed), contract, raw_table(kind.name, contract.name))
    deletions = files_of(files, kind, DELETED)
    if not deletions.is_empty():
        find_deleted(connection, scan(landed), scan(deletions), contract, kind)


def _show(connection: duckdb.DuckDBPyConnection, kind: SourceKind, contract: Contract, current: pl.DataFrame) -> None:
    """Create the view of one extract: its current rows; empty but typed if there are none.

    `current` are the files with any current rows: an export that a later one fully repeats is not read again.
    """
    fields = contract.fields | metadata_of(kind)
    types = {name: sql_type(column.dtype.type) for name, column in fields.items()}
    view = f"create or replace view raw.{raw_table(kind.name, contract.name)} as"
    landed = files_of(current, kind, contract.name)
    if landed.is_empty():
        nothing = ", ".join(f'null::{dtype} as "{name}"' for name, dtype in types.items())
        connection.execute(f"{view} select {nothing} where false")
        return
    there = {row[0] for row in connection.execute(f"describe select * from {scan(landed)}").fetchall()} | {"_exported_at"}
    columns = ", ".join(
        f'"{name}"::{dtype} as "{name}"' if name in there else f'null::{dtype} as "{name}"' for name, dtype in types.items()
    )
    is_this = f"extract = {literal(contract.name)}"
    mixed = f"select source_system, file_key from raw.deliveries where {is_this} and n_landed > 0"
    superseded = f"select * from raw.superseded_rows semi join ({mixed}) using (source_system, file_key) where {is_this}"
    without_superseded = f"""
        anti join ({superseded}) as superseded
            on superseded.source_system = landed.source_system
            and superseded.file_key = landed._file_key and superseded.row_number = landed._row_number
        """
    table = raw_table(kind.name, contract.name)
    replaced, with_carried = carried_over(contract, table, there) if landed["is_change"].any() else ("", "")
    has_superseded = connection.execute(f"{superseded} limit 1").fetchall()
    # Each file is in `deliveries`. Of an inner join DuckDB expects 300 of a million observations, and keeps in memory what it
    # then joins with few: `int_clinical__observations` took 6.5 CPU seconds at 10,000 patients instead of 4.6.
    connection.execute(
        f"""{view}
        select {columns}
        from (
            select landed.* {replaced}, deliveries.exported_at as _exported_at
            from {scan(landed)} as landed
            {with_carried}
            left join (select * from raw.deliveries where {is_this}) as deliveries
                on deliveries.source_system = landed.source_system and deliveries.file_key = landed._file_key
            {without_superseded if has_superseded else ""}
        )
        """
    )
