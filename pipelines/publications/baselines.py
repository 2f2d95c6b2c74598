"""Keeps published baselines: each as first published as final.

    history/<practice>/baselines/<publication id>.parquet

Each baseline is kept once and never replaced. Later builds show it beside the current result for the same months, so that
a change to the past is visible but never overwrites the baseline.
"""

from pathlib import Path

import duckdb

from pipelines.home import Home
from pipelines.publications.kept_facts import keep_new, show_history
from pipelines.publications.store import Publication, whole_publications

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
    rows = f"from {TABLE} where is_final and publication_id is null"
    kept = _files(home, publication.practice_id)
    keep_new(home, publication, path, rows, table=KEPT, kept=kept, point="settle.baselines")
