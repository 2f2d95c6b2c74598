"""What is kept longer than the practice's retention says is shown, and goes when that is asked for; nothing else does."""

import json
import multiprocessing
import os
import signal
from dataclasses import replace
from datetime import timedelta

import duckdb
import pytest

from models.settings.privacy import Audiences, Retention
from models.settings.toml_schema import SettingsRefused, read_settings
from pipelines.audit_log import log_of
from pipelines.backup import back_up
from pipelines.clock import now
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.landing.integrity import landed_damage, read_manifest
from pipelines.landing.land import land, landed_before
from pipelines.landing.persons import landed_parts
from pipelines.publications.store import current, damage_of, publications
from pipelines.raw.views import build_raw
from pipelines.rights.person import Person, find_person
from pipelines.rights.restrict import lift, restrict
from pipelines.rights.retention import evidence
from pipelines.rights.retention.dispose import dispose_due, holdings
from pipelines.rights.retention.evidence import newest_evidence, refuse_if_clock_is_ahead
from pipelines.warehouse.fingerprint import fingerprint
from tests.conftest import caregap
from tests.rights.conftest import KEYS

DELETED = {
    "resourceType": "Bundle",
    "type": "transaction",
    "timestamp": "2026-03-05T00:00:00Z",
    "entry": [{"request": {"method": "DELETE", "url": "Observation/Observation-secret-1"}}],
}
"""Months before the day of these tests, and more later on: 3 months are over, 1200 are not."""


def kept(practice, **months):
    return replace(practice, retention=Retention(**{"patients": 0} | months))


def due(home, practice, backups=()) -> dict[str, int]:
    return {one.what: one.n_due for one in holdings(home, practice, backups) if one.n_due}


def apply(home, practice, backups=()) -> int:
    return dispose_due(home, holdings(home, practice, backups))


def n_rows(home, extract: str) -> int:
    paths = [str(path) for path in home.landing("test").glob(f"*/{extract}/*/rows.parquet")]
    return duckdb.execute("select count(*) from read_parquet(?, union_by_name = true)", [paths]).fetchall()[0][0]


def tree(home) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.root.rglob("*") if path.is_file()}


@pytest.fixture
def deleted(home, practice):
    folder = practice.sources["ehr"] / "2026-03-31" / "deleted"
    folder.mkdir()
    (folder / "Bundle.ndjson").write_text(json.dumps(DELETED) + "\n")
    land(practice, home)


@pytest.mark.slow
def test_without_a_setting_nothing_is_due_and_a_look_changes_nothing(home, practice, deleted):
    holdings(home, practice)
    before = tree(home)
    assert due(home, practice) == {} and apply(home, practice) == 0
    assert tree(home) == before


def test_what_the_ehr_deleted_leaves_landing_when_its_time_is_over_and_is_counted(home, practice, deleted):
    """Of three observations, one was deleted. It goes; the counts of its file still add up, and no landing brings it back."""
    assert due(home, kept(practice, deleted_rows=1200)) == {}
    asked = kept(practice, deleted_rows=3)
    assert due(home, asked) == {"Landed rows that their source deleted": 1}
    before = fingerprint(home, practice, landed_before(practice, home))
    assert n_rows(home, "Observation") == 3 and apply(home, asked) == 1
    assert n_rows(home, "Observation") == 2 and due(home, asked) == {}
    for part in landed_parts(home.landing("test")):
        assert landed_damage(part.folder, deep=True) == []
        stated = read_manifest(part.folder)
        assert stated["n_delivered"] == stated["n_read"] + stated["n_quarantined"] + stated.get("n_erased", 0)
    land(practice, home)
    assert n_rows(home, "Observation") == 2
    with duckdb.connect() as connection:
        build_raw(connection, practice, home, landed_before(practice, home))
        counted = "select n_delivered, n_landed, n_superseded, n_erased from raw.deliveries where extract = 'Observation'"
        assert connection.sql(counted).fetchall() == [(3, 2, 0, 1)]
    assert fingerprint(home, practice, landed_before(practice, home)) != before, "the next run publishes without it"
    [line] = [one for one in log_of(home).entries() if one["event"] == "disposed"]
    assert line["n_rows"] == 1 and "secret" not in json.dumps(line)


def test_a_hold_keeps_what_the_ehr_deleted_until_it_is_lifted(home, practice, deleted):
    asked, person = kept(practice, deleted_rows=3), find_person(home, practice, str(KEYS[1]))
    restrict(home, practice, person, "legal_claims")
    assert due(home, asked) == {}
    lift(home, practice, person)
    assert due(home, asked) == {"Landed rows that their source deleted": 1}


