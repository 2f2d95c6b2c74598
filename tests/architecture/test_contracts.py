"""All that is known of a published table stands in its contract, and nowhere else."""

import re

import pytest

from models.contract import Contract
from models.deidentification import Form
from models.published import PUBLISHED
from pipelines.home import CHECKOUT
from pipelines.publish.deidentify import deidentified

HANDLES_EVERY_TABLE = (
    "dashboards/store/scope.py",
    "pipelines/publish/audit.py",
    "pipelines/publish/deidentify.py",
    "pipelines/publish/publish.py",
)


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
    assert {*stated.counts, *filter(None, stated.counts.values()), *stated.summed_over, *stated.shown} <= contract.fields.keys()
    assert not set(stated.counts) & set(stated.summed_over)


@pytest.mark.parametrize("table", PUBLISHED)
def test_rows_about_patients_are_deidentified_as_such(table: str):
    has_patient = any(name.endswith("patient_key") for name in PUBLISHED[table].fields)
    assert not has_patient or PUBLISHED[table].deidentified.form in {Form.PATIENT_ROWS, Form.ABSENT}


def test_a_table_that_states_nothing_is_absent_from_the_deidentified_file():
    payments = PUBLISHED["marts.fct_payments"]
    assert deidentified(Contract("new", payments.grain, payments.key, payments.fields)) == {}
