"""Records as EHR servers write them, from the delivered file to the published tables: each is mapped, made unknown or kept as
it is, and none stops the build or hides another.

One build has all of them, each kind as an EHR of its own, with persons unresolved: half of these patients have one name.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.warehouse.build import build_warehouse

pytestmark = pytest.mark.slow

CASES = Path(__file__).parents[3] / "shared" / "cases" / "extracts"
SHARED = (
    "appointment-without-start",
    "birth-date-cannot-be",
    "fhir-datetime-without-offset",
    "gender-not-a-fhir-code",
    "name-text-last-first",
    "unreadable-fhir-date",
    "vendor-encounter-class",
    "versioned-reference",
    "waitlist-is-no-booking",
)
TABLES = [
    "+fct_appointments", "+fct_encounters", "+dim_patients", "+stg_ehr__observations", "+fct_data_findings",
    "+int_clinical__concept_value_sets",
]  # fmt: skip
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
NOTHING = "-"
"""In the id of a record, for an empty text or blanks."""
NAME = [{"family": "Kestrel", "given": ["Ann"]}]
AMBULATORY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}


def _sex(name: str, value: object) -> dict[str, object]:
    return {"url": US_CORE + name, ("valueCode" if isinstance(value, str) else "valueCoding"): value}


def _number(value: str, **elements: object) -> dict[str, object]:
    return {"identifier": [{"value": value, **elements}], "name": [{"family": value}]}


def _coded(kind: str, record_id: str, *codings: tuple[str, str], of: str = "code") -> dict[str, object]:
    concept = {"coding": [{"system": system, "code": code} for system, code in codings]} if codings else {"text": "words"}
    return {"resourceType": kind, "id": record_id, of: concept, "subject": {"reference": "Patient/p1"}, "status": "final"}


def _pressure(record_id: str, quantity: dict[str, object]) -> dict[str, object]:
    part = {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}, "valueQuantity": quantity}
    return _coded("Observation", record_id, ("http://loinc.org", "85354-9")) | {"component": [part]}


Rows = Callable[[str], list[tuple[Any, ...]]]


def _patient(patient_id: str, **elements: object) -> dict[str, object]:
    usual = {"gender": "female", "birthDate": "1966-05-05", "name": NAME}
    return {"resourceType": "Patient", "id": patient_id, **usual, **elements}


def _visit(visit_id: str, **elements: object) -> dict[str, object]:
    period = {"start": "2026-03-10T10:00:00-04:00", "end": "2026-03-10T10:30:00-04:00"}
    usual = {"status": "finished", "class": AMBULATORY, "subject": {"reference": "Patient/p1"}, "period": period}
    return {"resourceType": "Encounter", "id": visit_id, **usual, **elements}


def _appointment(appointment_id: str, reference: str = "Patient/p1", **elements: object) -> dict[str, object]:
    who = [{"actor": {"reference": reference}, "status": "accepted"}]
    return {"resourceType": "Appointment", "id": appointment_id, "status": "noshow", "participant": who, **elements}


MADE = (
    _patient("p1"),
    *(_patient(f"sex {given or NOTHING}", gender=given) for given in ("F", "Female", " m", "MAN", "other", "Divers", "")),
    *(
        _patient(f"born {day}", birthDate=day)
        for day in ("2026-11-01", "2026-11-02", "1906-11-01", "1906-10-31", "2026-02-30", "1966-05")
    ),
    *(
        _patient(f"named {text.strip() or NOTHING}", name=[{"text": text}])
        for text in ("Kestrel, Ann Jo", "Ann Jo Kestrel", "Ann Kestrel, MD", "Kestrel", " ")
    ),
    *(
        _visit(f"of {reference}", subject={"reference": reference})
        for reference in (
            "https://ehr.example.org/fhir/Patient/p1/_history/3",
            "https://ehr.example.org/fhir/Patient/p1",
            "urn:uuid:p1",
        )
    ),
    _visit("class 13", **{"class": {"system": "urn:oid:1.2.3", "code": "13"}}),
    _visit("class 5 of one system", **{"class": {"system": "urn:oid:1.2.3", "code": "5"}}),
    _visit("class 5 of another", **{"class": {"system": "urn:oid:9", "code": "5"}}),
    _visit("class inpatient", **{"class": {"code": "inpatient"}}),
    _visit("no class", **{"class": None}),
    _visit("planned of an unknown class", status="planned", **{"class": {"code": "77"}}),
    _visit("local", period={"start": "2026-07-01T00:15:00", "end": "2026-07-01T00:45"}),
    _visit("minutes", period={"start": "2026-07-01T00:15-04:00", "end": "2026-07-01T04:45Z"}),
    _visit("day", period={"start": "2026-07-01", "end": "2026-07-01"}),
    _visit("of nobody", status="planned", subject={"reference": "Patient/nobody"}),
    _visit("of a group", status="planned", subject={"reference": "Group/p1"}),
    *(_visit(f"status {status}", status=status) for status in ("FINISHED", " finished", "Completed", "In Progress", "left")),
    _visit("status missing", status=None),
    _visit("unreadable", period={"start": "07/01/2026 10:00", "end": None}),
    _appointment("past", start="2026-10-05T10:00:00"),
    _appointment("no start"),
    _appointment("unreadable start", status="arrived", start="10/05/2026 10:00"),
    _appointment("of a version", "Patient/p1/_history/2", start="2026-10-05T10:00:00-04:00"),
    {"resourceType": "PractitionerRole", "id": "p1", "practitioner": {"reference": "Practitioner/dr1"}},
    _appointment(
        "with a role",
        start="2026-10-05T10:00:00-04:00",
        participant=[{"actor": {"reference": reference}} for reference in ("Patient/sex F", "PractitionerRole/p1")],
    ),
    *(_appointment(status, status=status, start="2026-12-01T10:00:00-05:00") for status in ("waitlist", "proposed", "pending")),
    *(
        _appointment(f"status {status}", status=status, start="2026-10-05T10:00:00-04:00")
        for status in ("NoShow", "no-show", "Completed", "CANCELED", "Scheduled", "left")
    ),
    {"resourceType": "Group", "id": "class", "member": [{"entity": {"reference": f"Patient/sex {sex}"}} for sex in ("F", "MAN")]}
    | {"type": "person", "actual": True},
    _appointment("of a group", "Group/class", start="2026-10-05T10:00:00-04:00"),
    _appointment(
        "of a family",
        start="2026-10-06T10:00:00-04:00",
        participant=[{"actor": {"reference": f"Patient/{who}"}} for who in ("sex other", "p1", "p1")],
    ),
    _visit("of one of a family", appointment=[{"reference": "Appointment/of a family"}]),
    _patient("core us-core-sex", extension=[_sex("birthsex", "M"), _sex("sex", "248152002")]),
    _patient("core individual", extension=[_sex("birthsex", "M"), _sex("individual-sex", {"code": "248152002"})]),
    _patient("core birthsex", extension=[_sex("birthsex", "M")]),
    _patient("core none"),
    _patient("core without gender", gender=None, extension=[_sex("birthsex", "F")]),
    _patient("number MR", **_number("1", type={"coding": [{"code": "MR"}]})),
    _patient("number MRN", **_number("2", type={"coding": [{"code": "mrn"}]})),
    _patient("number PT", **_number("3", type={"coding": [{"code": "PT"}]})),
    _patient("number words", **_number("4", type={"text": "Medical Record Number"})),
    _patient("number named", **_number("5", system="urn:oid:1.2.3.4")),
    _patient("number other", **_number("6", system="urn:oid:9")),
    _coded("Condition", "undotted", ("http://hl7.org/fhir/sid/icd-10", "z716")),
    _coded("Condition", "as value sets write it", ("http://hl7.org/fhir/sid/icd-10-cm", "Z71.6")),
    _coded("Condition", "local", ("urn:oid:1.2.3.5", "77")),
    _coded("Condition", "of no measure", ("http://hl7.org/fhir/sid/icd-10-cm", "A00.0")),
    _coded("Condition", "words"),
    _coded("Observation", "secure", ("https://loinc.org/", "97506-0")),
    _coded("Observation", "by its OID", ("urn:oid:2.16.840.1.113883.6.1", "97506-0")),
    _coded("Observation", "systolic alone", ("http://loinc.org", "8480-6")),
    _coded("Observation", "older panel", ("http://loinc.org", "55284-4")),
    _coded("Observation", "both panels", ("http://loinc.org", "55284-4"), ("http://loinc.org", "85354-9")),
    _pressure("in kPa", {"value": 16, "unit": "kPa"}),
    _pressure("without unit", {"value": 120}),
    _pressure("as the measures ask", {"value": 120, "unit": "mmHg", "code": "mm[Hg]"}),
    _pressure("in words", {"value": 120, "unit": "mmHg"}),
)

NPI, REGISTER = "http://hl7.org/fhir/sid/us-npi", "urn:oid:9.8"
BY_NUMBER = {"identifier": {"system": REGISTER, "value": "m100"}, "display": "Ann"}


def _visit_of(visit_id: str, subject: dict[str, object], **elements: object) -> dict[str, object]:
    return _visit(visit_id, **{**elements, "subject": subject})


def _site(kind: str, record_id: str, number: str) -> dict[str, object]:
    return {"resourceType": kind, "id": record_id, "identifier": [{"system": REGISTER, "value": number}], "name": record_id}


ODD = (
    _patient("p1", identifier=[{"system": REGISTER, "value": "M100"}]),
    *(_patient(f"twin {n}", identifier=[{"system": "urn:oid:family", "value": "F7"}]) for n in (1, 2)),
    {"resourceType": "Practitioner", "id": "dr1", "identifier": [{"system": NPI, "value": "1999999992"}]},
    _site("Location", "north", "L9"),
    _site("Organization", "owner", "O9"),
    _visit_of("number: logical", BY_NUMBER),
    _visit_of("number: without a system", {"identifier": {"value": "M100"}}),
    *(
        _visit_of(f"number: {said}", {"reference": f"Patient?identifier={said}"})
        for said in (f"{REGISTER}|M100", f"{REGISTER}%7CM100", "M100", f"{REGISTER}|M999", "urn:oid:family|F7")
    ),
    _visit_of("number: other system", {"identifier": {"system": "urn:oid:1", "value": "M100"}}),
    *(
        _visit_of(f"reference: {said}", {"reference": said})
        for said in ("patient/p1", "Patient/p1/", " Patient/p1 ", "/Patient/p1", "Patient/p1?_format=json")
    ),
    _visit(
        "who and where",
        participant=[{"individual": {"reference": f"Practitioner?identifier={NPI}|1999999992"}}],
        location=[{"location": {"reference": f"Location?identifier={REGISTER}|L9"}}],
        serviceProvider={"identifier": {"system": REGISTER, "value": "O9"}},
    ),
    _appointment(
        "who and where",
        start="2026-12-01T10:00:00-05:00",
        status="booked",
        participant=[
            {"actor": BY_NUMBER},
            {"actor": {"identifier": {"system": NPI, "value": "1999999992"}}},
            {"actor": {"reference": f"Location?identifier={REGISTER}|L9"}},
        ],
    ),
    _appointment("patient/p1", "patient/p1", start="2026-12-01T10:00:00-05:00"),
    _appointment("of one of two", participant=[{"actor": {"identifier": {"system": "urn:oid:family", "value": "F7"}}}]),
    _appointment("of nobody", "RelatedPerson/r1", start="2026-12-01T10:00:00-05:00"),
    _appointment("by words", start="2026-12-01T10:00:00-05:00", participant=[{"actor": {"display": "Ann Kestrel"}}]),
    *(
        _patient(f"dead {given or NOTHING}", deceasedDateTime=given)
        for given in ("", "0001-01-01T00:00:00Z", "9999-12-31", "2026-01-01", "gone", "1900-01-01", "2027-01-01")
    ),
    *(
        _patient(f"born {given}", birthDate=given)
        for given in ("1966-05-05T00:00:00Z", "19660505", "1966-05-05T00:00:00.000-0500", "05/05/1966")
    ),
    *(
        _patient(f"named {name.get('text') or name.get('family')}", name=[name])
        for name in (
            {"text": "Mrs. Ann Kestrel"},
            {"text": "Dr Ann\u00a0Kestrel, MD"},
            {"text": "Ann Kestrel", "given": [""], "family": ""},
            {"family": "Kestrel, Ann"},
            {"family": "Kestrel, Jr.", "given": ["Ann"]},
        )
    ),
    *(
        _visit(f"at {given}", period={"start": given, "end": None})
        for given in (
            "20260701",
            "20260701001500",
            "2026-07-01t04:15:00z",
            "2026-07-01T04:15:00Z[UTC]",
            "2026-07-01T00:15:00 -04:00",
            "2026-07-01T00:15:60-04:00",
            "2026-07-01 00:15",
            "2026-07-01-04:00",
            " 2026-07-01 ",
            "1782879300000",
        )
    ),
    *(
        _visit(f"year {given}", period={"start": given, "end": given})
        for given in ("0001-01-01T00:00:00Z", "1753-01-01", "17991231", "1800-01-01", "2200-12-31", "2206-03-10T10:00:00-05:00")
    ),
    *(_patient(f"dead in {given}", deceasedDateTime=given, birthDate=given) for given in ("1753-01-01", "2206-03-10T10:00:00Z")),
    *(
        _visit(f"class {given}", **{"class": given_class})
        for given, given_class in {
            "O": {"code": "O"},
            "I of v2": {"system": "http://terminology.hl7.org/CodeSystem/v2-0004", "code": "I"},
            "E of a vendor": {"system": "urn:oid:1.2.3", "code": "E"},
            "in words": {"display": "Inpatient encounter", "code": ""},
            "with blanks": {"code": "amb "},
        }.items()
    ),
    *(_visit(f"status {status}", status=status) for status in ("Checked Out", "Closed", "discharged", "No Show")),
    _visit("no start", period={"end": "2026-03-10T10:30:00-04:00"}),
    _visit("ends before it starts", period={"start": "2026-03-12", "end": "2026-03-10"}),
    *(
        _appointment(f"status {status}", status=status, start="2026-10-05T10:00:00-04:00")
        for status in ("Kept", "Showed", "Did not attend", "Cancelled by patient", "deleted")
    ),
    *(
        _patient(f"number {n}", identifier=[{"value": str(n), **said}])
        for n, said in enumerate(
            (
                {"type": {"text": "MR#"}},
                {"type": {"text": "Medical Record No."}},
                {"type": {"coding": [{"display": "Medical record number"}]}},
                {"system": "https://ehr.example/mrn"},
                {"type": {"text": "Medical Record Clerk"}},
            )
        )
    ),
    *(
        _coded("Observation", f"in words {said}", ("http://loinc.org", "4548-4")) | {"valueString": said}
        for said in ("7.1 %", "> 14", "120/80", "see note 7", "negative")
    ),
    _coded("Condition", "by name", ("ICD-10-CM", "z716")),
    _coded("Condition", "of an edition", ("http://snomed.info/sct/731000124108", "171207006")),
    _coded("Condition", "of SNOMED CT by name", ("SNOMED CT", "171207006")),
    _patient("a part", meta={"tag": [{"code": "SUBSETTED"}]}),
)


def _deliver(resources: tuple[dict[str, Any], ...], folder: Path) -> None:
    for kind in {resource["resourceType"] for resource in resources}:
        lines = [json.dumps(resource) for resource in resources if resource["resourceType"] == kind]
        (folder / f"{kind}.ndjson").write_text("\n".join(lines))


def practice_of(folder: Path) -> Practice:
    """The records above as sources `ehr` and `ehr:odd`, and each shared case that is there as a source of its name."""
    for name, resources in (("ehr", MADE), ("odd", ODD)):
        (folder / name).mkdir()
        _deliver(resources, folder / name)
    cases = {f"ehr:{name}": CASES / name / "ehr" for name in SHARED if (CASES / name).is_dir()}
    classes = {"13": "EMER", "urn:oid:1.2.3|5": "VR"}
    return Practice(
        "t",
        "Test",
        "America/New_York",
        {"ehr": folder / "ehr", "ehr:odd": folder / "odd", **cases},
        as_of=date(2026, 11, 1),
        variables={"resolve_identity": False, "encounter_classes": classes, "mrn_systems": ["urn:oid:1.2.3.4"]},
    )


@pytest.fixture(scope="module")
def rows(new_home: Callable[[], Home], tmp_path_factory: pytest.TempPathFactory) -> Rows:
    practice = practice_of(tmp_path_factory.mktemp("ehr"))
    connection = duckdb.connect(str(build_warehouse(new_home(), replace(practice), select=TABLES)), read_only=True)
    return lambda query: connection.sql(query).fetchall()


def _case(name: str) -> str:
    """The source of a shared case; skips the test where the case is not there."""
    if not (CASES / name).is_dir():
        pytest.skip(f"{name} is not there")
    return f"ehr:{name}"


def _charts(rows: Rows, columns: str, prefix: str) -> dict[str, tuple[Any, ...]]:
    found = rows(
        f"select links.source_id, {columns} from marts.dim_patients join intermediate.int_identity__patient_links as links "
        f"using (patient_key) where links.source_system = 'ehr' and links.source_id like '{prefix}%'"
    )
    return {patient.removeprefix(prefix): tuple(facts) for patient, *facts in found}


def test_sex_is_a_fhir_code_whatever_the_server_writes(rows: Rows):
    assert _charts(rows, "sex", "sex ") == {
        "F": ("female",),
        "Female": ("female",),
        " m": ("male",),
        "MAN": ("male",),
        "other": ("other",),
        "Divers": ("unknown",),
        NOTHING: (None,),
    }
    source = _case("gender-not-a-fhir-code")
    assert rows(f"select patient_id, sex from staging.stg_ehr__patients where source_system = '{source}' order by 1") == [
        ("p1", "female"),
        ("p2", "female"),
    ]


def test_a_birth_date_after_the_day_of_the_run_or_120_years_back_is_unknown(rows: Rows):
    assert _charts(rows, "birth_date, age_years", "born ") == {
        "2026-11-01": (date(2026, 11, 1), 0),
        "2026-11-02": (None, None),
        "1906-11-01": (date(1906, 11, 1), 120),
        "1906-10-31": (None, None),
        "2026-02-30": (None, None),
        "1966-05": (None, None),
    }
    source = _case("birth-date-cannot-be")
    assert rows(f"select distinct birth_date from staging.stg_ehr__patients where source_system = '{source}'") == [(None,)]


def test_a_name_given_as_text_alone_is_read_as_people_write_it(rows: Rows):
    assert _charts(rows, "first_name, last_name", "named ") == {
        "Kestrel, Ann Jo": ("Ann", "Kestrel"),
        "Ann Jo Kestrel": ("Ann", "Kestrel"),
        "Ann Kestrel, MD": ("Ann", "Kestrel"),
        "Kestrel": (None, "Kestrel"),
        NOTHING: (None, None),
    }
    source = _case("name-text-last-first")
    assert rows(
        f"select first_name, last_name from staging.stg_ehr__patient_names where source_system = '{source}' order by patient_id"
    ) == [("Ann", "Kestrel"), (None, "王小明")]


def test_a_reference_with_a_version_names_the_patient(rows: Rows):
    assert rows(
        "select encounter_id from marts.fct_encounters where patient_key is null and source_system = 'ehr' order by 1"
    ) == [
        ("of a group",),
        ("of nobody",),
    ], "a group of the id of a patient is not that patient"
    assert rows("select appointment_id from marts.fct_appointments where patient_key is null and source_system = 'ehr'") == []
    source = _case("versioned-reference")
    assert rows(f"select count(*) from marts.fct_encounters where source_system = '{source}' and is_completed_visit") == [(1,)]


def test_a_class_that_is_not_known_is_a_visit_and_the_practices_map_says_what_it_is(rows: Rows):
    """The map of this practice: 13 is an emergency, and 5 of one code system a video visit."""
    found = rows(
        "select encounter_id, class_code, is_completed_visit, is_telehealth from marts.fct_encounters where source_system = 'ehr'"
    )
    assert {visit: tuple(facts) for visit, *facts in found if "class" in visit} == {
        "class 13": ("EMER", False, False),
        "class 5 of one system": ("VR", True, True),
        "class 5 of another": ("5", True, False),
        "class inpatient": ("IMP", False, False),
        "no class": (None, True, False),
        "planned of an unknown class": ("77", False, False),
    }


def test_a_time_without_an_offset_is_the_practices_and_one_without_seconds_is_read(rows: Rows):
    """Quarter past midnight in New York, in summer 04:15 UTC."""
    moment = datetime(2026, 7, 1, 4, 15, tzinfo=UTC)
    found = rows("select encounter_id, started_on, started_at, ended_at from marts.fct_encounters where source_system = 'ehr'")
    facts = {visit: (on, at and at.astimezone(UTC), end and end.astimezone(UTC)) for visit, on, at, end in found}
    assert facts["local"] == facts["minutes"] == (date(2026, 7, 1), moment, moment.replace(minute=45))
    assert facts["day"] == (date(2026, 7, 1), None, None)
    assert facts["unreadable"] == (None, None, None)
    source = _case("fhir-datetime-without-offset")
    assert rows(f"select started_on from marts.fct_encounters where source_system = '{source}'") == [(date(2026, 1, 1),)]
    assert rows(
        f"select timezone('America/New_York', starts_at)::varchar from marts.fct_appointments where source_system = '{source}'"
    ) == [("2026-10-05 10:00:00",)]


def test_an_appointment_without_a_readable_start_is_kept_and_not_due(rows: Rows):
    found = rows("select appointment_id, final_status, is_due from marts.fct_appointments where source_system = 'ehr'")
    facts = {appointment: tuple(rest) for appointment, *rest in found}
    assert facts["past"] == facts["of a version"] == ("no_show", True)
    assert facts["no start"] == ("no_show", False)
    assert facts["unreadable start"] == ("completed", False)
    source = _case("appointment-without-start")
    assert rows(f"select appointment_id, is_due from marts.fct_appointments where source_system = '{source}' order by 1") == [
        ("a1", False),
        ("a2", True),
    ]


def test_a_status_is_the_fhir_code_that_its_word_means_and_a_word_that_is_not_known_no_visit(rows: Rows):
    visits = rows(
        "select encounter_id, is_completed_visit from marts.fct_encounters where encounter_id like 'status %' "
        "and source_system = 'ehr'"
    )
    assert {visit.removeprefix("status "): is_completed for visit, is_completed in visits} == {
        "FINISHED": True,
        " finished": True,
        "Completed": True,
        "In Progress": False,
        "left": False,
        "missing": False,
    }
    appointments = rows(
        "select appointment_id, final_status, is_due from marts.fct_appointments "
        "where appointment_id like 'status %' and source_system = 'ehr'"
    )
    assert {appointment.removeprefix("status "): tuple(facts) for appointment, *facts in appointments} == {
        "NoShow": ("no_show", True),
        "no-show": ("no_show", True),
        "Completed": ("completed", True),
        "CANCELED": ("cancelled", False),
        "Scheduled": ("booked", False),
        "left": ("booked", False),
    }


def test_who_waits_or_asks_for_an_appointment_has_none(rows: Rows):
    query = "select distinct final_status from marts.fct_appointments where starts_on = '2026-12-01' and source_system = 'ehr'"
    found = rows(query)
    assert found == [("requested",)]
    assert rows(
        "select count(*) from marts.dim_patients join intermediate.int_identity__patient_links as links using (patient_key) "
        "where links.source_system <> 'ehr:odd' and next_appointment_at is not null"
    ) == [(0,)]


def test_what_is_read_otherwise_than_it_is_written_is_counted_by_field(rows: Rows):
    """The sexes F, Female, m and MAN; the births of 2 November 2026 and of 1906-10-31, and one in May 1966 of which no day
    is known; classes 13, 5 of one system and inpatient, and, not known, 5 of another system and none at all. Of the codes
    Z71.6 without its dot and the two of LOINC's other addresses are read; the local one and the words are not known; A00.0
    and 55284-4 are in no value set. Four statuses of visits and five of appointments are FHIR's in other letters or words, `left`
    is none, and one visit has no status. One pressure is in kPa, one has no unit. None of
    nine results has a day."""
    found = rows("select extract, field, kind, n_rows from marts.fct_data_findings where source_system = 'ehr' order by all")
    assert found == [
        ("Appointment", "start", "mapped", 1),
        ("Appointment", "start", "unknown", 1),
        ("Appointment", "start", "unknown", 1),
        ("Appointment", "status", "mapped", 5),
        ("Appointment", "status", "unknown", 1),
        ("Condition", "code", "mapped", 1),
        ("Condition", "code", "unmatched", 1),
        ("Condition", "code", "unmatched", 1),
        ("Condition", "code", "unused", 1),
        ("Encounter", "class", "mapped", 3),
        ("Encounter", "class", "unknown", 2),
        ("Encounter", "period.end", "doubtful", 1),
        ("Encounter", "period.end", "mapped", 1),
        ("Encounter", "period.start", "mapped", 1),
        ("Encounter", "period.start", "unknown", 1),
        ("Encounter", "status", "mapped", 4),
        ("Encounter", "status", "unknown", 1),
        ("Encounter", "status", "unknown", 1),
        ("Encounter", "subject", "unmatched", 2),
        ("Observation", "code", "mapped", 2),
        ("Observation", "code", "passed_over", 2),
        ("Observation", "code", "unused", 1),
        ("Observation", "component", "passed_over", 2),
        ("Observation", "effectiveDateTime", "unknown", 9),
        ("Patient", "birthDate", "unknown", 1),
        ("Patient", "birthDate", "unknown", 1),
        ("Patient", "birthDate", "unknown", 2),
        ("Patient", "gender", "mapped", 4),
        ("Patient", "gender", "unknown", 1),
    ]
    source = _case("unreadable-fhir-date")
    assert rows(f"select field, kind, n_rows from marts.fct_data_findings where source_system = '{source}'") == [
        ("effectiveDateTime", "unknown", 2)
    ]


def test_a_role_means_its_practitioner_and_never_the_patient_of_the_same_id(rows: Rows):
    """The role has the id of the first patient, who sorts before the patient of this appointment."""
    query = "select patient_id, practitioner_id from staging.stg_ehr__appointments where appointment_id = 'with a role'"
    assert rows(query) == [("sex F", "dr1")]


def test_an_appointment_of_several_patients_has_one_row_a_patient_and_each_visit_is_of_its_own(rows: Rows):
    """A class given as a Group, and a family of which p1 is named twice and has come."""
    found = rows("select appointment_id, encounter_id from marts.fct_appointments where appointment_id like 'of a %'")
    assert dict(found) == {
        "of a group/sex F": None,
        "of a group/sex MAN": None,
        "of a family/p1": "of one of a family",
        "of a family/sex other": None,
        "of a version": None,
    }
    (counts,) = rows("select count(*), count(distinct appointment_key) from marts.fct_appointments")
    assert counts[0] == counts[1]


def test_the_sex_that_measures_ask_for_is_us_cores_under_either_name_and_otherwise_that_at_birth(rows: Rows):
    found = rows("select patient_id, us_core_sex_code from staging.stg_ehr__patients where patient_id like 'core %'")
    assert dict(found) == {
        "core us-core-sex": "248152002",
        "core individual": "248152002",
        "core birthsex": "248153007",
        "core none": None,
        "core without gender": "248152002",
    }
    assert rows(
        "select sex from staging.stg_ehr__patients where patient_id in ('core without gender', 'core birthsex') order by 1"
    ) == [
        ("female",),
        ("female",),
    ], "the sex shown is that at birth where no gender is given, and nowhere else"


def test_a_record_number_is_known_by_its_type_in_code_or_words_or_by_a_system_of_the_settings(rows: Rows):
    found = rows(
        "select identifier_value from staging.stg_ehr__patient_identifiers where type_code = 'MR' and source_system = 'ehr'"
    )
    assert sorted(found) == [("1",), ("2",), ("3",), ("4",), ("5",)]


def test_a_code_is_of_the_value_sets_of_the_code_that_it_means(rows: Rows):
    found = rows("select codes, value_set from intermediate.int_clinical__concept_value_sets")
    assert ("http://hl7.org/fhir/sid/icd-10|z716", "tobacco_counseling_diagnosis") in found
    assert ("https://loinc.org/|97506-0", "glucose_management_indicator") in found
    assert ("urn:oid:2.16.840.1.113883.6.1|97506-0", "glucose_management_indicator") in found


def _odd(rows: Rows, columns: str, table: str, key: str, prefix: str) -> dict[str, Any]:
    """Of the records of `ehr:odd` whose key begins so, one fact or several, by the rest of the key."""
    found = rows(f"select {key}, {columns} from {table} where source_system = 'ehr:odd' and starts_with({key}, '{prefix}')")
    return {record.removeprefix(prefix): facts[0] if len(facts) == 1 else tuple(facts) for record, *facts in found}


def test_a_reference_may_name_a_record_by_an_identifier_that_one_record_alone_has(rows: Rows):
    """M100 is p1's; F7 is the member number of two; M999 is nobody's, and another register's M100 is not this one."""
    visits = _odd(rows, "patient_id", "staging.stg_ehr__encounters", "encounter_id", "number: ")
    known = ("logical", "without a system", f"{REGISTER}|M100", f"{REGISTER}%7CM100", "M100")
    assert visits == dict.fromkeys(known, "p1") | dict.fromkeys((f"{REGISTER}|M999", "urn:oid:family|F7", "other system"))
    place = "practitioner_id, location_id"
    (visit,) = _odd(rows, f"{place}, organization_id", "staging.stg_ehr__encounters", "encounter_id", "who and").values()
    assert visit == ("dr1", "north", "owner")
    (booking,) = _odd(rows, f"patient_id, {place}", "staging.stg_ehr__appointments", "appointment_id", "who and").values()
    assert booking == ("p1", "dr1", "north")


