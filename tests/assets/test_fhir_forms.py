"""A FHIR resource lands as its type, in whatever form a server writes it: a line, a Bundle, a list, a document, contained."""

import base64
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.errors import ExtractRefused
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.raw.views import build_raw

Landed = Callable[[str], list[tuple[Any, ...]]]


def patient(key: str = "p1", **elements: object) -> dict[str, object]:
    return {"resourceType": "Patient", "id": key, **elements}


def visit(key: str = "e1", **elements: object) -> dict[str, object]:
    return {"resourceType": "Encounter", "id": key, "subject": {"reference": "Patient/p1"}, **elements}


def bundle(kind: str, *entries: dict[str, object]) -> dict[str, object]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def of(*resources: dict[str, object]) -> list[dict[str, object]]:
    return [{"fullUrl": f"https://ehr.example/{one['resourceType']}/{one['id']}", "resource": one} for one in resources]


def post(resource: dict[str, object], method: str = "POST", **entry: object) -> dict[str, object]:
    return {"resource": resource, "request": {"method": method, "url": resource["resourceType"]}, **entry}


def delete(url: str) -> dict[str, object]:
    return {"request": {"method": "DELETE", "url": url}}


def lines(*resources: object) -> str:
    return "\n".join(json.dumps(one) for one in resources)


@pytest.fixture
def landed(tmp_path: Path) -> Callable[..., Landed]:
    """Lands files (text, or bytes) as source `ehr` of a practice with `settings`; then asks raw."""

    def arrive(settings: dict[str, Any] | None = None, **files: str | bytes) -> Landed:
        (tmp_path / "ehr").mkdir(exist_ok=True)
        for name, content in files.items():
            (tmp_path / "ehr" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        practice = Practice("p", "P", "America/New_York", {"ehr": tmp_path / "ehr"}, **settings or {})
        home = Home(tmp_path / "home")
        connection = duckdb.connect()
        build_raw(connection, practice, home, land(practice, home).ledger)
        return lambda query: connection.sql(query).fetchall()

    return arrive


COUNTS = "select extract, status, n_delivered, n_landed, n_quarantined from raw.deliveries order by all"
FORMS = {
    "a searchset": json.dumps(bundle("searchset", *of(patient(), visit()))),
    "a collection over several lines": json.dumps(bundle("collection", *of(patient(), visit())), indent=2),
    "its type last": json.dumps(dict(reversed(bundle("collection", *of(patient(), visit())).items())), indent=2),
    "a transaction of POST and PUT": json.dumps(bundle("transaction", post(patient()), post(visit(), "PUT"))),
    "a bundle in a bundle": json.dumps(bundle("batch-response", {"resource": bundle("searchset", *of(patient(), visit()))})),
    "a list": json.dumps([patient(), visit()]),
    "a list over several lines": json.dumps([patient(), visit()], indent=1),
    "bundles in lines": lines(bundle("searchset", *of(patient())), bundle("searchset", *of(visit()))),
    "resources in lines": lines(patient(), visit()),
    "documents one after the other": json.dumps(patient(), indent=2) + json.dumps(visit(), indent=2),
    "bundles one after the other in a line": json.dumps(bundle("searchset", *of(patient()))) + json.dumps(visit()),
    "lines that a carriage return ends": lines(patient(), visit()).replace("\n", "\r"),
    "UTF-16 without its mark": lines(patient(), visit()).encode("utf-16-le"),
    "UTF-16 without its mark, the high byte first": lines(patient(), visit()).encode("utf-16-be"),
    "UTF-32": lines(patient(), visit()).encode("utf-32"),
    "UTF-32 without its mark": lines(patient(), visit()).encode("utf-32-be"),
    "a list in an object": json.dumps({"data": [patient(), visit()]}),
    "a list in an object over several lines": json.dumps({"total": 2, "next": None, "data": [patient(), visit()]}, indent=1),
    "entries in an object": json.dumps({"total": 2, "entry": of(patient(), visit())}),
    "a list a type in an object": json.dumps({"patients": [patient()], "visits": [visit()], "errors": []}),
    "objects in lines": lines({"resource": patient()}, {"resource": visit()}),
    "the answer of a query": json.dumps({"data": {"patients": [patient()], "visits": [visit()]}}),
    "documents of a database": json.dumps(
        {"total_rows": 2, "rows": [{"key": "p1", "doc": patient()}, {"key": "e1", "doc": visit()}]}
    ),
    "a list in lines that is not closed": "[\n" + json.dumps(patient()) + ",\n" + json.dumps(visit()) + ",\n",
    "lines behind commas": json.dumps(patient()) + ",\n" + json.dumps(visit()) + ",\n",
    "lines behind a mark each": f"\ufeff{json.dumps(patient())}\r\n\ufeff{json.dumps(visit())}\r\n",
    "a sequence of texts": f"\x1e{json.dumps(patient())}\n\x1e{json.dumps(visit())}\n",
    "after a byte-order mark": "\ufeff" + json.dumps(bundle("searchset", *of(patient(), visit()))),
}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        *(pytest.param(content, "Patient_1.json", id=form) for form, content in FORMS.items()),
        *(pytest.param(FORMS["a searchset"], name, id=name) for name in ("ann-kestrel.json", "export.ndjson", "data")),
    ],
)
def test_resources_of_several_types_land_as_their_types(landed: Callable[..., Landed], content: str | bytes, name: str):
    rows = landed(**{name: content})

    assert rows(COUNTS) == [("Encounter", "landed", 1, 1, 0), ("Patient", "landed", 1, 1, 0)]
    assert rows("select id, subject.reference from raw.ehr_encounter") == [("e1", "Patient/p1")]


