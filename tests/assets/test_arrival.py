"""What arrives when decides nothing but between rows that their source calls equally new, and that is counted."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.raw.views import build_raw

HEADER = "program_name,location_id,go_live_on,updated_at"
SAME_TIME = "2026-03-31T00:00:00Z"


def row(site: str, day: str, changed: str = SAME_TIME) -> str:
    return f"reach,{site},{day},{changed}"


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[..., duckdb.DuckDBPyConnection]:
    """Writes a file of the source `crm`, lands it, and builds raw from all that has landed."""
    practice, home = Practice("p", "P", "UTC", {"crm": tmp_path / "crm"}), Home(tmp_path / "home")
    (tmp_path / "crm").mkdir()

    def written(name: str, *rows: str) -> duckdb.DuckDBPyConnection:
        (tmp_path / "crm" / name).write_text("\n".join([HEADER, *rows]) + "\n")
        connection = duckdb.connect()
        build_raw(connection, practice, home, land(practice, home).ledger)
        return connection

    return written


def live(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    found = connection.execute("select location_id, go_live_on::varchar from raw.crm_program_rollout order by all").fetchall()
    return dict(found)


def contradicted(connection: duckdb.DuckDBPyConnection) -> int:
    return connection.execute("select sum(n_contradicted)::int from raw.deliveries").fetchall()[0][0]


@pytest.mark.parametrize("days", [("2026-01-01", "2026-02-02"), ("2026-02-02", "2026-01-01")])
@pytest.mark.parametrize("names", [("program_rollout.csv",) * 2, ("program_rollout-b.csv", "program_rollout-a.csv")])
def test_of_two_contents_with_one_time_of_change_the_later_delivery_counts(deliver, days: Sequence[str], names: Sequence[str]):
    """By the hash of the file, as it was once, a correction of the same day lost in 6 of 10 cases."""
    deliver(names[0], row("l1", days[0]), row("l2", "2026-05-05"))
    connection = deliver(names[1], row("l1", days[1]), row("l2", "2026-05-05"))

    assert live(connection) == {"l1": days[1], "l2": "2026-05-05"}
    assert contradicted(connection) == 1


def test_a_whole_file_counts_though_half_of_it_was_landed_first(deliver):
    deliver("program_rollout.csv", row("l1", "2026-01-01"), row("l2", "2026-0"))
    connection = deliver("program_rollout.csv", row("l1", "2026-01-01"), row("l2", "2026-05-05"))

    assert live(connection) == {"l1": "2026-01-01", "l2": "2026-05-05"}
    assert contradicted(connection) == 0


def test_a_first_delivery_that_comes_again_is_not_the_later_one(deliver):
    deliver("program_rollout.csv", row("l1", "2026-01-01"))
    deliver("program_rollout.csv", row("l1", "2026-02-02"))
    connection = deliver("program_rollout.csv", row("l1", "2026-01-01"))

    assert live(connection) == {"l1": "2026-02-02"}


def test_a_change_that_its_time_or_its_export_tells_apart_contradicts_nothing(deliver):
    """Delivered the wrong way round: the time of change decides, and then the date in the name."""
    deliver("program_rollout_2026-05-01.csv", row("l1", "2026-02-02", "2026-04-30T00:00:00Z"), row("l2", "2026-02-02"))
    connection = deliver("program_rollout_2026-04-01.csv", row("l1", "2026-01-01"), row("l2", "2026-01-01"))

    assert live(connection) == {"l1": "2026-02-02", "l2": "2026-02-02"}
    assert contradicted(connection) == 0


def _lines(*resources: dict) -> str:
    return "".join(json.dumps(resource) + "\n" for resource in resources)


def _patient(key: str, gender: str) -> dict:
    return {"resourceType": "Patient", "id": key, "gender": gender}


def _manifest(at: str, *names: str, kind: str = "Patient") -> str:
    listed = [{"type": kind, "url": f"https://ehr.example/{name}?token=x"} for name in names]
    return json.dumps({"transactionTime": at, "output": listed})


DELETION = {
    "resourceType": "Bundle",
    "timestamp": "2026-03-31T06:00:00Z",
    "entry": [{"request": {"method": "DELETE", "url": "Patient/1"}}],
}
ARRIVALS = {
    "2026-03-30/Patient.ndjson": _lines(_patient("1", "male"), _patient("2", "male")),
    "2026-03-31/Patient.ndjson": _lines(_patient("1", "female"), _patient("2", "female")),
    "2026-03-31/manifest.json": _manifest("2026-03-31T12:00:00Z", "Patient.ndjson"),
    "2026-03-31/deleted.ndjson": _lines(DELETION),
    "2026-04-01/a81c": _lines(_patient("3", "female")),
    "2026-04-01/manifest.json": _manifest("2026-04-01T12:00:00Z", "a81c"),
    "2026-04-02/Patient.ndjson": _lines(_patient("3", "unknown")),
    "2026-04-02/manifest.json": _manifest("2026-04-01T06:00:00Z", "other.ndjson"),
}
"""Patient 1 was exported six hours after its deletion: by the folder's name alone, six hours before it. Patient 3 was exported
last in the folder of 1 April: by the folders' names alone, in that of 2 April."""


@settings(max_examples=6, deadline=None)
@given(order=st.permutations(sorted(ARRIVALS)))
def test_a_manifest_counts_whenever_it_arrives(tmp_path_factory: pytest.TempPathFactory, order: list[str]):
    folder = tmp_path_factory.mktemp("arrivals")
    practice, home = Practice("p", "P", "UTC", {"ehr": folder / "ehr"}), Home(folder / "home")
    (folder / "ehr").mkdir()
    (folder / "ehr" / "Location.ndjson").write_text(_lines({"resourceType": "Location", "id": "1"}))
    for place in order:
        (folder / "ehr" / place).parent.mkdir(exist_ok=True)
        (folder / "ehr" / place).write_text(ARRIVALS[place])
        land(practice, home)

    with duckdb.connect() as connection:
        build_raw(connection, practice, home, land(practice, home).ledger)
        found = connection.execute("select id, gender from raw.ehr_patient order by id").fetchall()
    shutil.rmtree(folder)

    assert found == [("1", "female"), ("2", "female"), ("3", "female")]


def test_what_a_manifest_said_stays_when_it_is_taken_away(tmp_path: Path):
    ehr, home = tmp_path / "ehr", Home(tmp_path / "home")
    ehr.mkdir()
    (ehr / "a81c").write_text(_lines(_patient("1", "female")))
    (ehr / "manifest.json").write_text(_manifest("2026-04-01T12:00:00Z", "a81c"))
    practice = Practice("p", "P", "UTC", {"ehr": ehr})
    first = land(practice, home)
    (ehr / "manifest.json").unlink()

    second = land(practice, home)

    assert [(entry.extract, entry.exported_at) for entry in second.ledger] == [("Patient", "2026-04-01T12:00:00+00:00")]
    assert [(file.status, file.is_new) for file in (*first.files, *second.files)] == [("landed", True), ("landed", False)]