def test_a_reference_is_read_in_other_letters_and_with_what_a_request_adds_to_it(rows: Rows):
    assert set(_odd(rows, "patient_id", "staging.stg_ehr__encounters", "encounter_id", "reference: ").values()) == {"p1"}
    assert _odd(rows, "patient_id", "staging.stg_ehr__appointments", "appointment_id", "patient/") == {"p1": "p1"}


def test_the_day_that_stands_for_none_is_no_death(rows: Rows):
    """A word instead of a day says that the person died; so does a day before the birth, which is counted as doubtful."""
    dead = _odd(rows, "is_deceased, deceased_on", "staging.stg_ehr__patients", "patient_id", "dead ")
    assert dead == {
        **dict.fromkeys((NOTHING, "0001-01-01T00:00:00Z", "9999-12-31"), (False, None)),
        **dict.fromkeys(("gone", "in 1753-01-01", "in 2206-03-10T10:00:00Z"), (True, None)),
        **{day: (True, date.fromisoformat(day)) for day in ("2026-01-01", "1900-01-01", "2027-01-01")},
    }


def test_a_birth_date_with_a_time_is_the_day_that_it_names(rows: Rows):
    """Midnight in London is the evening before in New York."""
    born = _odd(rows, "birth_date", "staging.stg_ehr__patients", "patient_id", "born ")
    assert born.pop("05/05/1966") is None
    assert set(born.values()) == {date(1966, 5, 5)}
    assert len(born) == 3


