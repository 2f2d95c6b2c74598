"""Facts kept from earlier publications for good, for later builds to compare with: kept whole, and shown in schema `raw`.

history/<practice>/…/<name>.parquet
history/<practice>/…/.<name>.parquet.seal     its size and hash
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from models.landing import LANDING
from pipelines.durable import put_in_place, sync, write_durably
from pipelines.errors import EnvironmentNotReady
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.publications.store import WAREHOUSE, Publication
from pipelines.sealed import damage, seal
from pipelines.sql.connection import open_file
from pipelines.sql.literals import literal
from pipelines.sql.parquet import rows_of, write_rows
from pipelines.sql.types import sql_type

OF_PERSONS = {"gap_months": "published_gap_months", "campaign_members": "published_campaign_members"}
"""What is kept of persons: its folder in a practice's history, and the table that shows it (a contract in `LANDING`)."""


def kept_of_persons(home: Home, practice_id: str) -> dict[str, list[Path]]:
    """The files that are kept of persons, by their folder; each has a column `patient_key`."""
    return {folder: sorted((home.history(practice_id) / folder).glob("[0-9]*.parquet")) for folder in OF_PERSONS}


def keep_new(
    home: Home, publication: Publication, path: Path, rows: str, *, table: str, kept: Sequence[Path], point: str, **columns: str
) -> None:
    """Keep in `path` the rows that a publication shows for the first time: those whose key is in no `kept` file.

    `rows`: SQL from `from` on, with a `where`; `table`: one of `LANDING`, whose fields and key they have. `columns`: SQL of
    those fields that are named otherwise. Nothing is written where `path` is there or no row is new. `point` as in `keep`.
    """
    if path.exists():
        return
    columns |= {
        "publication_id": literal(publication.id),
        "published_at": f"cast({literal(publication.published_at)} as timestamptz)",
    }
    contract = LANDING[table]
    key = ", ".join(contract.key)
    new = f"select {', '.join(f'{columns.get(name, name)} as {name}' for name in contract.fields)} {rows}"
    if kept:
        new += f" and ({key}) not in (select ({key}) from {rows_of(kept)})"
    with open_file(home.published / publication.id / WAREHOUSE, read_only=True) as connection:
        if not connection.execute(f"select count(*) from ({new})").fetchall()[0][0]:
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f".{path.name}")
        write_rows(connection, f"{new} order by {key}", beside, "compression zstd")
    keep(beside, path, point)


def keep(written: Path, path: Path, point: str) -> None:
    """Give a written file its name for good, with its size and hash beside it. `point` names it for tests."""
    passing(f"{point}.written", path)
    # First the seal: a file that has its name is never written again.
    write_durably(_seal_of(path), json.dumps({path.name: seal([written])[written.name]}), f"{point}.seal")
    put_in_place(written, path)
    passing(f"{point}.placed", path)


def keep_instead(written: Path, path: Path, point: str) -> None:
    """Put a written file in the place of a kept one. `settle_kept` ends what was stopped in between."""
    sync(written)
    passing(f"{point}.written", path)
    write_durably(_seal_of(path), json.dumps({path.name: seal([written])[written.name]}), f"{point}.seal")
    put_in_place(written, path)
    passing(f"{point}.placed", path)


def settle_kept(folder: Path) -> None:
    """Give their names to the files in the folders of `folder` that were written to replace kept ones and have not done so yet:
    the seal is theirs already."""
    for beside in folder.glob("*/.[0-9]*.parquet"):
        path = beside.with_name(beside.name.removeprefix("."))
        if path.exists() and damaged([path]) and _is_sealed(beside, path):
            put_in_place(beside, path)


def _is_sealed(beside: Path, path: Path) -> bool:
    """Whether the seal of a kept file is that of the one that was written beside it."""
    stated = json.loads(_seal_of(path).read_text(encoding="utf-8"))
    return bool(stated[path.name] == seal([beside])[beside.name])


def damaged(files: Iterable[Path]) -> list[str]:
    """What is wrong with kept files, in words, each with its path; a file without a seal was kept by an earlier version."""
    found = []
    for path in files:
        try:
            sealed = json.loads(_seal_of(path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            sealed = seal([path])
        found += [f"{path.parent}: {wrong}" for wrong in damage(path.parent, sealed, deep=True)]
    return found


def _seal_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.seal")


def show_history(connection: duckdb.DuckDBPyConnection, table: str, files: Sequence[Path]) -> None:
    """Create the view `raw.<table>` from the kept Parquet files; empty but typed if there are none.

    `table` is one of `LANDING`; every file has its columns. Raises `EnvironmentNotReady` naming files that are damaged: no run
    can make them again.
    """
    if wrong := damaged(files):
        told = "What was published of past months is damaged, and no run can make it again. Restore it from a backup, or remove"
        raise EnvironmentNotReady("\n  ".join([f"{told} the file: what it holds then counts as never published.", *wrong]))
    fields = LANDING[table].fields
    view = f"create or replace view raw.{table} as select"
    if files:
        connection.execute(f"{view} {', '.join(fields)} from {rows_of(files)}")
    else:
        nothing = ", ".join(f"null::{sql_type(field.dtype.type)} as {name}" for name, field in fields.items())
        connection.execute(f"{view} {nothing} where false")