@pytest.mark.parametrize("indent", [None, 1])
def test_a_list_in_an_object_is_read_whatever_type_the_name_says_and_what_is_no_resource_in_it_is_quarantined(
    landed: Callable[..., Landed], indent: int | None
):
    content = {"total": 3, "data": [*map(patient, "abcdefghij"), {"id": "of no type"}]}
    rows = landed(**{"Patient.ndjson": json.dumps(content, indent=indent)})
    assert rows(COUNTS) == [("Bundle", "landed", 1, 0, 1), ("Patient", "landed", 10, 10, 0)]
    assert rows("select row_number, field, reason from raw.quarantined_rows") == [(11, "resourceType", "is missing")]


@pytest.mark.parametrize("separator", [",\n", "\n\ufeff", "\n\x1e", "\n,\n"])
def test_what_stands_between_the_resources_of_one_type_costs_none_of_them(landed: Callable[..., Landed], separator: str):
    rows = landed(**{"Patient.ndjson": separator.join(json.dumps(patient(key)) for key in "abc")})
    assert rows(COUNTS) == [("Patient", "landed", 3, 3, 0)]
    assert rows("select id, gender from raw.ehr_patient order by id") == [("a", None), ("b", None), ("c", None)]


def test_a_damaged_list_in_lines_costs_the_damaged_line(landed: Callable[..., Landed]):
    given = [json.dumps(patient(key)) for key in "abcdefghijkl"]
    given[3] = given[3][:-5]
    rows = landed(**{"Patient.json": "[\n" + ",\n".join(given) + "\n]\n"})
    assert rows("select sum(n_delivered), sum(n_landed) from raw.deliveries") == [(12, 11)]
    assert rows("select row_number from raw.quarantined_rows") == [(5,)]


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"id": "p1", "gender": "female"}),
        json.dumps({"patientId": "p1", "name": [{"family": "Kestrel"}]}) + "\n",
        "patient_id,gender\np1,female\n",
        str(patient()),
    ],
    ids=["no type", "BigQuery's rows", "a table", "Python"],
)
def test_a_file_in_which_no_row_is_a_resource_is_refused_with_what_to_ask_for(landed: Callable[..., Landed], content: str):
    with pytest.raises(ExtractRefused, match=r"No row says its resourceType\. .* Ask for the export in FHIR R4"):
        landed(**{"Patient.ndjson": content})


def csv_of(*resources: object, delimiter: str = ",", escape: str = '""') -> str:
    """A table of a column of resources between two others, with a header."""
    cells = [
        json.dumps(one, sort_keys=True).replace("\\", "\\\\" if escape != '""' else "\\").replace('"', escape)
        for one in resources
    ]
    rows = [["LOADED", "DATA", "N"], *(["2026-10-01", f'"{cell}"', str(n)] for n, cell in enumerate(cells))]
    return "\r\n".join(map(delimiter.join, rows))


ANN = patient(name=[{"given": ['Ann "Annie"'], "text": "Kestrel, Ann; a\tb"}])
TABLES = {
    "Snowflake's CSV": csv_of(ANN, visit()),
    "Snowflake's CSV, of objects around": csv_of({"data": ANN}, {"data": visit()}),
    "PostgreSQL's with semicolons": csv_of(ANN, visit(), delimiter=";"),
    "Spark's CSV": csv_of(ANN, visit(), escape='\\"'),
    "tabs, nothing enclosed": f"ID\tDATA\n1\t{json.dumps(ANN)}\n2\t{json.dumps(visit())}\n",
    "PostgreSQL's COPY": f"1\t{json.dumps(ANN)}\n2\t{json.dumps(visit())}\n".replace("\\", "\\\\"),
    "Snowflake's default": "\n".join(json.dumps(one).replace("\\", "\\\\").replace(",", "\\,") for one in ("DATA", ANN, visit())),
    "BigQuery's rows with a column of JSON": lines(
        {"n": "1", "resource": json.dumps(ANN)}, {"n": "2", "resource": json.dumps(visit())}
    ),
    "BigQuery's answer": json.dumps({"rows": [{"f": [{"v": "1"}, {"v": json.dumps(one)}]} for one in (ANN, visit())]}),
    "JSON in JSON": lines(json.dumps(ANN), json.dumps(visit())),
}


@pytest.mark.parametrize("name", ["Patient.csv", "query_result_1"])
@pytest.mark.parametrize("form", TABLES)
def test_resources_in_a_column_of_a_table_land_as_their_types(landed: Callable[..., Landed], form: str, name: str):
    rows = landed(**{name: TABLES[form]})
    assert rows(COUNTS) == [("Encounter", "landed", 1, 1, 0), ("Patient", "landed", 1, 1, 0)]
    assert rows("select name[1].given[1], name[1].text from raw.ehr_patient") == [('Ann "Annie"', "Kestrel, Ann; a\tb")]


