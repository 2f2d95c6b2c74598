"""A practice of pairs that may be father and son: a chart, and a contact of the same name and address without a birth date."""

import json
from datetime import date
from pathlib import Path

from models.sources import SOURCE_KINDS
from pipelines.practice import Practice

FAMILIES = ("Hale", "Moss", "Reed", "Voss")


def pair(family: str) -> dict[str, str]:
    """The two records of a family, as a decision names them."""
    return {
        "left_source_system": "crm",
        "left_record_type": "crm_contact",
        "left_id": f"bob-{family}",
        "right_source_system": "ehr",
        "right_record_type": "ehr_patient",
        "right_id": f"robert-{family}",
    }


def _chart(family: str, number: int) -> dict:
    return {
        "resourceType": "Patient",
        "id": pair(family)["right_id"],
        "name": [{"use": "official", "family": family, "given": ["Robert"]}],
        "birthDate": "1950-03-02",
        "telecom": [{"system": "phone", "value": f"614-555-21{number:02}"}],
        "address": [{"line": [f"{number} North Main Street"], "postalCode": "43004"}],
    }


def _contact(family: str, number: int) -> dict[str, str]:
    return {
        "contact_id": pair(family)["left_id"],
        "first_name": "Bob",
        "last_name": family,
        "phone": f"614-555-21{number:02}",
        "address_line": f"{number} N Main St",
        "postal_code": "43004",
        "is_do_not_contact": "false",
        "is_deceased": "false",
        "created_at": "2026-01-05T12:00:00Z",
        "updated_at": "2026-01-05T12:00:00Z",
    }


def write_practice(folder: Path, families: tuple[str, ...] = FAMILIES[:1]) -> Practice:
    """Write both deliveries into `folder`, with one pair a family."""
    columns = SOURCE_KINDS["crm"].extracts["contacts"].fields
    for source in ("ehr", "crm"):
        (folder / source).mkdir()
    numbered = [*zip(families, range(12, 100, 17), strict=False)]
    charts = [json.dumps(_chart(*one)) for one in numbered]
    (folder / "ehr" / "Patient.ndjson").write_text("\n".join(charts) + "\n")
    rows = [",".join(columns), *(",".join(_contact(*one).get(name, "") for name in columns) for one in numbered)]
    (folder / "crm" / "contacts.csv").write_text("\n".join(rows) + "\n")
    sources = {source: folder / source for source in ("ehr", "crm")}
    return Practice("decided", "Decided", "America/New_York", sources, as_of=date(2026, 11, 1))
