"""Keeps published baselines: each as first published as final.

    history/<practice>/baselines/<publication id>.parquet

Each baseline is kept once and never replaced. Later builds show it beside the current result for the same months, so that
a change to the past is visible but never overwrites the baseline.
"""

from pathlib import Path

import duckdb

from models.landing import LANDING
from pipelines.home import Home
from pipelines.publications.kept_facts import keep, show_history
from pipelines.publications.store import WAREHOUSE, Publication, whole_publications
from pipelines.sql.connection import open_file
from pipelines.sql.literals import literal
from pipelines.sql.parquet import rows_of, write_rows

TABLE = "marts.fct_baselines"
KEPT = "published_baselines"


def keep_baselines(home: Home) -> None:
    """Keep each baseline that a publication shows as final for the first time.

    Reads every remaining publication, oldest first, so the next run keeps what a killed run missed.
    """
    for publication in whole_publications(home):
        if publication.n_rows.get(TABLE):
            _keep(home, publication)


def show_baselines(connection: duckdb.DuckDBPyConnection, home: Home, practice_id: str) -> None:
    """Create `raw.published_baselines` from the kept files; empty but typed before the first publication."""
    show_history(connection, KEPT, _files(home, practice_id))


def _folder(home: Home, practice_id: str) -> Path:
    return home.history(practice_id) / "baselines"


def _files(home: Home, practice_id: str) -> list[Path]:
    return sorted(_folder(home, practice_id).glob("[0-9]*.parquet"))


def _keep(home: Home, publication: Publication) -> None:
    path = _folder(home, publication.practice_id) / f"{publication.id}.parquet"
    if path.exists():
        return
    fields = LANDING[KEPT].fields
    published = {
        "publication_id": literal(publication.id),
        "published_at": f"cast({literal(publication.published_at)} as timestamptz)",
    }
    columns = ", ".join(f"{published.get(name, name)} as {name}" for name in fields)
    kept = _files(home, publication.practice_id)
    kept_rows = f"select * from {rows_of(kept)}" if kept else ""
    with open_file(home.published / publication.id / WAREHOUSE, read_only=True) as connection:
        new = f"select {columns} from {TABLE} where is_final and publication_id is null"
        new += f" and (program_key, kpi_code) not in (select (program_key, kpi_code) from ({kept_rows}))" if kept else ""
        if not connection.execute(f"select count(*) from ({new})").fetchall()[0][0]:
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f".{path.name}")
        write_rows(connection, f"{new} order by program_key, kpi_code", beside)
    keep(beside, path, "settle.baselines")