def test_a_row_of_a_table_without_a_whole_resource_is_quarantined_with_its_row(landed: Callable[..., Landed]):
    """Row 1 is the header; of the resource in row 4 the end is missing, and row 5 has none."""
    table = csv_of(*(patient(f"p{n}") for n in range(12))).split("\r\n")
    table[3] = '2026-10-01,"{""resourceType"": ""Patient"", ""id"": ""x",3'
    table[4] = "2026-10-01,,4"
    rows = landed(**{"export.csv": "\r\n".join(table)})
    assert rows("select count(*) from raw.ehr_patient") == [(10,)]
    assert rows("select row_number, field, reason from raw.quarantined_rows order by 1") == [
        (4, None, "holds a resource that is not valid JSON, or cut off"),
        (5, "resourceType", "is missing: no cell of the row holds a resource"),
    ]


def test_two_resources_in_one_line_of_a_file_of_one_type_are_two(landed: Callable[..., Landed]):
    """The second has the next number; the line after it one more."""
    first, second, third = (json.dumps(patient(f"p{n}")) for n in (1, 2, 3))

    rows = landed(**{"Patient.ndjson": f"{first}{second}\n{third}\n"})

    assert rows("select id, _row_number from raw.ehr_patient order by id") == [("p1", 1), ("p2", 2), ("p3", 3)]


@pytest.mark.parametrize("name", ["Patient.ndjson.gz", "export.tar.gz"])
def test_a_tar_archive_is_refused_by_name_with_what_to_do(landed: Callable[..., Landed], name: str):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("Patient.ndjson"))

    with pytest.raises(ExtractRefused, match=f"ehr/{name} is a tar archive. Unpack it, and deliver the files."):
        landed(**{name: packed.getvalue()})


@pytest.mark.parametrize(
    ("begins", "words"),
    [
        (b"7z\xbc\xaf\x27\x1c", "is a 7z archive. Unpack it"),
        (b"Rar!\x1a\x07", "is a RAR archive. Unpack it"),
        (b"\xfd7zXZ\x00", "is packed by xz. Deliver it unpacked"),
        (b"BZh91AY", "is packed by bzip2. Deliver it unpacked"),
    ],
)
def test_an_archive_that_is_not_read_is_refused_by_name(landed: Callable[..., Landed], begins: bytes, words: str):
    with pytest.raises(ExtractRefused, match=words):
        landed(**{"export.ndjson": begins + b"\x00\x04" * 50})


def test_a_type_that_is_not_read_is_counted_and_an_entry_without_a_resource_is_quarantined(landed: Callable[..., Landed]):
    plan = {"resourceType": "CarePlan", "id": "c"}
    many = [patient(f"p{n}") for n in range(8)]

    rows = landed(**{"x.json": json.dumps(bundle("searchset", *of(*many, plan), {"response": {"status": "201"}}))})

    assert rows(COUNTS) == [("Bundle", "landed", 1, 0, 1), ("CarePlan", "ignored", 1, 0, 0), ("Patient", "landed", 8, 8, 0)]
    assert rows("select row_number, field, reason from raw.quarantined_rows") == [(10, "entry.resource", "is missing")]


def test_a_resource_without_an_id_has_that_of_its_entry_and_references_to_it_follow(landed: Callable[..., Landed]):
    """A server gives the id when it takes a POST: until then, entries refer to `urn:uuid:7`. The booking has an id of its own."""
    nameless = {"resourceType": "Patient", "gender": "female"}
    of_uuid = visit("e1", subject={"reference": "urn:uuid:7"}, appointment=[{"reference": "urn:uuid:9"}])
    booking = {"resourceType": "Appointment", "id": "a1"}
    entries = [post(nameless, fullUrl="urn:uuid:7"), post(of_uuid, fullUrl="urn:uuid:8"), post(booking, fullUrl="urn:uuid:9")]

    rows = landed(**{"x.json": json.dumps(bundle("transaction", *entries))})

    assert rows("select id from raw.ehr_patient") == [("7",)]
    assert rows("select subject.reference, appointment[1].reference from raw.ehr_encounter") == [("urn:uuid:7", "Appointment/a1")]


def test_a_bundle_of_deletions_deletes_and_what_it_posts_besides_lands(landed: Callable[..., Landed]):
    rows = landed(
        **{
            "Patient.ndjson": lines(patient("p1"), patient("p2"), patient("p3")),
            "Bundle.ndjson": lines(
                bundle("transaction", delete("Patient/p1")), bundle("batch", delete("Patient/p2"), post(patient("p4")))
            ),
        }
    )

    assert rows("select id from raw.ehr_patient order by id") == [("p3",), ("p4",)]
    assert rows(COUNTS) == [
        ("Patient", "landed", 1, 1, 0),
        ("Patient", "landed", 3, 1, 0),
        ("deleted", "landed", 2, 2, 0),
    ]


def test_a_line_of_another_type_that_is_read_lands_as_that_and_no_row_number_is_there_twice(landed: Callable[..., Landed]):
    rows = landed(**{"Patient.ndjson": lines(patient("p1"), visit(), patient("p2"), visit("e2"))})

    assert rows(COUNTS) == [("Encounter", "landed", 2, 2, 0), ("Patient", "landed", 2, 2, 0)]
    assert rows("select id, _row_number from raw.ehr_encounter order by 1") == [("e1", 2), ("e2", 4)]


