"""Patients of two EHRs with the same ids stay two patients in what a payer receives."""

import duckdb
import pytest

from pipelines.exports.fhir.files import PATIENT_IDS

CRM = (3, "crm", "crm_contact", "17")


@pytest.mark.parametrize(
    ("links", "ids"),
    [
        ([(1, "ehr", "ehr_patient", "17"), (2, "ehr", "ehr_patient", "18"), CRM], [(1, "17"), (2, "18")]),
        (
            [(1, "ehr:north", "ehr_patient", "17"), (2, "ehr:south", "ehr_patient", "17"), CRM],
            [(1, "ehr-north.17"), (2, "ehr-south.17")],
        ),
        ([(1, "ehr:north", "ehr_patient", "17"), (1, "ehr:south", "ehr_patient", "3"), CRM], [(1, "ehr-north.17")]),
    ],
)
def test_a_patient_id_contains_the_ehr_if_there_are_several(links, ids):
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.dim_patient_links "
            "(patient_key bigint, source_system text, source_record_type text, source_id text)"
        )
        connection.executemany("insert into marts.dim_patient_links values (?, ?, ?, ?)", links)
        assert sorted(connection.execute(PATIENT_IDS).fetchall()) == ids
