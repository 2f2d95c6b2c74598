"""A restriction holds from the moment it is recorded, by every record of the person, until it is lifted."""

import shutil

import duckdb
import pytest

from pipelines.exports.outreach_lists import write_outreach
from pipelines.landing.journal import restricted
from pipelines.landing.land import land
from pipelines.publications.store import current
from pipelines.rights.person import find_person
from pipelines.rights.restrict import lift, restrict, restrictions
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
    write_outreach(home, shown, warehouse, tmp_path)
    assert "secret-1" in (tmp_path / "outreach_list.csv").read_text()
    restrict(home, practice, find_person(home, practice, str(KEYS[1])), "requested")
    write_outreach(home, shown, warehouse, tmp_path)
    for name in ("outreach_list.csv", "outreach_tasks.csv"):
        text = (tmp_path / name).read_text()
        assert "secret-1" not in text and "secret-2" in text
