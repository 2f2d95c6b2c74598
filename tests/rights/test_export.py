"""Everything that is kept about a person is in their export, and nothing of anybody else."""

import json
import stat

import duckdb
import pytest

from models.published import PUBLISHED
from pipelines.errors import UsageError
from pipelines.landing.persons import landed_parts
from pipelines.publications.store import current
from pipelines.rights.export import everything_about, person_columns, write_export
from pipelines.rights.person import find_person
from tests.rights.conftest import KEYS, RECORDS

EVERYTHING = pytest.mark.parametrize("which", ["all"])


@EVERYTHING
def test_every_published_table_with_a_patient_key_is_in_the_export(home, practice):
    """A new table is covered by its contract, or this fails: it looks at the file's own columns."""
    found = {table["table"] for table in everything_about(home, practice, find_person(home, practice, str(KEYS[1])))["tables"]}
    with duckdb.connect(str(home.published / current(home).id / "warehouse.duckdb"), read_only=True) as connection:
        columns = connection.execute(
            "select distinct schema_name || '.' || table_name from duckdb_columns() where column_name like '%patient_key'"
        ).fetchall()
    assert len(columns) > 25
    assert {table for (table,) in columns} <= found


@pytest.mark.parametrize("table", PUBLISHED)
def test_a_table_that_identifies_people_says_by_which_column(table):
    contract = PUBLISHED[table]
    is_identifying = any(field.metadata["phi"] == "direct" for field in contract.fields.values())
    assert person_columns(table, contract) or not is_identifying


@EVERYTHING
def test_every_landed_extract_that_names_the_person_is_in_the_export(home, practice):
    found = {table["table"] for table in everything_about(home, practice, find_person(home, practice, str(KEYS[1])))["tables"]}
    holding = set()
    for part in landed_parts(home.landing("test")):
        rows = duckdb.sql(f"select to_json(t)::varchar from read_parquet('{part.place}/rows.parquet') as t").fetchall()
        if any("secret-1" in row for (row,) in rows):
            holding.add(f"{part.source_system}/{part.extract}")
    assert {"ehr/Observation", "billing/remittances", "crm/touches", "caregap/outreach_outcomes", "ehr/Group"} <= holding
    assert len(holding) > 40 and holding <= found


@EVERYTHING
def test_an_export_names_nobody_else(home, practice):
    text = json.dumps(everything_about(home, practice, find_person(home, practice, str(KEYS[1]))), default=str)
    assert "secret-1" in text and "nick-secret-1" in text and "by-visit" in text
    assert "secret-2" not in text
    assert str(KEYS[2]) not in text


def test_a_person_is_found_by_key_and_by_any_record(home, practice):
    by_key = find_person(home, practice, str(KEYS[1]))
    assert by_key.records == RECORDS[1]
    for record in RECORDS[1]:
        assert find_person(home, practice, f"{record.source_system}/{record.record_type}/{record.source_id}") == by_key


NOBODY = ["Ann Smith", "ehr/p-secret-1", "ehr/patient/p-secret-1", "lab/ehr_patient/p", "77", "ehr/ehr_patient/"]


@pytest.mark.parametrize("asked", NOBODY)
def test_what_is_no_key_and_no_record_is_refused_without_repeating_it(home, practice, asked):
    with pytest.raises(UsageError) as refused:
        find_person(home, practice, asked)
    assert "--patient" in str(refused.value)
    assert "Ann" not in str(refused.value) and "secret" not in str(refused.value)


def test_both_files_are_for_their_owner_alone_and_the_log_says_that_they_were_made(home, practice, tmp_path):
    person = find_person(home, practice, str(KEYS[1]))
    written = write_export(home, practice, person, tmp_path / "out")
    assert [path.name for path in written] == ["person.json", "person.html"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert "<script" not in (tmp_path / "out" / "person.html").read_text()
    last = json.loads((home.root / "audit" / "audit.jsonl").read_text().splitlines()[-1])
    assert (last["event"], last["purpose"]) == ("person_exported", "individual") and KEYS[1] in last["patients"]
    everything = json.loads((tmp_path / "out" / "person.json").read_text())
    assert everything["law"] == "HIPAA" and "164.506" in everything["legal_basis"]


def test_text_of_a_source_is_no_markup_in_the_readable_file(home, practice, tmp_path):
    from pipelines.rights.readable import as_html

    everything = everything_about(home, practice, find_person(home, practice, str(KEYS[1])))
    everything["tables"][0]["rows"][0]["first_name"] = "<script>alert(1)</script>"
    assert "<script>" not in as_html(everything)