def test_contained_resources_are_taken_out_and_the_references_to_them_follow(landed: Callable[..., Landed]):
    """Two orders contain a medication of the same local id; the visit contains its site, whose organization is beside it."""

    def order(key: str, code: str) -> dict[str, object]:
        medication = {"resourceType": "Medication", "id": "m", "code": {"text": code}}
        return {
            "resourceType": "MedicationRequest",
            "id": key,
            "contained": [medication],
            "medicationReference": {"reference": "#m"},
        }

    site = {"resourceType": "Location", "id": "l", "name": "North", "managingOrganization": {"reference": "#o"}}
    owner = {"resourceType": "Organization", "id": "o", "name": "Owner"}
    rows = landed(
        **{
            "MedicationRequest.ndjson": lines(order("1", "metformin"), order("2", "insulin")),
            "Encounter.ndjson": lines(visit(contained=[site, owner], location=[{"location": {"reference": "#l"}}])),
        }
    )

    assert rows("select id, medicationReference.reference, _row_number from raw.ehr_medication_request order by 1") == [
        ("1", "Medication/MedicationRequest.1#m", 1),
        ("2", "Medication/MedicationRequest.2#m", 2),
    ]
    assert rows("select id, code.text, _row_number from raw.ehr_medication order by 1") == [
        ("MedicationRequest.1#m", "metformin", 3),
        ("MedicationRequest.2#m", "insulin", 4),
    ]
    assert rows("select location[1].location.reference from raw.ehr_encounter") == [("Location/Encounter.e1#l",)]
    assert rows("select id, managingOrganization.reference from raw.ehr_location") == [
        ("Encounter.e1#l", "Organization/Encounter.e1#o")
    ]


def test_a_file_in_a_windows_code_page_is_read_as_such_and_said_to_be(landed: Callable[..., Landed]):
    name = [{"family": "Brontë", "given": ["Zoë"]}]
    rows = landed(**{"Patient.ndjson": json.dumps(patient(name=name), ensure_ascii=False).encode("cp1252")})

    assert rows("select name[1].family, name[1].given[1] from raw.ehr_patient") == [("Brontë", "Zoë")]
    assert rows("select read_as from raw.deliveries") == [("in Windows code page 1252",)]


R4 = {"resourceType": "Encounter", "id": "e0", "class": {"code": "AMB"}}
OTHERS = {
    "R5": [
        visit(**{"class": [{"coding": [{"code": "AMB"}]}]}),
        {"resourceType": "MedicationRequest", "id": "m", "medication": {"concept": {"text": "metformin"}}},
        {"resourceType": "Appointment", "id": "a", "cancellationReason": {"text": "ill"}},
    ],
    "STU3": [
        {"resourceType": "Condition", "id": "c", "clinicalStatus": "active"},
        {"resourceType": "Observation", "id": "o", "context": {"reference": "Encounter/e1"}},
        {"resourceType": "Procedure", "id": "p", "notDone": False},
    ],
    "DSTU2": [visit(**{"class": "outpatient"}), patient(name=[{"family": ["Kestrel"]}])],
}


@pytest.mark.parametrize("form", ["lines", "bundle"])
@pytest.mark.parametrize(("version", "resource"), [(version, one) for version, those in OTHERS.items() for one in those])
def test_another_version_of_fhir_is_refused_by_name_with_its_whole_source(
    landed: Callable[..., Landed], version: str, resource: dict[str, object], form: str
):
    """The patients beside it could be read: they are the same in each version."""
    content = lines(resource) if form == "lines" else json.dumps(bundle("collection", *of(R4, resource)))
    name = f"{resource['resourceType']}.ndjson" if form == "lines" else "x.json"

    with pytest.raises(ExtractRefused, match=f"is FHIR {version}, and R4 is what is read"):
        landed(**{"Patient.ndjson": lines(patient()), name: content})


STRAYS = {
    "R5": ({"class": {"code": "AMB"}, "period": {"start": "2026-03-10"}}, {"actualPeriod": {"start": "2026-03-10"}}),
    "STU3": ({"class": {"code": "AMB"}, "reasonCode": [{"text": "cough"}]}, {"reason": [{"text": "cough"}]}),
    "DSTU2": ({"class": {"code": "AMB"}}, {"class": "outpatient"}),
}


@pytest.mark.parametrize("place", [0, 250])
@pytest.mark.parametrize("form", ["lines", "bundle"])
@pytest.mark.parametrize("version", STRAYS)
def test_one_record_of_another_version_in_a_file_of_r4_is_quarantined(
    landed: Callable[..., Landed], version: str, form: str, place: int
):
    """Wherever it stands: only the first lines of a clean file are parsed."""
    of_r4, stray = STRAYS[version]
    visits = [visit(f"e{n}", **(stray if n == place else of_r4)) for n in range(300)]
    content = lines(*visits) if form == "lines" else json.dumps(bundle("collection", *of(*visits)))
    rows = landed(**{"Encounter.ndjson" if form == "lines" else "x.json": content})
    assert rows("select count(*) from raw.ehr_encounter") == [(299,)]
    assert rows("select row_number, reason from raw.quarantined_rows") == [
        (place + 1, f"is FHIR {version}, and R4 is what is read")
    ]


