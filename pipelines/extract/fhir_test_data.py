"""Finds resources that say of themselves that they are test data (https://terminology.hl7.org/CodeSystem-v3-ActReason.html#HTEST).

Practices keep patients without a person for training. Counted, they are care gaps that nobody can close. Their visits and
results seldom say so themselves: of each test patient marks stay, by which raw finds what refers to them
(`pipelines/raw/test_patients.py`).
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from models.fhir_reference import IDENTIFIED, PERSON

TEST_MARK = b"HTEST"
"""What a line with such a resource has in it."""
IS_TEST_DATA = "says HTEST: the record is test data, and counts nowhere"


def is_test_data(resource: dict[str, Any]) -> str | None:
    """Where a resource says that it is test data; None where it does not."""
    meta = resource.get("meta")
    for name in ("tag", "security"):
        labels = meta.get(name) if isinstance(meta, dict) else None
        if isinstance(labels, list) and any(isinstance(one, dict) and one.get("code") == "HTEST" for one in labels):
            return f"meta.{name}"
    return None


MARKS = "test_patients.parquet"
"""Beside the quarantined patients: `row_number`, `mark`, `is_id` (otherwise it is of an identifier) and `changed_at`, the
patient's `meta.lastUpdated` as it is written."""
MARKED = "test_patient"
"""The kind of row of a mark of an id, on the list of those who were erased (`pipelines/landing/erasing.py`)."""
MARK_SQL = "substr(sha256(concat_ws(chr(31), of_extract, of_id)), 1, 32)"
"""`mark_of` as SQL."""
_SCHEMA = {"row_number": pl.Int64, "mark": pl.String, "is_id": pl.Boolean, "changed_at": pl.String}


def mark_of(kind: str, name: str) -> str:
    """What stands for an id, or for an identifier, of a record: nobody reads either out of it."""
    return hashlib.sha256(f"{kind}\x1f{name}".encode()).hexdigest()[:32]


class MarkedPatients:
    """Gathers the marks of test patients and writes them to a folder, if there are any."""

    def __init__(self) -> None:
        self._marks: list[tuple[int, str, bool, str | None]] = []

    def note(self, row_number: int, patient: dict[str, Any]) -> None:
        meta = patient.get("meta")
        at = meta.get("lastUpdated") if isinstance(meta, dict) else None
        changed_at = at if isinstance(at, str) else None
        self._marks.append((row_number, mark_of(PERSON, str(patient["id"]).strip()), True, changed_at))
        for name in _identifiers(patient):
            self._marks.append((row_number, mark_of(IDENTIFIED, name), False, changed_at))

    def write(self, folder: Path) -> None:
        if self._marks:
            pl.DataFrame(self._marks, schema=_SCHEMA, orient="row").write_parquet(folder / MARKS)


def _identifiers(patient: dict[str, Any]) -> Iterator[str]:
    """As `identifier` of `models/fhir_reference.py` writes them, with their system and without."""
    given = patient.get("identifier")
    for one in given if isinstance(given, list) else []:
        value = one.get("value") if isinstance(one, dict) else None
        if isinstance(value, str) and value.strip():
            for system in (one.get("system") or "", ""):
                yield f"{system}|{value.strip().upper()}"