def test_a_name_is_read_without_titles_and_whole_from_the_family_name(rows: Rows):
    names = _odd(rows, "first_name, last_name", "staging.stg_ehr__patient_names", "patient_id", "named ")
    assert names.pop("Kestrel, Jr.") == ("Ann", "Kestrel, Jr.")
    assert set(names.values()) == {("Ann", "Kestrel")}
    assert len(names) == 4


def test_a_time_is_read_in_the_forms_that_databases_and_programs_write(rows: Rows):
    """Quarter past midnight in New York, with a leap second at the end of that minute. Milliseconds since 1970 are not read."""
    moment = datetime(2026, 7, 1, 4, 15, tzinfo=UTC)
    found = _odd(rows, "started_on, started_at", "staging.stg_ehr__encounters", "encounter_id", "at ")
    facts = {given: (on, at and at.astimezone(UTC)) for given, (on, at) in found.items()}
    assert facts.pop("1782879300000") == (None, None)
    assert facts.pop("2026-07-01T00:15:60-04:00") == (date(2026, 7, 1), moment.replace(second=59))
    assert {facts.pop(day) for day in ("20260701", "2026-07-01-04:00", " 2026-07-01")} == {(date(2026, 7, 1), None)}
    assert set(facts.values()) == {(date(2026, 7, 1), moment)}
    assert len(facts) == 5