@pytest.mark.slow
def test_a_row_that_came_again_after_its_deletion_stays(home, practice, deleted):
    again = {"resourceType": "Observation", "id": "Observation-secret-1", "meta": {"lastUpdated": "2026-03-20T00:00:00Z"}}
    again["subject"] = {"reference": "Patient/p-secret-1"}
    (practice.sources["ehr"] / "2026-04-30").mkdir()
    (practice.sources["ehr"] / "2026-04-30" / "Observation.ndjson").write_text(json.dumps(again) + "\n")
    land(practice, home)
    assert due(home, kept(practice, deleted_rows=3)) == {}


@pytest.mark.slow
def test_rows_of_a_table_go_by_age_only_of_persons_whose_records_need_not_be_kept(home, practice):
    """Both were last seen on 1 March 2026, when their claims changed last."""
    asked = kept(practice, tables={"billing.claims": 3})
    assert due(home, asked) == {"Landed billing.claims": 2}
    assert due(home, kept(practice, tables={"billing.claims": 1200})) == {}
    assert due(home, kept(practice, tables={"billing.claims": 3}, patients=600)) == {}, "seen within fifty years"
    restrict(home, practice, find_person(home, practice, str(KEYS[1])), "legal_claims")
    assert due(home, asked) == {"Landed billing.claims": 1}, "a hold keeps what it holds"
    assert apply(home, asked) == 1 and n_rows(home, "claims") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('tables = { "ehr.Patient" = 12 }', "no table whose rows may leave"),
        ('tables = { "crm.consents" = 12 }', "no table whose rows may leave"),
        ('tables = { "billing.charge" = 12 }', "Did you mean billing.charges"),
        ("audit_log = 71", "from 72"),
        ("gap_months = 12", "from 60"),
        ("forever = 1", "forever"),
    ],
)
def test_what_says_who_somebody_is_or_that_they_said_no_leaves_by_no_setting_and_six_years_of_the_log_neither(text, said):
    with pytest.raises(SettingsRefused, match=said):
        read_settings(text.encode(), Retention, "practice.toml")


@pytest.mark.slow
def test_earlier_publications_lose_a_readers_files_or_go_and_the_current_one_stays_whole(home, practice, publish_anew):
    [earlier] = publications(home)
    for name in ("outreach_list.csv", "report_2026-03.html", "deidentified.duckdb"):
        (home.published / earlier.id / name).write_text("x")
    publish_anew()
    shown = current(home)
    (home.published / shown.id / "outreach_list.csv").write_text("x")
    asked = kept(practice, audiences=Audiences(care_team=0, leadership=1200))
    assert due(home, asked) == {"Earlier publications, for care_team: their outreach lists": 1}
    assert apply(home, asked) == 1
    left = {path.name for path in (home.published / earlier.id).iterdir()}
    assert "outreach_list.csv" not in left and {"report_2026-03.html", "deidentified.duckdb", "warehouse.duckdb"} <= left
    assert damage_of(home, earlier) == [] and (home.published / shown.id / "outreach_list.csv").exists()
    assert apply(home, kept(practice, audiences=Audiences(everybody=0))) == 1
    assert [one.id for one in publications(home)] == [shown.id] and not (home.published / earlier.id).exists()


@pytest.mark.slow
def test_of_an_earlier_publication_no_file_is_left_that_none_of_the_readers_whose_time_is_over_reads(
    home, practice, publish_anew, sample_home
):
    """The files of a whole run: lists as CSV and workbook, that of clinicians, reports as pages and PDF."""
    [earlier] = publications(home)
    shown = (sample_home.published / "current").resolve()
    for name in {path.name for path in shown.iterdir()} | {"report_2026-03.pdf"}:
        (home.published / earlier.id / name).touch()
    publish_anew()
    apply(home, kept(practice, audiences=Audiences(care_team=0, leadership=0, analysts=0)))
    left = {path.name for path in (home.published / earlier.id).iterdir()}
    assert left == {"warehouse.duckdb", "manifest.json", "shown", "model_evaluation.md"}


def test_a_hold_keeps_what_came_to_the_person_after_it_was_set(home, practice, publish_anew):
    """The account and its claim were linked to the person once the hold on their chart stood."""
    chart = next(one for one in find_person(home, practice, str(KEYS[1])).records if one.record_type == "ehr_patient")
    restrict(home, practice, Person((chart,), KEYS[1]), "legal_claims")
    asked = kept(practice, tables={"billing.claims": 3})
    assert due(home, asked) == {"Landed billing.claims": 1}, "of two claims, that of the other person"


