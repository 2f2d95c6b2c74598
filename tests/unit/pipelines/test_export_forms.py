"""FHIR exports in the forms in which servers and their tools leave them: each lands, or is refused by what it is."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.home import Home
from tests.conftest import caregap


def patient(n: int) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": f"p{n}", "name": [{"family": "Kestrel"}], "birthDate": "1960-05-04"}


def visit(n: int) -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": f"e{n}", "status": "finished", "subject": {"reference": f"Patient/p{n}"}}


def lines(*resources: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in resources)


def bundle(kind: str, *resources: dict[str, Any], indent: int | None = None) -> bytes:
    entries = [
        {"fullUrl": f"urn:uuid:{one['id']}", "resource": one, "request": {"method": "POST", "url": one["resourceType"]}}
        for one in resources
    ]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}, indent=indent).encode()


BOTH = [("Encounter", 1), ("Patient", 1)]


@pytest.mark.parametrize(
    ("files", "landed"),
    [
        ({"Patient_eXy12-3.ndjson": lines(patient(1)), "eAbC.Encounter.ndjson": lines(visit(1))}, BOTH),
        ({"Patient/a-1.Practice-195900.ndjson": lines(patient(1)), "Encounter/part-00000-c000.json": lines(visit(1))}, BOTH),
        ({"Ann_Kestrel_123.json": bundle("transaction", patient(1), visit(1), indent=2)}, BOTH),
        ({"export.ndjson": bundle("collection", patient(1), visit(1)) + b"\n" + bundle("collection", patient(2))},
         [("Encounter", 1), ("Patient", 2)]),
        ({"page1.json": bundle("searchset", patient(1)), "page2.json": bundle("searchset", patient(2))},
         [("Patient", 1), ("Patient", 1)]),
        ({"patients.json": json.dumps([patient(1), patient(2)], indent=1).encode()}, [("Patient", 2)]),
        ({"patient.json": json.dumps(patient(1), indent=4).encode()}, [("Patient", 1)]),
        ({"Patient.ndjson": gzip.compress(lines(patient(1)))}, [("Patient", 1)]),
        ({"Patient.ndjson": lines(patient(1)), "Patient.ndjson.md5": b"0cc1", "SUMS.SHA256": b"0cc1"}, [("Patient", 1)]),
        ({"Patient.ndjson": b"\xef\xbb\xbf" + lines(patient(1), patient(2)).replace(b"\n", b"\r\n")}, [("Patient", 2)]),
        ({"Patient.ndjson": lines(patient(1)).decode().encode("utf-16")}, [("Patient", 1)]),
        ({"Patient.ndjson": lines(patient(1)).replace(b"Kestrel", "Núñez".encode("cp1252"))}, [("Patient", 1)]),
    ],
)  # fmt: skip
def test_an_export_lands_in_whatever_form_it_comes(tmp_path: Path, files: dict[str, bytes], landed: list[tuple[str, int]]):
    done = ingested(tmp_path, files)
    assert done.returncode == 0, done.stderr
    found = [(one["extract"], one["n_landed"]) for one in json.loads(done.stdout)["files"] if one["status"] == "landed"]
    assert sorted(found) == landed


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("manifest.json", {"outputDataConfig": {"s3Uri": "s3://b"}, "numberOfScannedFiles": 1}),
        ("job.json", {"ExportJobProperties": {"JobId": "9b9a", "JobStatus": "COMPLETED", "SubmitTime": 1609175692.715}}),
    ],
)  # fmt: skip
def test_what_healthlake_says_of_its_job_is_no_file_that_could_not_be_read(tmp_path: Path, name: str, said: dict[str, Any]):
    """Its export lies in a folder a type, in parts."""
    place = "1-FHIR_EXPORT-2"
    done = ingested(
        tmp_path,
        {f"{place}/{name}": json.dumps(said, indent=2).encode(), f"{place}/Patient/Patient-0001.ndjson": lines(patient(1))},
    )
    assert (done.returncode, "not read" in done.stderr) == (0, False), done.stderr
    assert [(one["extract"], one["status"]) for one in json.loads(done.stdout)["files"]] == [("Patient", "landed")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("Patient.xml", b"<?xml version='1.0'?><Patient xmlns='http://hl7.org/fhir'/>", "is XML or a web page"),
        ("all.json", b'{"resourceType":"Parameters","parameter":[]}', "holds nothing but Parameters, which is not read"),
        ("Encounter.ndjson", lines(visit(1) | {"class": [{"coding": []}]}), "is FHIR R5"),
    ],
)
def test_what_nothing_is_read_of_is_refused_by_what_it_is(tmp_path: Path, name: str, content: bytes, said: str):
    done = ingested(tmp_path, {name: content})
    assert done.returncode == 10
    assert said in done.stderr


def ingested(folder: Path, files: dict[str, bytes]) -> Any:
    for name, content in files.items():
        path = folder / "ehr" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    settings = 'id = "t"\nname = "T"\ntime_zone = "America/Chicago"\nencryption = "disk"\n[sources]\nehr = "ehr"\n'
    (folder / "practice.toml").write_text(settings, encoding="utf-8")
    return caregap(Home(folder), "ingest", "--json")