def test_a_record_with_an_element_of_another_version_beside_those_of_r4_is_r4(landed: Callable[..., Landed]):
    """As servers write that were converted, and keep what they had."""
    result = {"resourceType": "Observation", "id": "o", "encounter": {"reference": "Encounter/e1"}}
    rows = landed(**{"Observation.ndjson": lines(result | {"context": {"reference": "Encounter/e1"}})})
    assert rows("select id from raw.ehr_observation") == [("o",)]


def test_a_file_is_of_another_version_though_most_of_its_records_do_not_tell(landed: Callable[..., Landed]):
    """An appointment of R5 tells once it is cancelled: 11 of 300."""
    ill = {"cancellationReason": {"text": "ill"}}
    booked = [{"resourceType": "Appointment", "id": f"a{n}", **(ill if n < 11 else {})} for n in range(300)]
    with pytest.raises(ExtractRefused, match="is FHIR R5"):
        landed(**{"Patient.ndjson": lines(patient()), "Appointment.ndjson": lines(*booked)})


def test_a_file_of_another_version_in_a_source_of_r4_is_refused_and_the_others_land(landed: Callable[..., Landed]):
    """One of three: the two results name their visit as R4 does. Of two files, one of each version, nothing lands."""
    result = {"resourceType": "Observation", "encounter": {"reference": "Encounter/e1"}}
    old = {"resourceType": "Observation", "id": "o3", "context": {"reference": "Encounter/e1"}}
    files = {f"{n}.json": json.dumps(result | {"id": f"o{n}"}) for n in range(2)}
    rows = landed(**files, **{"3.json": json.dumps(old)})
    assert rows("select id from raw.ehr_observation order by 1") == [("o0",), ("o1",)]
    assert rows("select reason from raw.deliveries where file_name = '3.json'") == [
        ("is FHIR STU3, and R4 is what is read. Ask for an export in FHIR R4 (4.0.1).",)
    ]


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("STU3", {"resourceType": "CapabilityStatement", "fhirVersion": "3.0.2"}),
        ("R5", {"resourceType": "CapabilityStatement", "fhirVersion": "5.0.0"}),
        ("DSTU2", {"resourceType": "Conformance", "fhirVersion": "1.0.2"}),
    ],
)
def test_an_export_is_of_the_version_that_its_server_says(landed: Callable[..., Landed], version: str, said: dict[str, object]):
    with pytest.raises(ExtractRefused, match=f"is FHIR {version}"):
        landed(**{"Patient.ndjson": lines(patient()), "metadata.json": json.dumps(said)})


def test_what_a_server_of_r4_says_of_itself_is_counted_as_not_read(landed: Callable[..., Landed]):
    said = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1"}
    rows = landed(**{"Patient.ndjson": lines(patient()), "metadata.json": json.dumps(said)})
    assert rows(COUNTS) == [("CapabilityStatement", "ignored", 1, 0, 0), ("Patient", "landed", 1, 1, 0)]


PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "return", "resource": bundle("searchset", *of(patient()))},
        {"name": "out", "part": [{"name": "visit", "resource": visit()}, {"name": "count", "valueInteger": 1}]},
    ],
}


@pytest.mark.parametrize("name", ["everything.json", "Patient.ndjson", "Parameters.json"])
def test_the_resources_in_parameters_land_as_their_types(landed: Callable[..., Landed], name: str):
    """As `$everything` and `$match` answer: a resource, a Bundle, and parts."""
    assert landed(**{name: json.dumps(PARAMETERS)})(COUNTS) == [("Encounter", "landed", 1, 1, 0), ("Patient", "landed", 1, 1, 0)]


def test_parameters_without_a_resource_are_counted_as_not_read(landed: Callable[..., Landed]):
    said = {"resourceType": "Parameters", "parameter": [{"name": "n", "valueInteger": 1}]}
    rows = landed(**{"x.json": json.dumps([patient(), said])})
    assert rows(COUNTS) == [("Parameters", "ignored", 1, 0, 0), ("Patient", "landed", 1, 1, 0)]


def test_a_binary_of_fhir_is_the_file_that_it_holds_and_another_is_counted_as_not_read(landed: Callable[..., Landed]):
    """HAPI answers a request for a file of an export with a Binary, unless it is asked for its content alone."""

    def binary(kind: str, content: str) -> dict[str, object]:
        data = base64.b64encode(content.encode()).decode()
        return {"resourceType": "Binary", "id": "b", "contentType": kind, "data": data}

    rows = landed(
        **{
            "a5f1": json.dumps(binary("application/fhir+ndjson", lines(patient(), patient("p2")) + "\n{")),
            "scan.json": json.dumps(binary("application/pdf", "{}")),
            "Patient.ndjson": lines(*(patient(f"q{n}") for n in range(9))),
        }
    )
    assert rows("select count(*) from raw.ehr_patient") == [(11,)]
    assert rows("select file_name, reason from raw.quarantined_rows") == [("a5f1", "is cut off: the JSON ends too early")]
    assert rows("select extract, status from raw.deliveries where file_name = 'scan.json'") == [("Binary", "ignored")]