@pytest.mark.slow
def test_saved_and_left_queries_and_old_months_go(home, practice):
    (home.root / "queries" / "running" / "left").mkdir(parents=True)
    (home.root / "queries" / "running" / "new").mkdir()
    (home.root / "queries" / "old.json").write_text('{"written as a text": "select 1"}')
    of_both = {
        "old": {"text": "select 2", "saved_on": "2001-01-01"},
        "new": {"text": "select 3", "saved_on": f"{now():%Y-%m-%d}"},
    }
    (home.root / "queries" / "new.json").write_text(json.dumps(of_both))
    long_ago = (now() - timedelta(days=400)).timestamp()
    for path in (home.root / "queries" / "old.json", home.root / "queries" / "running" / "left"):
        os.utime(path, (long_ago, long_ago))
    months = sorted(home.history("test").glob("gap_months/[0-9]*.parquet"))
    months[0].rename(months[0].with_name("2001-01-31.parquet"))
    for path in months[1:]:
        path.unlink()
    asked = kept(practice, saved_queries=12, gap_months=60)
    found = due(home, asked)
    assert (found["Saved queries"], found["Answers of running queries"]) == (2, 1)
    assert apply(home, asked) == 4
    left = {path.name for path in (home.root / "queries").rglob("*")}
    assert left == {".lock", "new", "new.json", "running"}
    assert list(json.loads((home.root / "queries" / "new.json").read_text())) == ["new"]
    assert not (home.history("test") / "gap_months" / "2001-01-31.parquet").exists() and due(home, asked) == {}


@pytest.mark.slow
def test_old_backups_of_this_home_go_but_for_the_newest_and_those_of_others_stay(home, practice, tmp_path):
    to = tmp_path / "backups"
    first, second = back_up(home, to), back_up(home, to)
    other = to / "caregap-20200101T000000-1"
    other.mkdir()
    asked = kept(practice, backups=0)
    assert due(home, asked) == {} and due(home, asked, [to]) == {"Backups of this home": 1}
    assert apply(home, asked, [to]) == 1
    assert not first.folder.exists() and second.folder.exists() and other.exists()
    with pytest.raises(UsageError, match="lies in the home"):
        holdings(home, asked, [home.root])


@pytest.mark.slow
def test_no_line_leaves_the_audit_log_and_what_cannot_be_recorded_is_not_disposed_of(home, practice, deleted, monkeypatch):
    [log] = [one for one in holdings(home, practice) if one.what == "Audit log"]
    assert (log.months, log.n_due) == (72, 0) and log.n == len(list(log_of(home).entries()))

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("models.audit_log.store.AuditLog.append", full)
    with pytest.raises(Exception, match="Nothing was done"):
        apply(home, kept(practice, deleted_rows=3))
    assert n_rows(home, "Observation") == 3


def _killed(point: str, home, practice) -> None:
    os.environ |= {"CAREGAP_TESTING": "1", "CAREGAP_FAULT": f"{point}:kill"}
    apply(home, practice)


POINTS = ["retention.recorded", "landing.aside", "disposal.rows.written", "retention.disposed"]


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_and_run_again_it_comes_to_the_same_end(home, practice, deleted, point):
    """The record may then be there twice: it says what was begun."""
    asked = kept(practice, deleted_rows=3)
    child = multiprocessing.get_context("spawn").Process(target=_killed, args=(point, home, asked))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    land(practice, home)
    apply(home, asked)
    assert n_rows(home, "Observation") == 2 and due(home, asked) == {}
    assert not list(home.root.rglob("*.replaced"))
    assert all(landed_damage(part.folder, deep=True) == [] for part in landed_parts(home.landing("test")))


@pytest.mark.parametrize(("hours", "is_refused"), [(-24 * 30, False), (0, False), (47, False), (49, True), (24 * 365, True)])
def test_nothing_is_disposed_of_by_a_clock_that_is_ahead_of_all_that_was_recorded(home, monkeypatch, hours, is_refused):
    newest = newest_evidence(home)
    monkeypatch.setattr(evidence, "now", lambda: newest + timedelta(hours=hours))
    if is_refused:
        with pytest.raises(UsageError, match=r"If the clock is ahead, .* add --clock-is-right"):
            refuse_if_clock_is_ahead(home)
    else:
        refuse_if_clock_is_ahead(home)


def test_disposal_by_such_a_clock_has_to_be_said_and_a_look_has_not(home, practice, tmp_path):
    """The only line of this log is three days old, and nothing was published."""
    empty = Home(tmp_path / "empty")
    empty.root.mkdir(mode=0o700)
    at = (now() - timedelta(days=3)).isoformat(timespec="milliseconds")
    log_of(empty).append({"at": at, "who": "w", "role": "operator", "event": "signed_in", "subject": ""})
    folder = ["--folder", next(iter(practice.sources.values())).parent]
    assert caregap(empty, "retention", *folder).returncode == 0
    refused = caregap(empty, "retention", "--apply", *folder)
    assert (refused.returncode, "--clock-is-right" in refused.stderr) == (2, True)
    assert caregap(empty, "retention", "--apply", "--clock-is-right", *folder).returncode == 0