def test_a_class_may_be_a_letter_of_hl7_v2_or_stand_in_words_alone(rows: Rows):
    """A letter of a vendor's own is the vendor's."""
    assert _odd(rows, "class_code, is_completed_visit", "marts.fct_encounters", "encounter_id", "class ") == {
        "O": ("AMB", True),
        "I of v2": ("IMP", False),
        "E of a vendor": ("E", True),
        "in words": ("IMP", False),
        "with blanks": ("AMB", True),
    }


def test_words_of_front_desks_are_the_status_that_they_mean(rows: Rows):
    assert _odd(rows, "status", "staging.stg_ehr__encounters", "encounter_id", "status ") == {
        **dict.fromkeys(("Checked Out", "Closed", "discharged"), "finished"),
        "No Show": "cancelled",
    }
    assert _odd(rows, "final_status", "marts.fct_appointments", "appointment_id", "status ") == {
        **dict.fromkeys(("Kept", "Showed"), "completed"),
        "Did not attend": "no_show",
        "Cancelled by patient": "cancelled",
        "deleted": "entered_in_error",
    }


def test_a_record_number_is_known_by_its_words_and_a_system_called_so(rows: Rows):
    numbers = _odd(rows, "type_code", "staging.stg_ehr__patient_identifiers", "patient_id", "number ")
    assert numbers == dict.fromkeys("0123", "MR") | {"4": ""}


