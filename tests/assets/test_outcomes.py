"""What the care team records in the dashboards reaches the warehouse at the next run, once, and for the right patient."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest
from pandera.errors import SchemaError

from dashboards.outreach.outcomes import OUTCOMES, Outcome, record, withdraw
from pipelines.home import Home
from pipelines.landing import journal
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.raw.as_of import NEWEST_EXPORT
from pipelines.raw.views import build_raw

OPEN = OUTCOMES.open_name
NO_ANSWER = Outcome("ehr", "ehr_patient", "p-1", "phone", "no_answer", "kim@example.org")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def practice(tmp_path: Path) -> Practice:
    (tmp_path / "crm").mkdir()
    return Practice("p", "P", "America/New_York", {"crm": tmp_path / "crm"})


@pytest.fixture
def folder(home: Home, practice: Practice) -> Path:
    return home.outcomes(practice.id)


def landed(home: Home, practice: Practice) -> duckdb.DuckDBPyConnection:
    report = land(practice, home)
    connection = duckdb.connect()
    build_raw(connection, practice, home, report.ledger)
    return connection


def test_writer_and_reader_agree_on_where_the_open_journal_lies(folder: Path):
    record(folder, NO_ANSWER)
    assert [path.name for path in folder.iterdir()] == [OPEN] == [journal.OPEN["outreach_outcomes"]]


def test_only_the_owner_may_read_the_journal(folder: Path):
    record(folder, NO_ANSWER)
    assert stat.S_IMODE((folder / OPEN).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_next_run_lands_every_entry_once(home: Home, practice: Practice, folder: Path):
    first = record(folder, NO_ANSWER)
    assert landed(home, practice).execute("select outcome_id from raw.caregap_outreach_outcomes").fetchall() == [(first,)]

    second = record(folder, NO_ANSWER)
    connection = landed(home, practice)
    rows = connection.execute("select outcome_id from raw.caregap_outreach_outcomes").fetchall()
    assert sorted(rows) == sorted([(first,), (second,)])
    delivered_rows = connection.execute(
        "select n_delivered, n_landed, status from raw.deliveries where source_system = 'caregap'"
    ).fetchall()
    assert delivered_rows == [(1, 1, "landed"), (1, 1, "landed")]
    assert set(OUTCOMES.entries(folder)["outcome_id"]) == {first, second}


def test_an_entry_that_was_taken_back_is_landed_as_such(home: Home, practice: Practice, folder: Path):
    mistaken = record(folder, NO_ANSWER)
    landed(home, practice)
    withdraw(folder, mistaken)
    rows = landed(home, practice).execute("select outcome_id, is_withdrawn from raw.caregap_outreach_outcomes").fetchall()
    assert rows == [(mistaken, True)]
    with pytest.raises(KeyError):
        withdraw(folder, mistaken)


def test_entries_of_many_at_once_are_all_kept_whole(folder: Path):
    with ThreadPoolExecutor(8) as people:
        ids = list(people.map(lambda _: record(folder, NO_ANSWER), range(40)))
    assert sorted(OUTCOMES.entries(folder)["outcome_id"]) == sorted(ids)


def test_nothing_that_is_no_outcome_gets_into_the_journal(folder: Path):
    with pytest.raises(SchemaError):
        record(folder, Outcome("ehr", "ehr_patient", "p-1", "phone", "=1+1", "kim@example.org"))
    assert not (folder / OPEN).exists()


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\u2028b"])
def test_an_id_that_would_break_the_file_is_refused(folder: Path, text: str):
    with pytest.raises(ValueError, match="cannot be printed"):
        record(folder, Outcome("ehr", "ehr_patient", text, "phone", "reached", "kim@example.org"))


@pytest.mark.parametrize("text", ['a,"b"', "=1+1", "Ünal; drop table", "'"])
def test_any_text_in_an_id_survives_a_round_trip(folder: Path, text: str):
    record(folder, Outcome("ehr", "ehr_patient", text, "phone", "reached", text))
    [row] = OUTCOMES.entries(folder).select("patient_source_id", "recorded_by").rows()
    assert row == (text, text)


def test_outcomes_recorded_in_caregap_do_not_move_the_day_that_a_run_looks_back_from(
    home: Home, practice: Practice, folder: Path
):
    spend = "spend_id,month_on,lead_source,location_id,amount_usd,updated_at\n1,2026-03-01,social,,1.00,2026-03-02T00:00:00Z\n"
    (practice.sources["crm"] / "marketing_spend_2026-03-31.csv").write_text(spend)
    record(folder, NO_ANSWER)
    told = {"time_zone": "UTC", "own": ["caregap"], "visit": None}
    assert str(landed(home, practice).execute(NEWEST_EXPORT, told).fetchall()[0][0]) == "2026-03-31"