def test_what_a_server_says_of_its_export_is_no_damaged_record(landed: Callable[..., Landed]):
    """Epic writes it among the resources of any type: here there are more of them than of the others."""
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "suppressed"}]}
    rows = landed(**{"Patient.ndjson": lines(patient(), *[outcome] * 12)})
    assert rows(COUNTS) == [("OperationOutcome", "ignored", 12, 0, 0), ("Patient", "landed", 1, 1, 0)]


NEGATED = [{"url": "https://ehr.example/negated", "valueBoolean": True}]


def test_a_record_whose_meaning_an_extension_changes_in_an_unknown_way_is_quarantined(landed: Callable[..., Landed]):
    """Elements that are not read may have what they like, and so may a text that speaks of it."""
    coded = {"resourceType": "Observation", "code": {"text": "HbA1c"}}
    rows = landed(
        **{
            "Observation.ndjson": lines(
                *({**coded, "id": f"o{n}", "status": "final"} for n in range(9)),
                {**coded, "id": "whole", "modifierExtension": NEGATED},
                {**coded, "id": "part", "component": [{"valueInteger": 1}, {"valueInteger": 2, "modifierExtension": NEGATED}]},
                {**coded, "id": "empty", "modifierExtension": []},
                {**coded, "id": "unread", "referenceRange": [{"text": "low", "modifierExtension": NEGATED}]},
                {**coded, "id": "word", "valueString": 'has no "modifierExtension"'},
            ),
            "x.json": json.dumps(bundle("searchset", *of(patient(), *(patient(f"p{n}") for n in range(9))))).replace(
                '"id": "p8"', '"id": "p8", "modifierExtension": [{"url": "u"}]'
            ),
        }
    )
    assert rows("select id from raw.ehr_observation where length(id) > 2 order by 1") == [("empty",), ("unread",), ("word",)]
    assert rows("select extract, row_number, field from raw.quarantined_rows order by all") == [
        ("Observation", 10, "modifierExtension"),
        ("Observation", 11, "component.modifierExtension"),
        ("Patient", 10, "modifierExtension"),
    ]


def test_an_extension_that_a_measure_reads_changes_an_order_and_is_no_reason_to_leave_it_out(landed: Callable[..., Landed]):
    url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-DeviceRequest.doNotPerform"
    order = {"resourceType": "DeviceRequest", "id": "d", "modifierExtension": [{"url": url, "valueBoolean": True}]}
    rows = landed(**{"DeviceRequest.ndjson": lines(order)})
    assert rows("select modifierExtension[1].valueBoolean from raw.ehr_device_request") == [(True,)]


@pytest.mark.parametrize("form", ["lines", "bundle"])
def test_what_a_server_exports_as_deleted_is_deleted(landed: Callable[..., Landed], form: str):
    """Azure marks it in `meta`; what was written again later is there."""
    state = {"url": "http://azurehealthcareapis.com/data-extensions/deleted-state", "valueString": "soft-deleted"}
    gone = {"lastUpdated": "2026-10-02T00:00:00Z", "extension": [state]}
    before, after = {"lastUpdated": "2026-10-01T00:00:00Z"}, {"lastUpdated": "2026-10-03T00:00:00Z"}
    given = [patient("p1", meta=before), patient("p1", meta=gone), patient("p2", meta=gone), patient("p2", meta=after)]

    rows = landed(**{"Patient.ndjson": lines(*given) if form == "lines" else json.dumps(bundle("searchset", *of(*given)))})

    assert rows("select id from raw.ehr_patient") == [("p2",)]
    assert rows(COUNTS) == [("Patient", "landed", 2, 1, 0), ("deleted", "landed", 2, 2, 0)]


def test_a_deletion_in_a_history_counts_when_it_was_made_and_may_name_the_version(landed: Callable[..., Landed]):
    """As HAPI writes a history: the newest first, p2 written again after its deletion."""

    def deleted(key: str, at: str) -> dict[str, object]:
        return {
            "request": {"method": "DELETE", "url": f"Patient/{key}/_history/2"},
            "response": {"status": "204", "lastModified": at},
        }

    def put(key: str, at: str) -> dict[str, object]:
        return {"resource": patient(key, meta={"lastUpdated": at}), "request": {"method": "PUT", "url": f"Patient/{key}"}}

    entries = [
        put("p2", "2026-06-02T00:00:00Z"),
        deleted("p2", "2026-06-01T00:00:00Z"),
        deleted("p1", "2026-06-03T00:00:00Z"),
        put("p1", "2026-04-01T00:00:00Z"),
    ]
    rows = landed(**{"h.json": json.dumps(bundle("history", *entries) | {"timestamp": "2026-07-01T00:00:00Z"})})
    assert rows("select id from raw.ehr_patient") == [("p2",)]


