"""What was published of a month is kept as it was published first."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from models.published import PUBLISHED
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.publications.gap_months import TABLE, keep_gap_history, show_gap_history
from pipelines.sql.types import sql_type
from pipelines.warehouse.build import build_warehouse

COLUMNS = ("measure_code", "group_id", "patient_key", "month_end_on", "gap_status", "measure_version")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def put(home: Home, id: str, rows: list[tuple[int, str, str]], *, n_rows: dict[str, int] | None = None) -> None:
    """A publication by hand: (patient_key, month_end_on, gap_status) of one measure."""
    folder = home.published / id
    folder.mkdir(parents=True)
    write_manifest(folder, {TABLE: len(rows)} if n_rows is None else n_rows)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        types = {name: sql_type(PUBLISHED[TABLE].fields[name].dtype.type) for name in COLUMNS}
        connection.execute(f"create schema marts; create table {TABLE} ({', '.join(map(' '.join, types.items()))})")
        for patient, month_end, status in rows:
            connection.execute(f"insert into {TABLE} values ('CMS125', 'Group_1', ?, ?, ?, '1')", [patient, month_end, status])


def write_manifest(folder: Path, n_rows: dict[str, int]) -> None:
    facts = {name: "test" for name in ("practice_id", "practice_name", "build_id", "fingerprint")}
    facts |= {
        "id": folder.name,
        "is_synthetic": True,
        "time_zone": "UTC",
        "as_of_on": "2026-05-01",
        "published_at": "2026-05-01T06:00:00+00:00",
    }
    (folder / "manifest.json").write_text(json.dumps(facts | {"n_rows": n_rows}))


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


def test_the_next_run_keeps_what_a_killed_run_did_not(home):
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


def deliver(folder: Path, *resources: dict) -> None:
    """Bulk FHIR of one patient, `p`."""
    folder.mkdir(parents=True)
    for resource in resources:
        with (folder / f"{resource['resourceType']}.ndjson").open("a") as file:
            file.write(json.dumps(resource) + "\n")


@pytest.mark.slow
def test_a_month_that_people_have_seen_is_marked_when_data_comes_late(new_home: Callable[[], Home], tmp_path: Path):
    """A patient of 75 is seen in January 2026, and screened for falls (CMS139) on 10 February; the screening is delivered only
    after what the practice knew on 10 April has been published. January was open and is; February and March were, and are not.
    """
    home, ehr = new_home(), tmp_path / "ehr"
    of_patient = {"subject": {"reference": "Patient/p"}}
    visit = {"start": "2026-01-15T09:00:00Z", "end": "2026-01-15T09:30:00Z"}
    kind = [{"coding": [{"system": "http://snomed.info/sct", "code": "185349003"}]}]
    deliver(
        ehr / "2026-04-10",
        {"resourceType": "Patient", "id": "p", "birthDate": "1950-06-01"},
        {"resourceType": "Encounter", "id": "e", "status": "finished", "type": kind, "period": visit, **of_patient},
        {
            "resourceType": "Observation",
            "id": "weight",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
            "effectiveDateTime": "2026-01-15T09:10:00Z",
            **of_patient,
        },
    )
    practice = Practice(
        id="test",
        name="Test",
        time_zone="UTC",
        sources={"ehr": ehr},
        is_synthetic=True,
        as_of=date(2026, 4, 10),
        variables={"rolling_month_ends": 3},
    )
    query = f"""
        select month_end_on, gap_status, published_gap_status, is_restated, restatement_reason
        from {TABLE} where measure_code = 'CMS139' order by month_end_on
    """

    def built() -> tuple[Path, list[tuple]]:
        warehouse = build_warehouse(home, practice, select=["+fct_care_gap_months"])
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            return warehouse, connection.execute(query).fetchall()

    month_ends = [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]
    warehouse, months = built()
    assert months == [(month_end, "open", "open", False, None) for month_end in month_ends]
    shown_to_people = home.published / "1"
    shown_to_people.mkdir(parents=True)
    shutil.copy(warehouse, shown_to_people / "warehouse.duckdb")
    write_manifest(shown_to_people, {TABLE: len(months)})
    keep_gap_history(home)

    deliver(
        ehr / "2026-04-20",
        {
            "resourceType": "Observation",
            "id": "fall",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "73830-2"}]},
            "effectiveDateTime": "2026-02-10T09:10:00Z",
            **of_patient,
        },
    )
    assert built()[1] == [
        (month_ends[0], "open", "open", False, None),
        (month_ends[1], "closed", "open", True, "late data"),
        (month_ends[2], "closed", "open", True, "late data"),
    ]
