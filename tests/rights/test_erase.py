"""A person who was erased is nowhere: in no file, table, backup or later publication, whatever is delivered again."""

import json
import multiprocessing
import os
import shutil
import signal
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import duckdb
import pytest

from dashboards.sandbox.saved_queries import _open_for_change, save_query, saved_queries
from models.saved_queries.record import SavedQuery
from pipelines.backup import back_up, read_backup, restore
from pipelines.clock import now
from pipelines.connect.pulls.state import PullState, read_ids, write_ids, write_state
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.landing.integrity import landed_damage, read_manifest
from pipelines.landing.land import land, landed_before
from pipelines.landing.persons import landed_parts
from pipelines.lock import only_writer
from pipelines.practice import Practice
from pipelines.publications.store import current, publications
from pipelines.raw.views import build_raw
from pipelines.rights.erase import erase, finish
from pipelines.rights.identifiers import forget_queries
from pipelines.rights.person import find_person, was_erased
from pipelines.rights.restrict import lift, restrict
from pipelines.sql.connection import open_file
from tests.rights.conftest import KEYS, run_by_hand
from tests.rights.two_people import FEW, write_csv, write_ehr

GONE, LEFT = b"secret-1", b"secret-2"


def search(root: Path, what: bytes) -> list[str]:
    """Where a text stands below a folder: in the bytes of a file, or in a row of a Parquet or DuckDB file."""
    found = []
    for path in sorted(one for one in root.rglob("*") if one.is_file() and not one.is_symlink()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += repr(duckdb.sql(f"from read_parquet('{path}')").fetchall()).encode()
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables() where not internal")
                for (table,) in tables.fetchall():
                    content += repr(connection.execute(f"from {table}").fetchall()).encode()
        if what in content:
            found.append(str(path.relative_to(root)))
    return found


def erase_first(home, practice, publish_anew):
    return erase(home, practice, find_person(home, practice, str(KEYS[1])), publish_anew)


@pytest.mark.parametrize("which", ["few", pytest.param("all", marks=pytest.mark.slow)])
def test_an_erased_person_is_found_nowhere_and_others_are_as_they_were(home, practice, publish_anew, tmp_path):
    (home.root / "queries").mkdir()
    (home.root / "queries" / "a.json").write_text(json.dumps({"hers": "select 'P-SECRET-1'", "other": "select 1"}))
    places = search(home.root, LEFT)
    assert len(search(home.root, GONE)) > 10

    [certificate] = erase_first(home, practice, publish_anew)

    assert search(home.root, GONE) == []
    delivered = ("landing/test/ehr", "landing/test/crm", "landing/test/billing")
    assert [place for place in search(home.root, LEFT) if place.startswith(delivered)] == [
        place for place in places if place.startswith(delivered)
    ]
    assert str(KEYS[1]).encode() not in b"".join(path.read_bytes() for path in home.erasures("test").rglob("*") if path.is_file())
    assert certificate["status"] == "done" and certificate["landed_rows"]["ehr/Observation"] == 2
    assert certificate["records"] == {"billing_account": 1, "crm_contact": 1, "ehr_patient": 1}
    assert certificate["saved_queries"] == 1
    left = json.loads((home.root / "queries" / "a.json").read_text())
    assert {name: one["text"] for name, one in left.items()} == {"other": "select 1"}
    assert len(publications(home)) == 1, "earlier publications are gone"
    assert not list(home.build.glob("*/")) or search(home.build, GONE) == []


def test_the_counts_of_every_file_add_up_and_the_seals_hold(home, practice, publish_anew):
    erase_first(home, practice, publish_anew)
    for part in landed_parts(home.landing("test")):
        assert landed_damage(part.folder, deep=True) == []
        stated = read_manifest(part.folder)
        assert stated["n_delivered"] == stated["n_read"] + stated["n_quarantined"] + stated.get("n_erased", 0)
        assert duckdb.sql(f"select count(*) from read_parquet('{part.place}/rows.parquet')").fetchall() == [(stated["n_read"],)]
    with duckdb.connect() as connection:
        build_raw(connection, practice, home, landed_before(practice, home))
        erased = connection.sql(
            "select n_delivered, n_landed, n_erased from raw.deliveries where extract = 'Observation'"
        ).fetchall()
        assert erased == [(3, 1, 2)]


def test_a_group_loses_the_person_and_keeps_the_others(home, practice, publish_anew):
    erase_first(home, practice, publish_anew)
    rows = home.landing("test").glob("ehr/Group/*/rows.parquet")
    members = [row for path in rows for row in duckdb.sql(f"select id, len(member) from '{path}'").fetchall()]
    assert sorted(members) == [("Group-secret-2", 1), ("shared", 1)]


def test_records_that_name_the_person_by_an_identifier_go_too(home, practice, publish_anew):
    """A number that another patient has as well says of nobody whose record it is."""
    folder, number = practice.sources["ehr"] / "2026-04-30", {"system": "urn:oid:1", "value": "n-secret-1"}
    folder.mkdir()
    shared = {"system": "urn:oid:family", "value": "F7"}
    patients = [
        {"resourceType": "Patient", "id": f"p-secret-{n}", "identifier": [shared, *([number] if n == 1 else [])]} for n in (1, 2)
    ]
    subjects = (
        {"identifier": number},
        {"reference": "Patient?identifier=urn:oid:1|n-secret-1"},
        {"reference": "patient/p-secret-1/"},
        {"identifier": shared},
    )
    results = [{"resourceType": "Observation", "id": f"o{n}", "subject": one} for n, one in enumerate(subjects)]
    for name, resources in (("Patient", patients), ("Observation", results)):
        (folder / f"{name}.ndjson").write_text("\n".join(map(json.dumps, resources)))
    land(practice, home)

    erase_first(home, practice, publish_anew)

    assert search(home.root, GONE) == []
    rows = home.landing("test").glob("ehr/Observation/*/rows.parquet")
    assert sorted(id for path in rows for (id,) in duckdb.sql(f"select id from '{path}' where id like 'o_'").fetchall()) == ["o3"]


def test_what_is_delivered_again_is_erased_again_and_counted(home, practice, publish_anew):
    erase_first(home, practice, publish_anew)
    write_ehr(practice.sources["ehr"] / "2026-04-30", people=(1,), extracts=FEW)
    write_csv(practice.sources["crm"] / "touches_2026-04-30.csv", "crm", "touches", people=(1,))
    # It names its claim by nothing but the number that the practice had given it.
    write_csv(practice.sources["billing"] / "remittances_2026-04-30.csv", "billing", "remittances", people=(2, 1))
    report = land(practice, home)
    assert search(home.root, GONE) == []
    new = {(file.extract, file.n_delivered, file.n_read, file.n_erased) for file in report.files if file.is_new}
    assert {("touches", 1, 0, 1), ("remittances", 2, 1, 1), ("Patient", 1, 0, 1)} <= new
    assert land(practice, home).files == tuple(type(file)(**(vars(file) | {"is_new": False})) for file in report.files), (
        "another landing changes nothing"
    )


def test_of_an_erased_person_no_mark_of_a_test_patient_stays(home, practice, publish_anew):
    """A record that once said HTEST leaves a hash of its id and of its number, by which somebody who has these finds it. That of
    the other patient stays, and keeps out the visit that names it."""
    folder, tag = practice.sources["ehr"] / "2026-04-30", {"tag": [{"code": "HTEST"}]}
    folder.mkdir()
    number = {"value": "n-secret-1"}
    of_test = [{"resourceType": "Patient", "id": id, "meta": tag, "identifier": [number]} for id in ("p-secret-1", "other")]
    visit = {"resourceType": "Encounter", "id": "e9", "subject": {"reference": "Patient/other"}}
    given = [*of_test, *({"resourceType": "Patient", "id": f"q{n}"} for n in range(9)), visit]
    (folder / "export.json").write_text(json.dumps(given))
    practice = replace(practice, is_synthetic=False)
    land(practice, home)
    [marked] = home.landing("test").rglob("test_patients.parquet")
    rows = f"select row_number, count(*) from '{marked}' group by 1 order by 1"
    assert duckdb.sql(rows).fetchall() == [(1, 3), (2, 3)]

    erase_first(home, practice, partial(land, practice, home))

    [marked] = home.landing("test").rglob("test_patients.parquet")
    assert duckdb.sql(f"select row_number, count(*) from '{marked}' group by 1").fetchall() == [(2, 3)]
    assert landed_damage(marked.parents[1], deep=True) == []
    (folder / "export.json").write_text(json.dumps([*given, {"resourceType": "Patient", "id": "q9"}]))
    land(practice, home)
    left = [duckdb.sql(f"select distinct row_number from '{one}'").fetchall() for one in home.landing("test").rglob(marked.name)]
    assert left == [[(2,)], [(2,)]], "what is delivered again is gone again"
    with duckdb.connect() as connection:
        build_raw(connection, practice, home, landed_before(practice, home))
        assert connection.sql("select id from raw.ehr_encounter where id = 'e9'").fetchall() == []


def test_a_record_under_a_new_id_with_the_record_number_of_who_was_erased_lands_and_is_named(home, practice, publish_anew):
    """CRM and billing had the number; the EHR sends it back with other signs in it. The number of the other person is nobody's
    who was erased, and nothing of it is printed."""
    erase_first(home, practice, publish_anew)
    assert land(practice, home).returned == ()
    folder = practice.sources["ehr"] / "2026-04-30"
    folder.mkdir()
    numbers = ("MRN SECRET 1", "mrn-secret-2", "0000")
    patients = [{"resourceType": "Patient", "id": f"new-{n}", "identifier": [{"value": one}]} for n, one in enumerate(numbers)]
    (folder / "Patient.ndjson").write_text("\n".join(map(json.dumps, patients)))

    report = land(practice, home)

    assert report.returned == ("ehr/2026-04-30/Patient.ndjson row 1",)
    assert "somebody who was erased came in: ehr/2026-04-30/Patient.ndjson row 1." in report.warning()
    erase(home, practice, find_person(home, practice, "ehr/ehr_patient/new-0"), publish_anew)
    assert land(practice, home).returned == ()


def test_a_record_number_that_others_have_too_says_nobody(home, practice, publish_anew):
    """CRM gives the two people one number; the EHR brings it again after one of them was erased."""
    crm, ehr = practice.sources["crm"], practice.sources["ehr"] / "2026-05-31"
    shared = (crm / "contacts_2026-03-31.csv").read_text().replace("mrn-secret-2", "mrn-secret-1")
    (crm / "contacts_2026-04-30.csv").write_text(shared)
    land(practice, home)
    erase_first(home, practice, publish_anew)
    ehr.mkdir()
    patient = {"resourceType": "Patient", "id": "new", "identifier": [{"value": "mrn-secret-1"}]}
    (ehr / "Patient.ndjson").write_text(json.dumps(patient))

    assert land(practice, home).returned == ()


def test_a_restored_backup_of_afterwards_does_not_have_the_person_either(home, practice, publish_anew, tmp_path):
    before = back_up(home, tmp_path / "backups")
    [certificate] = erase_first(home, practice, publish_anew)
    assert certificate["backups"] == [before.folder.name], "what people must destroy is named"
    back_up(home, tmp_path / "later")
    assert search(tmp_path / "later", GONE) == []
    again = Home(tmp_path / "again")
    again.root.mkdir()
    restore(again, read_backup(next((tmp_path / "later").glob("caregap-*"))))
    land(practice, again)
    assert search(again.root, GONE) == [], "the deliveries are still in their folders, and are erased as they land"


@pytest.mark.slow
def test_an_erasure_taken_over_into_an_older_backup_holds_there(home, practice, publish_anew, tmp_path):
    write_state(home, "test", "our_crm", PullState())
    write_ids(home, "test", "our_crm", {"contacts": ["contact_id-secret-1"]}, ("crm",))
    older = back_up(home, tmp_path / "backups")
    erase_first(home, practice, publish_anew)
    again = Home(tmp_path / "again")
    again.root.mkdir()
    restore(again, read_backup(older.folder))
    shutil.copytree(home.root / "erasures", again.root / "erasures")
    land(practice, again)
    assert read_ids(again, "test", "our_crm") and finish(again, practice, publish_anew) == []
    assert search(again.root / "connect", GONE) == [], "the same command again has nothing left to erase, and forgets the rest"
    assert (
        search(again.root / "landing", GONE)
        == search(again.root / "history", GONE)
        == search(again.root / "outcomes", GONE)
        == []
    )


@pytest.mark.slow
def test_what_killed_commands_had_begun_to_write_of_the_person_goes_too(home, practice, publish_anew, two_people):
    """A restriction that was not recorded to its end, and a saved query of which the server died."""
    (home.root / "queries").mkdir()
    (home.root / "queries" / ".a.json.new").write_text(json.dumps({"hers": "select 'p-secret-1'"}))
    (home.root / "queries" / "b.new").write_text(json.dumps({"hers": "select 'p-secret-1'"}))
    child = multiprocessing.get_context("spawn").Process(target=_killed_restricting, args=(home, practice))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    left = search(home.root / "outcomes", GONE)
    assert any(place.endswith(".csv.new") for place in left)
    with only_writer(home):
        erase_first(home, practice, publish_anew)
    assert search(home.root, GONE) == [] and not list(home.root.rglob("*.new"))


def _killed_restricting(home: Home, practice: Practice) -> None:
    os.environ |= {"CAREGAP_TESTING": "1", "CAREGAP_FAULT": "restrict.recorded.written:kill"}
    restrict(home, practice, find_person(home, practice, str(KEYS[1])), "requested")


def test_a_query_that_somebody_saves_meanwhile_is_neither_lost_nor_brings_the_person_back(home, tmp_path):
    """An erasure waits for whoever is saving, and they for it: each changes what the other has written."""
    folder = home.root / "queries"
    save_query(folder, "ann", "hers", "select 'p-secret-1'")
    with _open_for_change(folder, "ann") as queries:
        erasing = threading.Thread(target=forget_queries, args=(home, [("p-secret-1",)]))
        erasing.start()
        erasing.join(0.3)
        queries["mine"] = SavedQuery("select 1", now().date())
    erasing.join()
    assert saved_queries(folder, "ann") == {"mine": "select 1"}


def test_the_ids_that_pulls_keep_lose_the_person_and_a_later_pull_does_not_bring_them_back(home, practice, publish_anew):
    pulled = {"contacts": ["contact_id-secret-1", "contact_id-secret-2"], "touches": ["t-1"]}
    write_state(home, "test", "our_crm", PullState())
    write_ids(home, "test", "our_crm", pulled, ("crm",))
    assert read_ids(home, "test", "our_crm")["contacts"] == {"contact_id-secret-1", "contact_id-secret-2"}
    erase_first(home, practice, publish_anew)
    left = {"contacts": {"contact_id-secret-2"}, "touches": {"t-1"}}
    assert read_ids(home, "test", "our_crm") == left and search(home.root, GONE) == []
    write_ids(home, "test", "our_crm", pulled, ("crm",))
    assert read_ids(home, "test", "our_crm") == left


POINTS = [
    "erase.begun",
    "erase.tombstones.written",
    "erase.marked",
    "erase.recorded.written",
    "erase.found",
    "landing.replacing",
    "landing.aside",
    "landing.replaced#5",
    "erase.landed",
    "erase.kept.seal.replaced",
    "erase.forgotten",
    "erase.published",
    "erase.certified",
]
QUICK = ("landing.aside",)


def _killed(point: str, home: Home, practice: Practice, warehouse: Path) -> None:
    os.environ |= {"CAREGAP_TESTING": "1", "CAREGAP_FAULT": f"{point}:kill"}
    erase_first(home, practice, partial(run_by_hand, warehouse, home, practice))


@pytest.mark.parametrize("point", [point if point in QUICK else pytest.param(point, marks=pytest.mark.slow) for point in POINTS])
def test_killed_at_any_point_and_run_again_it_comes_to_the_same_end(home, practice, publish_anew, two_people, point):
    # A fork of this process would have DuckDB's locks and not its threads.
    child = multiprocessing.get_context("spawn").Process(
        target=_killed, args=(point, home, practice, two_people / "few" / "warehouse.duckdb")
    )
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    with open_file(home.published / current(home).id / "warehouse.duckdb", read_only=True) as shown:
        assert shown.execute("select count(*) > 0 from marts.dim_patients").fetchall() == [(True,)]

    if was_erased(home, practice, str(KEYS[1])):
        finish(home, practice, publish_anew)
    else:
        erase_first(home, practice, publish_anew)

    assert search(home.root, GONE) == []
    [certificate] = [json.loads(path.read_text()) for path in home.erasures("test").glob("*.json")]
    assert certificate["status"] == "done"
    assert certificate["landed_rows"]["ehr/Observation"] == 2 and certificate["published_rows"]["marts.dim_patients"] == 1
    assert not list(home.root.rglob("*.replaced"))
    land(practice, home)
    assert search(home.root, GONE) == []


@pytest.mark.slow
def test_a_stopped_erasure_is_ended_in_landing_by_the_next_run(home, practice, publish_anew):
    """Nobody need remember it: from the marks on, whatever lands or is built is without the person."""

    def stopped():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        erase_first(home, practice, stopped)
    publish_anew()
    assert search(home.published / current(home).id, GONE) == []


@pytest.mark.parametrize(
    ("months", "words"),
    [
        (None, "must be kept until 2036-03-01"),
        pytest.param(1, None, marks=pytest.mark.slow),
        (360, "must be kept until 2056-03-01, 360 months"),
    ],
)
def test_records_that_must_be_kept_are_not_erased(home, practice, publish_anew, months, words):
    practice = type(practice)(**vars(practice) | {"retention": practice.retention.model_copy(update={"patients": months})})
    if words is None:
        assert erase_first(home, practice, publish_anew)
        return
    with pytest.raises(UsageError, match=words):
        erase_first(home, practice, publish_anew)
    assert not home.erasures("test").exists() and search(home.root, GONE)


def test_a_legal_hold_keeps_the_records_until_it_is_lifted(home, practice, publish_anew):
    person = find_person(home, practice, str(KEYS[1]))
    restrict(home, practice, person, "legal_claims")
    with pytest.raises(UsageError, match="legal hold"):
        erase_first(home, practice, publish_anew)
    lift(home, practice, person)
    assert erase_first(home, practice, publish_anew)
    assert search(home.root, GONE) == [], "the restriction itself is gone, too"


def test_the_audit_log_says_that_somebody_was_erased_and_not_who(home, practice, publish_anew):
    [certificate] = erase_first(home, practice, publish_anew)
    lines = [json.loads(line) for line in (home.root / "audit" / "audit.jsonl").read_text().splitlines()]
    told = [line for line in lines if line["event"] == "person_erased"]
    assert [line["subject"] for line in told] == [f"{certificate['id']} begun", f"{certificate['id']} done"]
    assert all("patients" not in line for line in told)


@pytest.mark.slow
def test_the_same_id_of_another_source_is_another_person(home, practice, publish_anew):
    erase_first(home, practice, publish_anew)
    write_ehr(practice.sources["ehr"].parent / "north" / "2026-04-30", people=(1,), extracts=FEW)
    land(practice.with_sources(practice.sources | {"ehr:north": practice.sources["ehr"].parent / "north"}), home)
    assert search(home.landing("test") / "ehr:north", GONE) != []