@pytest.mark.parametrize("form", ["lines", "bundle"])
def test_a_time_of_change_that_cannot_be_read_is_counted_and_one_without_an_offset_is_local(
    landed: Callable[..., Landed], form: str
):
    """Ten in the morning in New York is 14:00 UTC in October."""
    given = [
        patient("p1", meta={"lastUpdated": "2026-10-30T10:00:00"}),
        patient("p2", meta={"lastUpdated": "10/30/2026 10:00 at night"}),
        patient("p3"),
        patient("p4", meta={"lastUpdated": 1790000000000}),
    ]
    rows = landed(**{"Patient.ndjson": lines(*given) if form == "lines" else json.dumps(bundle("searchset", *of(*given)))})

    assert rows("select extract, row_number, field from raw.doubtful_cells order by all") == [
        ("Patient", 2, "meta.lastUpdated"),
        ("Patient", 4, "meta.lastUpdated"),
    ]
    assert rows("select id, timezone('UTC', _last_updated)::varchar from raw.ehr_patient order by 1")[0] == (
        "p1",
        "2026-10-30 14:00:00",
    )


ZERO, NO_BREAK = "\u200b", "\u00a0"


@pytest.mark.parametrize("form", ["UTF-8", "escaped", "bundle"])
def test_characters_that_nobody_sees_are_no_part_of_an_id_or_a_reference(landed: Callable[..., Landed], form: str):
    """A space of no width, a no-break space, a byte-order mark, blanks. The name keeps what it has."""
    number = [{"value": f"M1{ZERO}"}]
    resources = [
        patient(f"p{ZERO}1", identifier=number, name=[{"family": f"La{NO_BREAK}Rue"}]),
        patient(" p2 "),
        patient(f"{NO_BREAK}{ZERO} "),
        *(visit(f"e{n}", subject={"reference": said}) for n, said in enumerate((f"Patient/p1{NO_BREAK}", "Patient/\ufeffp1"))),
    ]
    written = (json.dumps(one, ensure_ascii=form == "escaped") for one in resources)
    content = (
        "\n".join(written) if form != "bundle" else json.dumps(bundle("searchset", *({"resource": one} for one in resources)))
    )
    rows = landed(**{"Patient.ndjson" if form != "bundle" else "x.json": content})

    assert rows("select id from raw.ehr_patient order by 1") == [("p1",), ("p2",)]
    assert rows("select identifier[1].value, name[1].family from raw.ehr_patient where id = 'p1'") == [("M1", f"La{NO_BREAK}Rue")]
    assert rows("select distinct subject.reference from raw.ehr_encounter") == [("Patient/p1",)]
    assert rows("select row_number, field, reason from raw.quarantined_rows") == [(3, "id", "is missing or empty")]


HTEST = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]
TESTS = (patient("t1", meta={"tag": HTEST}), patient("t2", meta={"security": HTEST}), patient("p1", name=[{"text": "HTEST"}]))


@pytest.mark.parametrize("form", ["lines", "bundle"])
def test_what_says_that_it_is_test_data_is_quarantined(landed: Callable[..., Landed], form: str):
    rows = landed(**{"Patient.ndjson": lines(*TESTS) if form == "lines" else json.dumps(bundle("searchset", *of(*TESTS)))})
    assert rows("select id from raw.ehr_patient") == [("p1",)]
    assert rows("select row_number, field, reason from raw.quarantined_rows order by 1") == [
        (number, field, "says HTEST: the record is test data, and counts nowhere")
        for number, field in ((1, "meta.tag"), (2, "meta.security"))
    ]


def _of(reference: object, kind: str = "Observation", **elements: object) -> dict[str, object]:
    said = {"reference": reference} if isinstance(reference, str) else reference
    return {"resourceType": kind, "id": f"of {json.dumps(reference)}", "subject": said, **elements}


@pytest.mark.parametrize("form", ["lines", "bundle"])
def test_what_is_of_a_test_patient_is_kept_out_though_it_does_not_say_so(landed: Callable[..., Landed], form: str):
    """By id in each form, by identifier with its system and without, and through a visit; whichever file is read first. What p1
    shares with a test patient, and what two patients' identifier names, stays."""
    both = [{"system": "urn:oid:9", "value": "F7"}]
    patients = [
        patient("t1", meta={"tag": HTEST}, identifier=[{"system": "urn:oid:1", "value": "m1"}, *both]),
        *(patient(f"p{n}", identifier=both) for n in range(1, 12)),
    ]
    theirs = [
        _of("Patient/t1"),
        _of("https://ehr.example.org/fhir/Patient/t1/_history/2"),
        _of("Patient?identifier=urn:oid:1%7CM1"),
        _of({"identifier": {"value": " M1"}}),
        _of("x", subject=None, encounter={"reference": "Encounter/e1"}),
    ]
    others = [_of("Patient/p1"), _of("Group/t1"), _of("Patient/unknown"), _of({"identifier": {"value": "F7"}})]
    others.append(_of("Patient?identifier=%FF"))  # bytes that are no UTF-8 ended the landing
    visits = [visit("e1", subject={"reference": "Patient/t1"}), visit("e2", subject={"reference": "Patient/p1"})]
    who = [{"actor": {"reference": name}} for name in ("Patient/t1", "Practitioner/dr1", "Patient/p1")]
    bookings = [{"resourceType": "Appointment", "id": f"a{n}", "status": "booked", "participant": who[:n]} for n in (1, 2, 3)]
    resources = [*bookings, *visits, *others, *theirs, *patients]
    if form == "bundle":
        rows = landed(**{"x.json": json.dumps(bundle("collection", *of(*resources)))})
    else:
        files = {
            kind: [one for one in resources if one["resourceType"] == kind]
            for kind in ("Appointment", "Encounter", "Observation", "Patient")
        }
        rows = landed(**{f"{kind}.ndjson": lines(*those) for kind, those in files.items()})

    assert rows("select id from raw.ehr_observation order by all") == sorted((one["id"],) for one in others)
    assert rows("select id from raw.ehr_encounter union all select id from raw.ehr_appointment order by all") == [
        ("a3",),
        ("e2",),
    ]
    assert rows(COUNTS) == [
        ("Appointment", "landed", 3, 1, 2),
        ("Encounter", "landed", 2, 1, 1),
        ("Observation", "landed", 10, 5, 5),
        ("Patient", "landed", 12, 11, 1),
    ]
    assert rows("select count(*), count(distinct reason) from raw.quarantined_rows where extract <> 'Patient'") == [(8, 1)]


