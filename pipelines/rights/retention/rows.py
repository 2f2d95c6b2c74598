"""Landed rows that need not be kept any more: of what a source has deleted, and of old tables of persons who left long ago."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from functools import partial

import duckdb
import polars as pl

from models.settings.privacy import Retention, months_later
from models.sources import SOURCE_KINDS
from pipelines.extract.bundles import DELETED
from pipelines.home import Home
from pipelines.landing.disposing import Rows, dispose_rows
from pipelines.landing.integrity import landed_damage
from pipelines.landing.journal import restricted, with_journals
from pipelines.landing.land import landed_before
from pipelines.landing.persons import find_rows, landed_parts
from pipelines.landing.tombstones import without_key
from pipelines.practice import Practice
from pipelines.publications.store import CURRENT, WAREHOUSE, current
from pipelines.raw.reconciliation import delivered_files
from pipelines.raw.superseded import deleted_for_long
from pipelines.raw.views import build_raw, files_of, scan
from pipelines.rights.person import Record
from pipelines.rights.retention.holding import Holding
from pipelines.scratch import scratch
from pipelines.sql.connection import open_file, open_memory

_LEFT = """
    select links.source_system, links.source_record_type, links.source_id
    from marts.dim_patient_links as links
    inner join marts.dim_patients as patients using (patient_key)
    where patients.last_visit_on < $1
"""
_RECORDS_OF_RESTRICTED = """
    select source_system, source_record_type, source_id
    from marts.dim_patient_links
    where patient_key in (
        select patient_key from marts.dim_patient_links semi join restricted using (source_system, source_record_type, source_id)
    )
"""
Found = set[tuple[str, str, str, int]]
"""Source system, extract, key of the file and number of each row."""


def row_holdings(home: Home, practice: Practice, retention: Retention, today: date) -> list[Holding]:
    """Rows that a source has deleted, and those of each table of `[retention.tables]`. For the holder of the home's lock."""

    def holding(what: str, setting: str, months: int | None, n: int, found: Found, note: str = "") -> Holding:
        rows = _by_file(found)
        return Holding(what, setting, months, "rows", n, len(found), note, partial(dispose_rows, home, practice.id, rows))

    with _raw(home, practice) as (connection, files):
        n_landed = int(files.filter(pl.col("status") == "landed")["n_read"].sum())
        held = _held(home, practice, connection)
        gone = _deleted(connection, files, retention.deleted_rows, today) - held
        found = [holding("Landed rows that their source deleted", "deleted_rows", retention.deleted_rows, n_landed, gone)]
        left = retention.patients or 0
        theirs = _of_persons_who_left(home, practice, connection, left, today) if retention.tables else set()
        for table, months in sorted(retention.tables.items()):
            kind, _, extract = table.partition(".")
            old = _unchanged(connection, files, kind, extract, months, today)
            n_rows = int(files_of(files, SOURCE_KINDS[kind], extract)["n_read"].sum())
            note = f"of persons last seen over {left} months ago"
            found.append(holding(f"Landed {table}", "tables", months, n_rows, (old & theirs) - gone - held, note))
    return found


@contextmanager
def _raw(home: Home, practice: Practice) -> Iterator[tuple[duckdb.DuckDBPyConnection, pl.DataFrame]]:
    """A connection with schema `raw`, and the landed files."""
    ledger, root = landed_before(practice, home), home.landing(practice.id)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with scratch(root) as aside, open_memory(aside / "duckdb") as connection:
        build_raw(connection, practice, home, ledger)
        yield connection, delivered_files(with_journals(practice, home), root, ledger)


def _deleted(connection: duckdb.DuckDBPyConnection, files: pl.DataFrame, months: int | None, today: date) -> Found:
    found: Found = set()
    for kind in SOURCE_KINDS.values() if months is not None else ():
        deletions = files_of(files, kind, DELETED)
        for contract in () if deletions.is_empty() else kind.extracts.values():
            landed = files_of(files, kind, contract.name)
            if not landed.is_empty():
                before = _before(today, months or 0)
                gone = deleted_for_long(connection, scan(landed), scan(deletions), contract, kind, before)
                found |= {(system, contract.name, file_key, number) for system, file_key, number in gone}
    return found


def _unchanged(
    connection: duckdb.DuckDBPyConnection, files: pl.DataFrame, kind_name: str, extract: str, months: int, today: date
) -> Found:
    """Rows of keys of which no version is younger; a row that says no time of change is as old as its export, or not old."""
    kind = SOURCE_KINDS[kind_name]
    landed, contract = files_of(files, kind, extract), kind.extracts[extract]
    if landed.is_empty():
        return set()
    key = ", ".join(f'landed."{name}"' for name in ("source_system", *contract.key))
    old = connection.execute(
        f"""
        select landed.source_system, landed._file_key, landed._row_number
        from {scan(landed)} as landed
        join files
            on files.source_system = landed.source_system and files.file_key = landed._file_key and files.extract = $1
        qualify max(coalesce(landed.{kind.changed_at}, files.exported_at, 'infinity')) over (partition by {key}) < $2
        """,
        [extract, _before(today, months)],
    ).fetchall()
    return {(system, extract, file_key, number) for system, file_key, number in old}


def _of_persons_who_left(
    home: Home, practice: Practice, connection: duckdb.DuckDBPyConnection, months: int, today: date
) -> Found:
    """The rows of persons who were seen, and not in these months."""
    if not (home.published / CURRENT).exists():
        return set()
    with open_file(home.published / current(home).id / WAREHOUSE, read_only=True) as published:
        left = published.execute(_LEFT, [months_later(today, -months)]).fetchall()
    return _of(home, practice, connection, [Record(*row) for row in left])


def _held(home: Home, practice: Practice, connection: duckdb.DuckDBPyConnection) -> Found:
    """The rows of persons whose data is restricted: it stays as it is, be it for a claim or for the person's own sake.

    Of all their records of today, whichever of them was restricted: a record may have come to the person since.
    """
    named = restricted(home, practice.id)
    records = {Record(*row) for row in named.rows()}
    if records and (home.published / CURRENT).exists():
        with open_file(home.published / current(home).id / WAREHOUSE, read_only=True) as published:
            published.register("restricted", named.to_arrow())
            records |= {Record(*row) for row in published.execute(_RECORDS_OF_RESTRICTED).fetchall()}
    return _of(home, practice, connection, sorted(records))


def _of(home: Home, practice: Practice, connection: duckdb.DuckDBPyConnection, records: list[Record]) -> Found:
    """The rows that are whole of the persons with these records, and what they lead to."""
    if not records:
        return set()
    without_key(connection, [one.name for one in records])
    parts = [part for part in landed_parts(home.landing(practice.id)) if not landed_damage(part.folder)]
    by_path = {str(part.place): part for part in find_rows(connection, parts)}
    found = connection.execute("select path, row_number from found where is_whole").fetchall()
    of_parts = ((by_path[path.rpartition("/")[0]], number) for path, number in found)
    return {(part.source_system, part.extract, part.folder.name, number) for part, number in of_parts}


def _before(today: date, months: int) -> datetime:
    return datetime.combine(months_later(today, -months), time(), UTC)


def _by_file(found: Found) -> Rows:
    rows = defaultdict[tuple[str, str, str], list[int]](list)
    for system, extract, file_key, number in sorted(found):
        rows[(system, extract, file_key)].append(number)
    return dict(rows)
