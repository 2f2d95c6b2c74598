"""Keeps published care gaps: each past month end as first published.

    history/<practice>/gap_months/2026-03-31.parquet

A file is written once and never replaced, so that a later build can show where late data changed a month that people have seen.
"""

import duckdb

from pipelines.home import Home
from pipelines.publications.kept_facts import keep, kept_of_persons, show_history
from pipelines.publications.store import WAREHOUSE, Publication, whole_publications
from pipelines.sql.connection import open_file
from pipelines.sql.literals import literal
from pipelines.sql.parquet import write_rows

TABLE = "marts.fct_care_gap_months"


def keep_gap_history(home: Home) -> None:
    """Keep each month end that a publication shows for the first time.

    Reads every remaining publication, oldest first, so the next run keeps what a killed run missed.
    """
    for publication in whole_publications(home):
        if TABLE in publication.n_rows:
            _keep(home, publication)


def show_gap_history(connection: duckdb.DuckDBPyConnection, home: Home, practice_id: str) -> None:
    """Create `raw.published_gap_months` from the kept files; empty but typed before the first publication."""
    show_history(connection, "published_gap_months", kept_of_persons(home, practice_id)["gap_months"])


def _keep(home: Home, publication: Publication) -> None:
    folder = home.history(publication.practice_id) / "gap_months"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open_file(home.published / publication.id / WAREHOUSE, read_only=True) as connection:
        month_ends = connection.execute(f"select distinct month_end_on from {TABLE} order by month_end_on").fetchall()
        for (month_end_on,) in month_ends:
            path = folder / f"{month_end_on}.parquet"
            if path.exists():
                continue
            beside = folder / f".{month_end_on}.parquet"
            query = f"""
                select
                    measure_code, group_id, patient_key, month_end_on, gap_status, measure_version,
                    {literal(publication.id)} as publication_id,
                    cast({literal(publication.published_at)} as timestamptz) as published_at
                from {TABLE}
                where month_end_on = {literal(str(month_end_on))} and gap_status <> 'not_applicable'
                order by measure_code, group_id, patient_key
            """
            write_rows(connection, query, beside, "compression zstd")
            keep(beside, path, "settle.gaps")