def test_a_code_system_is_known_by_its_name_and_by_an_edition_of_it(rows: Rows):
    found = rows("select codes, value_set from intermediate.int_clinical__concept_value_sets")
    assert ("ICD-10-CM|z716", "tobacco_counseling_diagnosis") in found
    by_name, by_edition = (
        {value_set for codes, value_set in found if codes == f"{system}|171207006"}
        for system in ("SNOMED CT", "http://snomed.info/sct/731000124108")
    )
    assert by_name == by_edition


def test_what_is_odd_about_a_record_is_counted(rows: Rows):
    """Three visits of nobody, and the bookings for a relative, for a name alone and for one of two. A visit has no start, another
    one that cannot be read, four a year that cannot be, and one ends before it starts. Two deaths of no day, a word for one, one
    before the birth, one to come and two in years that cannot be, in which these two were born, too."""
    found = rows(
        "select extract, field, kind, sum(n_rows) from marts.fct_data_findings where source_system = 'ehr:odd' group by all"
    )
    facts = {(extract, field, kind): n for extract, field, kind, n in found}
    assert facts["Encounter", "subject", "unmatched"] == 3
    assert facts["Appointment", "participant", "unmatched"] == 3
    assert facts["Encounter", "period.start", "doubtful"] == 1
    assert facts["Encounter", "period.start", "unknown"] == 6
    assert facts["Encounter", "period.end", "unknown"] == 4
    assert facts["Patient", "birthDate", "unknown"] == 3
    assert facts["Patient", "deceasedDateTime", "unknown"] == 3
    assert facts["Patient", "deceasedDateTime", "doubtful"] == 4
    assert facts["Patient", "meta.tag", "doubtful"] == 1
    assert facts["Observation", "valueString", "passed_over"] == 3


def test_a_record_that_names_a_patient_by_an_identifier_of_several_is_said_to_be_ambiguous(rows: Rows):
    """F7 is the member number of two."""
    assert rows(
        "select extract, field, kind, n_rows from marts.fct_data_findings "
        "where source_system = 'ehr:odd' and starts_with(finding, 'is ambiguous') order by all"
    ) == [("Appointment", "participant", "unmatched", 1), ("Encounter", "subject", "unmatched", 1)]


def test_a_day_of_a_year_before_1800_or_after_2200_is_none(rows: Rows):
    years = _odd(rows, "started_on, ended_on", "staging.stg_ehr__encounters", "encounter_id", "year ")
    assert years == dict.fromkeys(
        ("0001-01-01T00:00:00Z", "1753-01-01", "17991231", "2206-03-10T10:00:00-05:00"), (None, None)
    ) | {day: (date.fromisoformat(day), date.fromisoformat(day)) for day in ("1800-01-01", "2200-12-31")}