@pytest.mark.parametrize(("last", "n_left"), [("2026-10-01", 0), ("2026-10-03", 2)])
def test_a_patient_is_none_for_training_once_a_later_version_does_not_say_so(
    landed: Callable[..., Landed], last: str, n_left: int
):
    """Said on 2 October. The version before it was of the same patient, and is kept out, too."""
    tagged = patient("t1", meta={"lastUpdated": "2026-10-02T00:00:00Z", "tag": HTEST})
    plain = patient("t1", meta={"lastUpdated": f"{last}T00:00:00Z"})
    rows = landed(
        **{
            "1.Patient.ndjson": lines(plain),
            "2.Patient.ndjson": lines(tagged, *map(patient, "abcdefghij")),
            "Observation.ndjson": lines(_of("Patient/t1")),
        }
    )
    query = "select count(*) from (select id from raw.ehr_patient where id = 't1' union all select id from raw.ehr_observation)"
    assert rows(query) == [(n_left,)]


def test_a_synthetic_practice_is_made_of_test_data(landed: Callable[..., Landed]):
    rows = landed({"is_synthetic": True}, **{"Patient.ndjson": lines(*TESTS)})
    assert rows("select count(*) from raw.ehr_patient") == [(3,)]


def test_a_modifier_extension_that_the_practice_names_keeps_no_record_out_whatever_was_read_before(landed: Callable[..., Landed]):
    """The first landing quarantines the record; once the practice has named the extension, the file is read anew."""
    verified, other = ([{"url": f"https://ehr.example/{name}", "valueBoolean": True}] for name in ("verified", "other"))
    content = lines(
        patient("p1", modifierExtension=verified), patient("p2", modifierExtension=other), *map(patient, "abcdefghij")
    )
    assert landed(**{"Patient.ndjson": content})("select count(*) from raw.ehr_patient") == [(10,)]

    rows = landed({"modifier_extensions": ("https://ehr.example/verified",)})

    assert rows("select count(*), count(*) filter (id = 'p1') from raw.ehr_patient") == [(11, 1)]
    assert rows("select row_number from raw.quarantined_rows") == [(2,)]


def test_a_part_of_a_record_takes_no_whole_ones_place(landed: Callable[..., Landed]):
    """An export of some elements alone says SUBSETTED: what it leaves out was not deleted. Of p2 there is nothing else."""
    part = {"lastUpdated": "2026-10-02T00:00:00Z", "tag": [{"code": "SUBSETTED"}]}
    rows = landed(
        **{
            "1.Patient.ndjson": lines(patient("p1", gender="female", meta={"lastUpdated": "2026-10-01T00:00:00Z"})),
            "2.Patient.ndjson": lines(patient("p1", meta=part), patient("p2", meta=part)),
        }
    )
    assert rows("select id, gender from raw.ehr_patient order by 1") == [("p1", "female"), ("p2", None)]
    assert rows("select reason from raw.superseded_rows") == [("is a part of a record of which the whole was delivered",)]
    assert rows("select sum(n_contradicted) from raw.deliveries") == [(0,)]


def test_a_contained_patient_is_the_one_with_the_same_identifier(landed: Callable[..., Landed]):
    """It is what the sender knew, and no record of the practice. Without an identifier it is nobody."""
    known = {"resourceType": "Patient", "id": "pt", "identifier": [{"system": "urn:oid:1", "value": "M1"}]}
    nameless = {"resourceType": "Patient", "id": "pt", "gender": "female"}
    rows = landed(
        **{
            "Encounter.ndjson": lines(
                *(visit(f"e{n}", subject={"reference": "#pt"}, contained=[one]) for n, one in enumerate((known, nameless)))
            ),
            "Observation.ndjson": lines(
                {"resourceType": "Observation", "id": "o", "subject": {"reference": "#pt"}, "contained": [known]}
            ),
        }
    )
    assert rows("select subject.reference from raw.ehr_encounter order by id") == [("Patient?identifier=urn:oid:1|M1",), ("#pt",)]
    assert rows("select subject.reference from raw.ehr_observation") == [("Patient?identifier=urn:oid:1|M1",)]
    assert rows("select count(*) from raw.ehr_patient") == [(0,)]
