"""All that is known of a published table stands in its contract, and nowhere else."""

import re

import pytest

from models.contract import Contract
from models.published import PUBLISHED
from pipelines.home import CHECKOUT
from pipelines.publish.deidentify import deidentified
from pipelines.publish.held_year import HeldYear

HANDLES_EVERY_TABLE = (
    "dashboards/store/scope.py",
    "pipelines/publish/audit.py",
    "pipelines/publish/deidentify.py",
    "pipelines/publish/held_year.py",
    "pipelines/publish/publish.py",
)

HELD = HeldYear(2025, frozenset(PUBLISHED))


@pytest.mark.parametrize("path", HANDLES_EVERY_TABLE)
def test_code_that_handles_every_table_names_none(path: str):
    text = (CHECKOUT / path).read_text(encoding="utf-8")
    names = {contract.name for contract in PUBLISHED.values() if "_" in contract.name}
    assert names & set(re.findall(r"\w+", text)) == set()
    assert re.findall(r"\b(?:marts|delivery|ml)\.\w+", text) == []


@pytest.mark.parametrize("table", PUBLISHED)
def test_a_published_contract_says_who_answers_for_it_and_what_is_deidentified(table: str):
    contract = PUBLISHED[table]
    stated = contract.deidentified
    assert contract.owner
    assert contract.site is None or contract.site == "" or contract.site in contract.fields
    assert not stated.columns or {*contract.key} <= {*stated.columns} <= contract.fields.keys()
    assert deidentified(contract, HELD).columns.keys() >= {*deidentified(contract, HELD).key}


@pytest.mark.parametrize("table", PUBLISHED)
def test_a_table_with_a_person_a_site_or_a_clinician_is_no_reference(table: str):
    names = ("patient_key", "location_key", "provider_key", "location_id", "practitioner_id")
    is_of_somebody = any(name.endswith(names) for name in PUBLISHED[table].fields)
    assert not (is_of_somebody and PUBLISHED[table].deidentified.is_reference)


@pytest.mark.parametrize("table", PUBLISHED)
def test_a_column_of_the_deidentified_file_refers_to_a_table_of_it(table: str):
    there = {contract.name for contract in PUBLISHED.values() if deidentified(contract, HELD).columns}
    for name in PUBLISHED[table].deidentified.columns:
        refers_to = PUBLISHED[table].fields[name].metadata["refers_to"].partition(".")[0]
        assert not refers_to or refers_to in there, name


def test_a_table_that_states_nothing_is_absent_from_the_deidentified_file():
    payments = PUBLISHED["marts.fct_payments"]
    assert deidentified(Contract("new", payments.grain, payments.key, payments.fields), HELD).columns == {}
