"""Keeps who was picked for a campaign's list, and who was held out from it at random: each as first published.

    history/<practice>/campaign_members/<day of the list>-<publication id>.parquet

A list shows whom its rule fits on its day; who has booked a visit since is not on the next one. So what came of a list can be
told only from who was on it at first. Each person of a campaign is kept once and never changes sides.
"""

from pathlib import Path

import duckdb

from models.landing import LANDING
from pipelines.home import Home
from pipelines.publications.kept_facts import keep, kept_of_persons, show_history
from pipelines.publications.store import WAREHOUSE, Publication, whole_publications
from pipelines.sql.connection import open_file
from pipelines.sql.literals import literal
from pipelines.sql.parquet import rows_of, write_rows

TABLE = "delivery.out_campaign_patients"
FOLDER, KEPT = "campaign_members", "published_campaign_members"
_PICKED = """
    select {columns}
    from delivery.out_campaign_patients as patients
    inner join (select distinct campaign_code, title, audience, measure_code from delivery.out_campaigns) as campaigns
        using (campaign_code)
    where (patients.suppress_reason is null or patients.is_held_out)
        and not patients.is_clinically_urgent and campaigns.audience not in ('discharge', 'visit')
"""
"""Whom the lot could hold out: the urgent and what a clinician ordered are never held out, so they would be in one arm alone."""


def keep_campaign_members(home: Home) -> None:
    """Keep each person whom a publication shows on a campaign's list, or held out from it, for the first time.

    Reads every remaining publication, oldest first, so the next run keeps what a killed run missed.
    """
    for publication in whole_publications(home):
        if publication.n_rows.get(TABLE):
            _keep(home, publication)


def show_campaign_members(connection: duckdb.DuckDBPyConnection, home: Home, practice_id: str) -> None:
    """Create `raw.published_campaign_members` from the kept files; empty but typed before the first publication."""
    show_history(connection, KEPT, kept_of_persons(home, practice_id)[FOLDER])


def _keep(home: Home, publication: Publication) -> None:
    folder = home.history(publication.practice_id) / FOLDER
    path: Path = folder / f"{publication.as_of_on}-{publication.id}.parquet"
    if path.exists():
        return
    published = {
        "added_on": "patients.listed_on",
        "publication_id": literal(publication.id),
        "published_at": f"cast({literal(publication.published_at)} as timestamptz)",
    }
    picked = _PICKED.format(columns=", ".join(f"{published.get(name, name)} as {name}" for name in LANDING[KEPT].fields))
    if kept := kept_of_persons(home, publication.practice_id)[FOLDER]:
        picked += f" and (campaign_code, patient_key) not in (select (campaign_code, patient_key) from {rows_of(kept)})"
    with open_file(home.published / publication.id / WAREHOUSE, read_only=True) as connection:
        if not connection.execute(f"select count(*) from ({picked})").fetchall()[0][0]:
            return
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f".{path.name}")
        write_rows(connection, f"{picked} order by campaign_code, patient_key", beside, "compression zstd")
    keep(beside, path, "settle.campaigns")
