"""What a delivered file's name, its folder and its export's manifest say of it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.extract.delivery import Delivery, find_deliveries
from pipelines.practice import Practice

FIRST_LINES = {
    "CarePlan.ndjson": '{"resourceType": "CarePlan", "id": "1"}\n',
    "3.CarePlan.ndjson": '{"resourceType": "CarePlan", "id": "1"}\n',
    "Bundle.001.ndjson": '{"resourceType": "Bundle", "entry": [{"request": {"method": "DELETE", "url": "Patient/1"}}]}\n',
    "MimicPatient.ndjson": '{"resourceType": "Patient", "id": "1"}\n',
    "ann-kestrel.json": '{\n  "type": "collection",\n  "resourceType": "Bundle"\n}\n',
    "Patient.json": '[\n  {"resourceType": "Patient", "id": "1"}\n]\n',
    "patient-everything.ndjson": '{"resourceType": "Encounter", "id": "1"}\n',
}
"""What lies in a file whose name does not say what it holds."""


def deliver(root: Path, source: str, *places: str) -> list[Delivery]:
    for place in places:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        if not (root / place).exists():
            (root / place).write_text(FIRST_LINES.get(Path(place).name, "\n"))
    return find_deliveries(Practice("p", "P", "UTC", {source: root}))


def manifest(path: Path, at: str, output: dict[str, str] | None = None, deleted: dict[str, str] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = {
        key: [{"type": kind, "url": f"https://ehr.example/bulk/1/{name}?token=x"} for name, kind in (files or {}).items()]
        for key, files in (("output", output), ("deleted", deleted))
    }
    path.write_text(json.dumps({"transactionTime": at, "request": "…", "requiresAccessToken": False, **entries}))


@pytest.mark.parametrize(
    ("name", "extract"),
    [
        ("Patient.ndjson", "Patient"),
        ("Patient.ndjson.gz", "Patient"),
        ("Patient.000.ndjson", "Patient"),
        ("1.Patient.ndjson", "Patient"),
        ("patient_7.ndjson", "Patient"),
        ("2026-03-31-MedicationRequest-part2.ndjson", "MedicationRequest"),
        ("deleted.ndjson", "deleted"),
        ("Bundle.001.ndjson", "Bundle"),
        ("MimicPatient.ndjson", "Bundle"),
        ("ann-kestrel.json", "Bundle"),
        ("Patient.json", "Bundle"),
        ("Patient (1).ndjson", "Patient"),
        ("patient-everything.ndjson", "Bundle"),
        ("deleted/Patient.ndjson", "deleted"),
        ("CarePlan.ndjson", "CarePlan"),
        ("3.CarePlan.ndjson", "CarePlan"),
    ],
)
def test_a_bulk_file_is_of_the_type_in_its_name(tmp_path: Path, name: str, extract: str):
    (found,) = deliver(tmp_path, "ehr", name)

    assert found.extract == extract
    assert (found.contract is not None) == (extract != "CarePlan")


@pytest.mark.parametrize(
    ("name", "extract"),
    [
        ("contacts.csv", "contacts"),
        ("Contacts.CSV", "contacts"),
        ("contacts.csv.gz", "contacts"),
        ("contacts-part2.csv", "contacts"),
        ("campaign_members_2026-03-31.csv", "campaign_members"),
        ("campaign_members_1.csv", "campaign_members"),
        ("contacts.xlsx", "contacts"),
        ("notes.txt", "notes"),
    ],
)
def test_a_table_is_of_the_extract_in_its_name(tmp_path: Path, name: str, extract: str):
    (found,) = deliver(tmp_path, "crm", name)

    assert found.extract == extract
    assert (found.contract is not None) == (extract != "notes")


def test_hidden_files_and_manifests_are_no_deliveries(tmp_path: Path):
    manifest(tmp_path / "manifest.json", "2026-03-31T00:00:00Z")

    assert [found.place for found in deliver(tmp_path, "ehr", ".DS_Store", ".tmp/Patient.ndjson", "Patient.ndjson")] == [
        "Patient.ndjson"
    ]


@pytest.mark.parametrize(
    ("place", "day"),
    [
        ("contacts_2026-03-31.csv", (2026, 3, 31)),
        ("contacts_20260331.csv", (2026, 3, 31)),
        ("2026-09-30/contacts.csv", (2026, 9, 30)),
        ("2026-09-30/late/contacts_2026-10-02.csv", (2026, 10, 2)),
        ("contacts_2026-02-30.csv", None),
        ("contacts_120260331.csv", None),
        ("contacts.csv", None),
    ],
)
def test_without_a_manifest_the_nearest_date_in_the_place_is_the_day_of_export(tmp_path: Path, place: str, day: tuple | None):
    (found,) = deliver(tmp_path, "crm", place)

    assert found.exported_at == (datetime(*day, tzinfo=UTC) if day else None)


def test_a_manifest_gives_time_and_type_of_the_files_that_it_names(tmp_path: Path):
    manifest(tmp_path / "first.json", "2026-03-31T01:02:03Z", {"a81c.ndjson": "Patient"})
    manifest(tmp_path / "second.json", "2026-04-01T01:02:03-04:00", {"b33f": "Condition"}, {"c0de.ndjson": "Bundle"})

    found = {
        one.place: (one.extract, one.exported_at) for one in deliver(tmp_path, "ehr", "a81c.ndjson.gz", "b33f", "c0de.ndjson")
    }

    assert found == {
        "a81c.ndjson.gz": ("Patient", datetime(2026, 3, 31, 1, 2, 3, tzinfo=UTC)),
        "b33f": ("Condition", datetime(2026, 4, 1, 5, 2, 3, tzinfo=UTC)),
        "c0de.ndjson": ("deleted", datetime(2026, 4, 1, 5, 2, 3, tzinfo=UTC)),
    }


def test_the_only_manifest_of_a_folder_gives_the_time_of_all_its_files_and_of_no_others(tmp_path: Path):
    manifest(tmp_path / "one" / "manifest.json", "2026-03-31T00:00:00Z")

    beside, elsewhere = deliver(tmp_path, "ehr", "one/Patient.ndjson", "two/Patient.ndjson")

    assert beside.exported_at == datetime(2026, 3, 31, tzinfo=UTC)
    assert elsewhere.exported_at is None


def test_other_json_is_no_manifest(tmp_path: Path):
    (tmp_path / "package.json").write_text('{"transactionTime": 5}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "deep.json").write_text("[" * 100_000)

    assert [found.extract for found in deliver(tmp_path, "ehr")] == ["deep", "list", "package"]
