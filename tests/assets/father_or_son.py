"""A practice of two records that may be father and son: a chart, and a contact of its name and address without a birth date."""

import json
from datetime import date
from pathlib import Path

from models.sources import SOURCE_KINDS
from pipelines.practice import Practice

PAIR = {
    "left_source_system": "crm",
    "left_record_type": "crm_contact",
    "left_id": "bob",
    "right_source_system": "ehr",
    "right_record_type": "ehr_patient",
    "right_id": "robert",
}


def write_practice(folder: Path) -> Practice:
    """Write both deliveries into `folder`."""
    chart = {
        "resourceType": "Patient",
        "id": "robert",
        "name": [{"use": "official", "family": "Hale", "given": ["Robert"]}],
        "birthDate": "1950-03-02",
        "telecom": [{"system": "phone", "value": "614-555-2101"}],
        "address": [{"line": ["12 North Main Street"], "postalCode": "43004"}],
    }
    contact = {
        "contact_id": "bob",
        "first_name": "Bob",
        "last_name": "Hale",
        "phone": "614-555-2101",
        "address_line": "12 N Main St",
        "postal_code": "43004",
        "is_do_not_contact": "false",
        "is_deceased": "false",
        "created_at": "2026-01-05T12:00:00Z",
        "updated_at": "2026-01-05T12:00:00Z",
    }
    columns = SOURCE_KINDS["crm"].extracts["contacts"].fields
    for source in ("ehr", "crm"):
        (folder / source).mkdir()
    (folder / "ehr" / "Patient.ndjson").write_text(json.dumps(chart) + "\n")
    rows = [",".join(columns), ",".join(contact.get(name, "") for name in columns)]
    (folder / "crm" / "contacts.csv").write_text("\n".join(rows) + "\n")
    sources = {source: folder / source for source in ("ehr", "crm")}
    return Practice("decided", "Decided", "America/New_York", sources, as_of=date(2026, 11, 1))
