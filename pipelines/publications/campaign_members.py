"""Keeps who was picked for a campaign's list, and who was held out from it at random: each as first published.

    history/<practice>/campaign_members/<day of the list>-<publication id>.parquet

A list shows whom its rule fits on its day; who has booked a visit since is not on the next one. So what came of a list can be
told only from who was on it at first. Each person of a campaign is kept once and never changes sides.
"""

import duckdb

from models.campaigns import NEVER_HELD_OUT
from pipelines.home import Home
from pipelines.publications.kept_facts import keep_new, kept_of_persons, show_history
from pipelines.publications.store import Publication, whole_publications

TABLE = "delivery.out_campaign_patients"
FOLDER, KEPT = "campaign_members", "published_campaign_members"
_PICKED = f"""
    from delivery.out_campaign_patients as patients
    inner join (select distinct campaign_code, title, audience, measure_code from delivery.out_campaigns) as campaigns
        using (campaign_code)
    where (patients.suppress_reason is null or patients.is_held_out)
        and not patients.is_clinically_urgent and campaigns.audience not in {NEVER_HELD_OUT}
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
    path = folder / f"{publication.as_of_on}-{publication.id}.parquet"
    kept = kept_of_persons(home, publication.practice_id)[FOLDER]
    keep_new(home, publication, path, _PICKED, table=KEPT, kept=kept, point="settle.campaigns", added_on="patients.listed_on")
