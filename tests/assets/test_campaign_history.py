"""Who was on a campaign's list, or held out from it, is kept as first published, whatever later lists show."""

import json
from pathlib import Path

import duckdb
import pytest

from models.published import PUBLISHED
from pipelines.home import Home
from pipelines.publications.campaign_members import TABLE, keep_campaign_members, show_campaign_members
from pipelines.sql.types import sql_type

CAMPAIGNS = {"eyes": ("condition", "CMS131"), "prevention": ("prevention", None), "discharge": ("discharge", None)}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def put(home: Home, day: int, rows: list[tuple[str, int, str | None, bool]]) -> None:
    """A publication by hand, of that day of May 2026: (campaign, person, why they are left out, whether urgent)."""
    folder, on = home.published / str(day), f"2026-05-0{day}"
    folder.mkdir(parents=True)
    facts = {name: "test" for name in ("practice_id", "practice_name", "build_id", "fingerprint")}
    facts |= {"id": str(day), "is_synthetic": True, "time_zone": "UTC", "as_of_on": on, "n_rows": {TABLE: len(rows)}}
    (folder / "manifest.json").write_text(json.dumps(facts | {"published_at": f"{on}T06:00:00+00:00"}))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema delivery")
        for table in (TABLE, "delivery.out_campaigns"):
            columns = ", ".join(f"{name} {sql_type(column.dtype.type)}" for name, column in PUBLISHED[table].fields.items())
            connection.execute(f"create table {table} ({columns})")
        for code, (audience, measure) in CAMPAIGNS.items():
            for site in (1, 2):
                connection.execute(
                    "insert into delivery.out_campaigns (campaign_code, location_key, title, audience, measure_code) "
                    "values (?, ?, ?, ?, ?)",
                    (code, site, code.title(), audience, measure),
                )
        for code, person, reason, is_urgent in rows:
            connection.execute(
                f"insert into {TABLE} "
                "(campaign_code, patient_key, suppress_reason, is_held_out, is_clinically_urgent, listed_on) "
                "values (?, ?, ?, ?, ?, ?)",
                (code, person, reason, reason == "held_out", is_urgent, on),
            )


def shown(home: Home) -> list[tuple]:
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        show_campaign_members(connection, home, "test")
        query = (
            "select campaign_code, patient_key, is_held_out, added_on::varchar, measure_code from raw.published_campaign_members"
        )
        return connection.execute(f"{query} order by all").fetchall()


def test_before_the_first_publication_nobody_was_on_a_list(home: Home):
    assert shown(home) == []


def test_a_person_stays_in_the_arm_and_on_the_day_of_the_first_list(home: Home):
    """Of 1 May: person 1 to contact, person 2 held out, person 3 with no consent. Of 2 May: 1 has booked and is not on it, 2 is
    not held out any more, 3 consented."""
    put(home, 1, [("eyes", 1, None, False), ("eyes", 2, "held_out", False), ("eyes", 3, "no_consent_on_record", False)])
    keep_campaign_members(home)
    put(home, 2, [("eyes", 2, None, False), ("eyes", 3, None, False), ("prevention", 2, None, False)])
    keep_campaign_members(home)
    keep_campaign_members(home)
    assert shown(home) == [
        ("eyes", 1, False, "2026-05-01", "CMS131"),
        ("eyes", 2, True, "2026-05-01", "CMS131"),
        ("eyes", 3, False, "2026-05-02", "CMS131"),
        ("prevention", 2, False, "2026-05-02", None),
    ]


def test_whom_no_lot_could_hold_out_is_in_neither_arm(home: Home):
    put(home, 1, [("eyes", 1, None, True), ("discharge", 2, None, False)])
    keep_campaign_members(home)
    assert shown(home) == [] and not list(home.history("test").glob("campaign_members/*"))


def test_the_next_run_keeps_what_a_killed_run_did_not(home: Home):
    put(home, 1, [("eyes", 1, None, False)])
    put(home, 2, [("eyes", 1, "held_out", False)])
    keep_campaign_members(home)
    assert shown(home) == [("eyes", 1, False, "2026-05-01", "CMS131")]
