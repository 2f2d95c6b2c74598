"""The deliveries of a practice with two people, in which every direct identifier of a person ends in `secret-1` or `secret-2`.

Written from the contracts: a new extract that names people is in it. What several people share is a group visit of both.
"""

import csv
import json
from pathlib import Path

import polars as pl

from models.phi import Phi
from models.sources import SOURCE_KINDS
from pipelines.landing.subjects import subjects_of

PEOPLE = (1, 2)
FEW = frozenset({"Patient", "Encounter", "Observation", "Group", "contacts", "touches", "accounts", "claims", "remittances"})
"""A chart, a visit and what hangs on it, what several share, and a claim that leads from an account to a payment."""
CHANGED = {"lastUpdated": "2026-03-01T10:00:00Z"}
SETTINGS = 'id = "test"\nname = "Test"\ntime_zone = "UTC"\nis_synthetic = true\n[retention]\npatients = 0\n'


def write_practice(folder: Path, extracts: frozenset[str] | None = None) -> Path:
    """The practice's folder, with one delivery of each source; `extracts`: of these only."""
    for source in ("crm", "billing"):
        for extract in SOURCE_KINDS[source].extracts:
            if extracts is None or extract in extracts:
                write_csv(folder / source / f"{extract}_2026-03-31.csv", source, extract)
    write_ehr(folder / "ehr" / "2026-03-31", extracts=extracts)
    (folder / "practice.toml").write_text(SETTINGS)
    return folder


def write_csv(path: Path, source: str, extract: str, people: tuple[int, ...] = PEOPLE) -> None:
    contract = SOURCE_KINDS[source].extracts[extract]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        extra = ["nickname"] if subjects_of(source, extract) else []
        lines = csv.DictWriter(file, [*contract.fields, *extra])
        lines.writeheader()
        for person in people:
            row = {name: _text(name, field, person) for name, field in contract.fields.items()}
            row |= _pair(contract.fields, person)
            lines.writerow(row | dict.fromkeys(extra, f"nick-secret-{person}"))


def _text(name: str, field, person: int) -> str:
    if field.metadata["values"]:
        return field.metadata["values"][0]
    if name == "reference":  # X12 835, PLB03-2: the number of the claim that an amount was taken back for
        return f"patient_control_number-secret-{person}"
    match field.dtype.type:
        case pl.Boolean:
            return "false"
        case pl.Date:
            return "2026-03-01"
        case pl.Datetime():
            return "2026-03-01T10:00:00Z"
        case pl.String:
            return f"{name}-secret-{person}" if field.metadata["phi"] is Phi.DIRECT else f"{name}-{person}"
    return "1"


def _pair(fields, person: int) -> dict[str, str]:
    """Of a row about two records: both are the person's."""
    if "left_record_type" not in fields:
        return {}
    left = {"left_source_system": "ehr", "left_record_type": "ehr_patient", "left_id": f"p-secret-{person}"}
    return left | {"right_source_system": "crm", "right_record_type": "crm_contact", "right_id": f"contact_id-secret-{person}"}


def write_ehr(folder: Path, people: tuple[int, ...] = PEOPLE, extracts: frozenset[str] | None = None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for extract, contract in SOURCE_KINDS["ehr"].extracts.items():
        if extracts is not None and extract not in extracts:
            continue
        lines = []
        for person in people:
            columns = {naming.column for naming in subjects.by} & set(OWN) if (subjects := subjects_of("ehr", extract)) else set()
            id = f"{extract}-secret-{person}" if columns else f"{extract}-{person}"
            resource = {"resourceType": extract, "id": id, "meta": CHANGED}
            if extract == "Patient":
                resource |= {"id": f"p-secret-{person}", "name": [{"family": f"family-secret-{person}", "given": ["Ann"]}]}
                resource |= {"telecom": [{"system": "phone", "value": f"phone-secret-{person}"}], "birthDate": "1950-05-17"}
            for column in columns:
                resource |= OWN[column](f"Patient/p-secret-{person}", contract.fields[column].dtype.type)
            lines.append(json.dumps(resource))
        (folder / f"{extract}.ndjson").write_text("".join(f"{line}\n" for line in lines))
    shared = [{"entity": {"reference": f"Patient/p-secret-{person}"}} for person in people]
    group = {"resourceType": "Group", "id": "shared", "member": shared, "meta": CHANGED}
    with (folder / "Group.ndjson").open("a") as file:
        file.write(json.dumps(group) + "\n")
    if 1 in people:
        only_by_visit = {
            "resourceType": "Observation",
            "id": "by-visit",
            "encounter": {"reference": "Encounter/Encounter-secret-1"},
        }
        with (folder / "Observation.ndjson").open("a") as file:
            file.write(json.dumps(only_by_visit) + "\n")


def _single(column):
    return lambda reference, _: {column: {"reference": reference}}


OWN = {
    **{column: _single(column) for column in ("subject", "patient", "beneficiary", "for")},
    "participant": lambda reference, dtype: {
        "participant": [{"actor": {"reference": reference}}] if "actor" in [one.name for one in dtype.inner.fields] else []
    },
    "member": lambda reference, _: {"member": [{"entity": {"reference": reference}}]},
}
"""How a resource names its patient, by column."""


def write_journal(folder: Path, people: tuple[int, ...] = PEOPLE) -> None:
    """An open journal with an outcome for each."""
    folder.mkdir(parents=True, exist_ok=True)
    contract = SOURCE_KINDS["caregap"].extracts["outreach_outcomes"]
    with (folder / ".outreach_outcomes.csv").open("w", newline="") as file:
        lines = csv.DictWriter(file, contract.fields, lineterminator="\n")
        lines.writeheader()
        for person in people:
            row = {name: _text(name, field, 0) for name, field in contract.fields.items()}
            whose = {
                "patient_source_system": "ehr",
                "patient_record_type": "ehr_patient",
                "patient_source_id": f"p-secret-{person}",
            }
            lines.writerow(row | whose | {"outcome_id": f"outcome-{person}"})
