"""Adds faults of real deliveries to the written files; each is recorded in the truth.

Rows that must be quarantined, a file that is delivered again under another name, resources that were exported by mistake and
deleted later. Faults of the data themselves (spelling, missing values, late rows) belong to the modules that make the data.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl

from data_samples.simulator.deliveries import Delivery
from data_samples.simulator.templates import UTC_TEXT
from data_samples.simulator.writers import Writer

# Source, extract, the field that is spoilt, what it says.
_BAD_CELLS = (
    ("crm", "touches", "channel", "fax"),
    ("crm", "touches", "touched_at", "2026-02-30T10:00:00Z"),
    ("crm", "contacts", "contact_id", ""),
    ("crm", "contacts", "birth_date", "31.31.1980"),
    ("crm", "portal_events", "event_type", "logout"),
    ("billing", "charges", "service_on", "2026-13-01"),
    ("billing", "claims", "status", "pending"),
    ("billing", "remittances", "payment_usd", "twelve"),
    ("billing", "patient_payments", "amount_usd", ""),
)
_REDELIVERED = (("crm", "leads"), ("billing", "accounts"))
_N_MISTAKES = 12


def spoil(writer: Writer, deliveries: tuple[Delivery, ...]) -> pl.DataFrame:
    """Spoil the deliveries; returns every row that must be quarantined: file (under the practice's folder), row_number, field.

    Rows of a CSV file are numbered as in a spreadsheet (the header is 1), lines of NDJSON from 1; `field` is null where the whole
    row cannot be read.
    """
    first, last = deliveries[0], deliveries[-1]
    bad: list[tuple[Path | None, int, str | None]] = [
        _bad_cell(writer.csv(source, extract, first), field, text) for source, extract, field, text in _BAD_CELLS
    ]
    bad += _bad_lines(writer.ndjson("Observation", last), "Observation")
    bad += _bad_lines(writer.ndjson("Encounter", last), "Encounter")
    _delete_mistakes(writer, first, last)
    for source, extract in _REDELIVERED:
        writer.text(source, last, f"{extract}-resent.csv", writer.csv(source, extract, first).read_bytes())
    schema = {"file": pl.String, "row_number": pl.Int64, "field": pl.String}
    rows = [(str(path.relative_to(writer.folder)), number, field) for path, number, field in bad if path is not None]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _n_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def _bad_cell(path: Path, field: str, text: str) -> tuple[Path, int, str]:
    """Append the file's second row once more, under a key of its own, with one field spoilt."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header, row = next(reader), next(reader)
    number = _n_lines(path) + 1
    row = [f"{row[0]}-spoilt-{number}", *row[1:]]
    row[header.index(field)] = text
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(row)
    with path.open("a", encoding="utf-8") as file:
        file.write(out.getvalue())
    return path, number, field


def _bad_lines(path: Path | None, resource_type: str) -> list[tuple[Path | None, int, str | None]]:
    """Append a line that is cut off, one without an id, and one of another resource type."""
    if path is None:
        return []
    with path.open(encoding="utf-8") as file:
        good = file.readline().rstrip("\n")
    number = _n_lines(path)
    resource = json.loads(good)
    nameless = {name: value for name, value in resource.items() if name != "id"}
    stranger = resource | {"resourceType": "CarePlan", "id": f"{resource['id']}-spoilt"}
    lines = [good[: len(good) * 2 // 3], _compact(nameless), _compact(stranger)]
    with path.open("a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    return [(path, number + 1, None), (path, number + 2, "id"), (path, number + 3, "resourceType")]


def _compact(resource: dict[str, Any]) -> str:
    return json.dumps(resource, separators=(",", ":"), ensure_ascii=False)


def _delete_mistakes(writer: Writer, first: Delivery, last: Delivery) -> None:
    """Export some observations and appointments twice under two ids, and delete the second ones in the later delivery."""
    deletions = []
    for resource_type in ("Observation", "Appointment"):
        path = writer.ndjson(resource_type, first)
        if path is None:
            continue
        with path.open(encoding="utf-8") as file:
            twice = [json.loads(line) for line, _ in zip(file, range(_N_MISTAKES), strict=False)]
        for resource in twice:
            resource["id"] += "-twice"
            deletions.append(f"{resource_type}/{resource['id']}")
        with path.open("a", encoding="utf-8") as file:
            file.writelines(_compact(resource) + "\n" for resource in twice)
    at = last.at.strftime(UTC_TEXT)
    entries = [{"request": {"method": "DELETE", "url": url}} for url in deletions]
    bundle = {"resourceType": "Bundle", "id": "deleted-1", "meta": {"lastUpdated": at}, "type": "transaction", "entry": entries}
    writer.text("ehr", last, "deleted.ndjson", (_compact(bundle) + "\n").encode())
