"""A baseline is kept as the first publication that showed it as final, whatever later ones show."""

import json
from pathlib import Path

import duckdb
import pytest

from models.published import PUBLISHED
from pipelines.home import Home
from pipelines.publications.baselines import TABLE, keep_baselines, show_baselines
from pipelines.sql.types import sql_type


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def put(home: Home, id: str, rows: list[tuple[int, float, bool]]) -> None:
    """A publication by hand: (program_key, numerator, is_final) of one KPI."""
    folder = home.published / id
    folder.mkdir(parents=True)
    facts = {name: "test" for name in ("practice_id", "practice_name", "build_id", "fingerprint")}
    facts |= {"id": id, "is_synthetic": True, "time_zone": "UTC", "as_of_on": "2026-05-01", "n_rows": {TABLE: len(rows)}}
    (folder / "manifest.json").write_text(json.dumps(facts | {"published_at": f"2026-05-0{id}T06:00:00+00:00"}))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        columns = ", ".join(f"{name} {sql_type(column.dtype.type)}" for name, column in PUBLISHED[TABLE].fields.items())
        connection.execute(f"create schema marts; create table {TABLE} ({columns})")
        for row in rows:
            connection.execute(
                f"insert into {TABLE} (program_key, kpi_code, numerator, is_final) values (?, 'no_show_rate', ?, ?)", row
            )


def shown(home: Home) -> list[tuple]:
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        show_baselines(connection, home, "test")
        return connection.execute(
            "select program_key, numerator, publication_id from raw.published_baselines order by all"
        ).fetchall()


def test_before_the_first_publication_nothing_is_frozen(home: Home):
    assert shown(home) == []


def test_a_baseline_stays_as_it_was_frozen(home: Home):
    """Program 1 is final in the first publication and has other data in the second, in which program 2 is final too."""
    put(home, "1", [(1, 10.0, True), (2, 5.0, False)])
    keep_baselines(home)
    put(home, "2", [(1, 99.0, True), (2, 6.0, True)])
    keep_baselines(home)
    keep_baselines(home)
    assert shown(home) == [(1, 10.0, "1"), (2, 6.0, "2")]


def test_the_next_run_freezes_what_a_killed_run_did_not(home: Home):
    put(home, "1", [(1, 10.0, True)])
    put(home, "2", [(1, 99.0, True)])
    keep_baselines(home)
    assert shown(home) == [(1, 10.0, "1")]
