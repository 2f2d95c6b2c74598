"""What a FHIR reference names, in DuckDB, in every form in which servers write one."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.fhir_reference import id_of, identifier_of, type_of

CONNECTION = duckdb.connect()


def named(reference: str | None, system: str | None = None, value: str | None = None) -> tuple[str | None, ...]:
    """Type, id and identifier."""
    query = f"select {type_of('said.reference')}, {id_of('said.reference')}, {identifier_of('said')} from (select $1 as said)"
    said = {"reference": reference, "identifier": {"system": system, "value": value}}
    cast = "$1::struct(reference varchar, identifier struct(system varchar, value varchar))"
    return CONNECTION.execute(query.replace("$1", cast), [said]).fetchall()[0]


@pytest.mark.parametrize(
    "reference",
    [
        "Patient/p1",
        "patient/p1",
        "PATIENT/p1",
        "Patient/p1/",
        " Patient/p1 ",
        "Patient/p1/_history/3",
        "Patient/p1/_history/3/",
        "Patient/p1?_format=json",
        "https://ehr.example.org/fhir/Patient/p1",
        "http://ehr.example.org:8080/Group/R4/Patient/p1/_history/3?_summary=true",
    ],
)
def test_a_patient_is_named_by_id(reference: str):
    assert named(reference) == ("Patient", "p1", None)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("urn:uuid:0c3a-11", (None, "0c3a-11", None)),
        ("urn:oid:1.2.3", (None, "1.2.3", None)),
        ("#pt", (None, "#pt", None)),
        ("p1", (None, "p1", None)),
        ("Patient/north:p1", ("Patient", "north:p1", None)),
        ("Practitioner/Encounter.e1#pr", ("Practitioner", "Encounter.e1#pr", None)),
        ("practitionerRole/r1", ("PractitionerRole", "r1", None)),
        ("Group/p1", ("Group", "p1", None)),
        ("", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_what_does_not_say_that_it_is_of_a_patient_is_named_as_far_as_it_says(reference: str | None, expected: tuple):
    assert named(reference) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Patient?identifier=urn:oid:1|m1", ("Patient", None, "urn:oid:1|M1")),
        ("Patient?identifier=http%3A%2F%2Fehr.example.org%7Cm1%20", ("Patient", None, "http://ehr.example.org|M1")),
        ("https://ehr.example.org/fhir/Patient?identifier=m1", ("Patient", None, "|M1")),
        ("Practitioner?identifier=npi|7&active=true", ("Practitioner", None, "npi|7")),
        ("Patient?identifier=50%", ("Patient", None, "|50%")),
        ("Patient?identifier=Mu%FFller", ("Patient", None, "|MU%FFLLER")),
        ("Patient?identifier=urn:oid:1|", ("Patient", None, None)),
    ],
)
def test_a_query_for_an_identifier_names_that_and_no_id(reference: str, expected: tuple):
    assert named(reference) == expected


def test_an_identifier_beside_a_reference_counts_only_without_one():
    assert named(None, "urn:oid:1", " m1 ") == (None, None, "urn:oid:1|M1")
    assert named("", None, "m1") == (None, None, "|M1")
    assert named("Patient/p1", "urn:oid:1", "m1") == ("Patient", "p1", None)
    assert named(None, "urn:oid:1", " ") == (None, None, None)


@given(st.text("abcXYZ019.-_:#", min_size=1, max_size=80).filter(lambda id: id.strip()))
def test_any_id_without_a_slash_comes_back_from_a_reference_with_its_type(id: str):
    for reference in (f"Patient/{id}", f"https://ehr.example.org/fhir/Patient/{id}/_history/2"):
        assert named(reference) == ("Patient", id, None)
