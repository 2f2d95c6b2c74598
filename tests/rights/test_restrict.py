"""A restriction holds from the moment it is recorded, by every record of the person, until it is lifted."""

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from models.published import PUBLISHED
from models.published.persons import person_columns
from pipelines.audit_log import log_of
from pipelines.exports.outreach_lists import write_outreach, write_outreach_anew
from pipelines.landing.journal import restricted
from pipelines.landing.land import land
from pipelines.publications.store import current, publications
from pipelines.publish.publish import write_file
from pipelines.publish.restriction import without_restricted
from pipelines.publish.selection import whole
from pipelines.rights.person import find_person
from pipelines.rights.restrict import lift, restrict, restrictions, withhold
from pipelines.warehouse.build import read_build
from tests.rights.conftest import KEYS, RECORDS


def named(home) -> set[tuple]:
    return set(restricted(home, "test").rows())


def test_it_names_every_record_of_the_person_until_it_is_lifted(home, practice):
    person = find_person(home, practice, str(KEYS[1]))
    assert restrict(home, practice, person, "requested") == 3
    assert named(home) == {(one.source_system, one.record_type, one.source_id) for one in RECORDS[1]}
    assert restrict(home, practice, person, "requested") == 0, "said twice, it is said once"
    assert {one["reason"] for one in restrictions(home, practice, person)} == {"requested"}
    assert lift(home, practice, person) == 3
    assert named(home) == set() and restrictions(home, practice, person) == []


def test_it_lands_as_a_delivery_and_holds_when_landed_again(home, practice):
    restrict(home, practice, find_person(home, practice, str(KEYS[1])), "objection")
    for _ in range(2):
        land(practice, home)
        landed = [str(path) for path in home.landing("test").glob("caregap/restrictions/*/rows.parquet")]
        rows = duckdb.execute("select patient_source_id, is_lifted from read_parquet(?) order by 1", [landed]).fetchall()
        assert rows == [(one.source_id, False) for one in sorted(RECORDS[1], key=lambda one: one.source_id)]
    assert len(named(home)) == 3


@pytest.mark.parametrize("which", ["all"])
def test_the_lists_that_are_written_leave_the_person_out_at_once(home, practice, tmp_path):
    shutil.rmtree(home.outcomes("test"))  # in which both were contacted since
    shown = current(home)
    warehouse = home.published / shown.id / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update delivery.out_outreach_suppressions set is_held_out = true")
    write_outreach(home, shown, warehouse, tmp_path)
    assert all("secret-1" in (tmp_path / name).read_text() for name in ("outreach_list.csv", "outreach_held_out.csv"))
    restrict(home, practice, find_person(home, practice, str(KEYS[1])), "requested")
    write_outreach(home, shown, warehouse, tmp_path)
    for name in ("outreach_list.csv", "outreach_tasks.csv", "outreach_held_out.csv"):
        text = (tmp_path / name).read_text()
        assert "secret-1" not in text and "secret-2" in text


@pytest.mark.parametrize("which", ["all"])
def test_the_log_of_lists_that_are_handed_out_does_not_name_the_person(home, practice, tmp_path):
    restrict(home, practice, find_person(home, practice, str(KEYS[1])), "requested")
    write_outreach_anew(home, current(home), tmp_path / "lists")
    [line] = [entry for entry in log_of(home).entries() if entry["event"] == "exported"]
    assert KEYS[1] not in line["patients"] and KEYS[2] in line["patients"]


def test_by_gdpr_a_published_file_names_the_person_nowhere_and_everybody_else_as_before(two_people, tmp_path):
    """Of three rows in each table, that of person 1 is left out; tables without a person keep their three."""
    folder = Path(shutil.copytree(two_people / "build", tmp_path / "build"))
    build = read_build(folder)
    with build.connect() as connection:
        connection.execute("create schema intermediate")
        connection.execute(f"create table intermediate.int_patients__restricted as select {KEYS[1]} as patient_key")
    n_rows = write_file(build, tmp_path / "warehouse.duckdb", without_restricted(whole))
    for table, contract in PUBLISHED.items():
        columns = person_columns(table, contract)
        assert n_rows[table] == (2 if columns and table not in SEVERAL else n_rows[table]), table
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as connection:
        for table, contract in PUBLISHED.items():
            for column in person_columns(table, contract):
                assert connection.execute(f"select count(*) from {table} where {column} = {KEYS[1]}").fetchall() == [(0,)], table


SEVERAL = {"marts.dim_patient_links"}
"""Tables in which the build by hand has other numbers of rows."""


def test_by_gdpr_a_new_publication_is_made_at_once_and_the_earlier_ones_go(home, practice, publish_anew):
    practice = replace(practice, privacy="gdpr")
    publish_anew()
    earlier = {one.id for one in publications(home)}
    restrict(home, practice, find_person(home, practice, str(KEYS[1])), "accuracy_contested")
    assert withhold(home, practice, publish_anew)
    [left] = publications(home)
    assert left.id not in earlier
    assert not withhold(home, replace(practice, privacy="hipaa"), publish_anew), "by HIPAA treatment goes on"


def test_who_is_published_no_more_is_found_whole_by_one_of_their_records(home, practice):
    """Restricted together, the three records stay one person's: lifted by one of them, all are."""
    restrict(home, practice, find_person(home, practice, str(KEYS[1])), "requested")
    shutil.rmtree(home.published)
    person = find_person(home, practice, f"crm/crm_contact/{RECORDS[1][1].source_id}")
    assert person.records == RECORDS[1] and person.key is None
    assert lift(home, practice, person) == 3
    assert restrictions(home, practice, person) == []
