"""What was published of a month is kept as it was published first."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from models.published import PUBLISHED
from pipelines.gap_history import TABLE, keep_gap_history, show_gap_history
from pipelines.home import Home
from pipelines.sql_type import sql_type

COLUMNS = ("measure_code", "group_id", "patient_key", "month_end_on", "gap_status", "measure_version")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def put(home: Home, id: str, rows: list[tuple[int, str, str]], *, n_rows: dict[str, int] | None = None) -> None:
    """A publication by hand: (patient_key, month_end_on, gap_status) of one measure."""
    folder = home.published / id
    folder.mkdir(parents=True)
    facts = {name: "test" for name in ("practice_id", "practice_name", "build_id", "fingerprint")}
    facts |= {
        "id": id,
        "is_synthetic": True,
        "time_zone": "UTC",
        "as_of_on": "2026-05-01",
        "published_at": "2026-05-01T06:00:00+00:00",
    }
    (folder / "manifest.json").write_text(json.dumps(facts | {"n_rows": {TABLE: len(rows)} if n_rows is None else n_rows}))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        types = {name: sql_type(PUBLISHED[TABLE].fields[name].dtype.type) for name in COLUMNS}
        connection.execute(f"create schema marts; create table {TABLE} ({', '.join(map(' '.join, types.items()))})")
        for patient, month_end, status in rows:
            connection.execute(f"insert into {TABLE} values ('CMS125', 'Group_1', ?, ?, ?, '1')", [patient, month_end, status])


def shown(home: Home) -> list[tuple]:
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        show_gap_history(connection, home, "test")
        return connection.execute(
            "select patient_key, month_end_on, gap_status, publication_id from raw.published_gap_months order by all"
        ).fetchall()


def test_before_the_first_publication_nothing_was_published(home):
    assert shown(home) == []


def test_a_month_stays_as_it_was_published_first(home):
    """Late data closes in the second publication what was open in the first; the month that is new in it is added."""
    put(home, "1", [(1, "2026-03-31", "open")])
    keep_gap_history(home)
    put(home, "2", [(1, "2026-03-31", "closed"), (1, "2026-04-30", "closed")])
    keep_gap_history(home)
    assert shown(home) == [(1, date(2026, 3, 31), "open", "1"), (1, date(2026, 4, 30), "closed", "2")]


def test_what_a_killed_run_did_not_keep_the_next_one_keeps(home):
    put(home, "1", [(1, "2026-03-31", "open")])
    put(home, "2", [(1, "2026-03-31", "closed")])
    keep_gap_history(home)
    assert shown(home) == [(1, date(2026, 3, 31), "open", "1")]


def test_a_patient_who_was_only_in_what_was_published_before_is_not_kept_again(home):
    put(home, "1", [(1, "2026-03-31", "open"), (2, "2026-03-31", "not_applicable")])
    keep_gap_history(home)
    assert [row[0] for row in shown(home)] == [1]


def test_a_publication_without_care_gaps_has_no_history(home):
    put(home, "1", [], n_rows={"marts.dim_patients": 3})
    keep_gap_history(home)
    assert shown(home) == []
