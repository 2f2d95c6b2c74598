"""A small practice, written by hand, for the rules of the outreach list: one person a rule. Synthetic.

As of Wednesday 15 July 2026, New York. Everybody at `south` was last seen on 10 June 2025 and expected within a year, so that
each would be listed for `disengagement`; at `north` are people with diabetes. South's team can contact 60 a month, north's two.
"""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dashboards.outreach.campaign_journal import CAMPAIGN_OUTCOMES
from dashboards.outreach.campaign_journal import CAMPAIGNS as CAMPAIGNS_DEFINED
from dashboards.outreach.outcomes import OUTCOMES

UPDATED = "2026-06-30T00:00:00Z"
SETTINGS = """
id = "outreach-rules"
name = "Outreach rules (synthetic)"
time_zone = "America/New_York"
is_synthetic = true
as_of = 2026-07-15

[variables]
outreach_capacity = 2
holdout_share = 0.0

[variables.site_capacity]
south = 60
"""


@dataclass(frozen=True)
class Person:
    """One patient, with the same contact in the CRM (`c-<id>`).

    `consents`: channels granted in 2024; `refused`: (channel, instant). `members`: (campaign, instant, held out or not).
    `tasks`: (instant done, channel, outcome) of the CRM. `outcomes`: the same, recorded in the dashboards. `touches`: (instant,
    channel, outcome) of messages out. `a1c`: (day, percent), which makes the person a diabetic of `north`. `left_hospital`: the
    day on which a stay ended. `asked_back`: the days on which a clinician ordered a visit, and for which.
    """

    id: str
    consents: tuple[str, ...] = ("phone",)
    refused: tuple[tuple[str, str], ...] = ()
    birth: str = "1970-01-01"
    state: str = "NY"
    phone: str = "auto"
    is_do_not_contact: bool = False
    is_deceased: bool = False
    tasks: tuple[tuple[str, str, str], ...] = ()
    outcomes: tuple[tuple[str, str, str], ...] = ()
    touches: tuple[tuple[str, str, str], ...] = ()
    a1c: tuple[tuple[str, float], ...] = ()
    next_visit: str = ""
    seen: tuple[str, ...] = ()
    left_hospital: str = ""
    asked_back: tuple[str, str] | None = None
    members: tuple[tuple[str, str, bool], ...] = ()
    worker: str = "staff-s1"
    task_site: str = ""
    is_in_crm: bool = True

    @property
    def site(self) -> str:
        return "north" if self.a1c else "south"


def write_practice(folder: Path, journal: Path, people: Iterable[Person]) -> None:
    """Write `practice.toml`, `ehr/` and `crm/` into `folder`, and what was recorded in the dashboards into `journal`."""
    people = list(people)
    (folder / "practice.toml").write_text(SETTINGS)
    _write_ehr(folder / "ehr", people)
    _write_crm(folder / "crm", people)
    rows = [
        {
            "outcome_id": f"{person.id}-{number}",
            "recorded_at": at,
            "updated_at": at,
            "patient_source_system": "ehr",
            "patient_record_type": "ehr_patient",
            "patient_source_id": person.id,
            "channel": channel,
            "outcome": outcome,
            "recorded_by": "kim@example.org",
            "is_withdrawn": "false",
        }
        for person in people
        for number, (at, channel, outcome) in enumerate(person.outcomes)
    ]
    _csv(journal / "outreach_outcomes_20260714T120000000000.csv", OUTCOMES.columns, rows)
    _csv(journal / "campaigns_20260714T120000000000.csv", CAMPAIGNS_DEFINED.columns, DEFINED)
    noted = {"outcome_id": "reached-0", "campaign_code": "visit", "updated_at": "2026-06-25T15:00:00Z"}
    _csv(journal / "campaign_outcomes_20260714T120000000000.csv", CAMPAIGN_OUTCOMES.columns, [noted])


def _write_ehr(folder: Path, people: list[Person]) -> None:
    folder.mkdir(parents=True)
    resources = [
        {"resourceType": "Organization", "id": "org", "name": "Outreach rules"},
        {"resourceType": "Practitioner", "id": "dr", "active": True, "name": [{"family": "Alpha", "given": ["Anna"]}]},
        *({"resourceType": "Location", "id": site, "status": "active", "name": site.title()} for site in ("north", "south")),
    ]
    for person in people:
        resources += _record(person)
    for kind in {resource["resourceType"] for resource in resources}:
        lines = [json.dumps(one | {"meta": {"lastUpdated": UPDATED}}) for one in resources if one["resourceType"] == kind]
        (folder / f"{kind}.ndjson").write_text("\n".join(lines) + "\n")


def _coding(system: str, code: str) -> dict:
    return {"coding": [{"system": system, "code": code}]}


def _record(person: Person) -> Iterable[dict]:
    patient = {"reference": f"Patient/{person.id}"}
    yield {
        "resourceType": "Patient",
        "id": person.id,
        "identifier": [
            {
                "type": _coding("http://terminology.hl7.org/CodeSystem/v2-0203", "MR"),
                "system": "urn:caregap:mrn",
                "value": f"M-{person.id}",
            }
        ],
        "active": True,
        "name": [{"use": "official", "family": f"Sample{person.id}", "given": ["Test"]}],
        "gender": "female",
        **({"birthDate": person.birth} if person.birth else {}),
        **({"deceasedBoolean": True} if person.is_deceased else {}),
    }
    days = ("2025-03-10", "2025-09-15", "2026-03-02") if person.a1c else ("2025-03-10", "2025-06-10")
    starts = [*(f"{day}T10:00:00-04:00" for day in days), *person.seen]
    for number, start in enumerate(starts):
        yield {
            "resourceType": "Encounter",
            "id": f"e-{person.id}-{number}",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "type": [_coding("http://snomed.info/sct", "185349003")],
            "subject": patient,
            "participant": [{"individual": {"reference": "Practitioner/dr"}}],
            "period": {"start": start, "end": start},
            "location": [{"location": {"reference": f"Location/{person.site}"}}],
        }
    if person.next_visit:
        yield {
            "resourceType": "Appointment",
            "id": f"a-{person.id}",
            "status": "booked",
            "start": f"{person.next_visit}T10:00:00-04:00",
            "end": f"{person.next_visit}T10:20:00-04:00",
            "created": "2026-06-01T10:00:00-04:00",
            "participant": [
                {"actor": {"reference": f"Patient/{person.id}"}, "status": "accepted"},
                {"actor": {"reference": "Practitioner/dr"}, "status": "accepted"},
                {"actor": {"reference": f"Location/{person.site}"}, "status": "accepted"},
            ],
        }
    if person.left_hospital:
        yield {
            "resourceType": "Encounter",
            "id": f"h-{person.id}",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "subject": patient,
            "period": {"start": "2026-06-10T10:00:00-04:00", "end": f"{person.left_hospital}T10:00:00-04:00"},
        }
    if person.asked_back:
        ordered_on, due_on = person.asked_back
        yield {
            "resourceType": "ServiceRequest",
            "id": f"s-{person.id}",
            "status": "active",
            "intent": "order",
            "code": _coding("http://snomed.info/sct", "185389009"),
            "subject": patient,
            "authoredOn": ordered_on,
            "occurrenceDateTime": due_on,
        }
    for number, (day, percent) in enumerate(person.a1c):
        yield {
            "resourceType": "Observation",
            "id": f"o-{person.id}-{number}",
            "status": "final",
            "category": [_coding("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")],
            "code": _coding("http://loinc.org", "4548-4"),
            "subject": patient,
            "effectiveDateTime": f"{day}T10:30:00-04:00",
            "valueQuantity": {"value": percent, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
        }
    if person.a1c:
        yield {
            "resourceType": "Condition",
            "id": f"d-{person.id}",
            "clinicalStatus": _coding("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
            "verificationStatus": _coding("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
            "category": [_coding("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis")],
            "code": _coding("http://hl7.org/fhir/sid/icd-10-cm", "E11.9"),
            "subject": patient,
            "onsetDateTime": "2020-01-01",
            "recordedDate": "2020-01-01",
        }


DEFINED = [
    {"title": "Diabetes", "audience": "condition", "condition_name": "diabetes", "no_visit_months": "4", "why": "Long not seen"}
    | {"site_capacity": "1", "holdout_share": "0.0", "defined_by": "kim", "is_withdrawn": "false", "campaign_code": code}
    | {"starts_on": first, "ends_on": last, "updated_at": UPDATED}
    | changed
    for code, first, last, changed in (
        ("c-runs", "2026-07-15", "2026-07-15", {}),
        ("c-five-months", "2026-07-01", "2026-12-31", {"no_visit_months": "5"}),
        ("c-held-out", "2026-07-01", "2026-12-31", {"holdout_share": "0.9"}),
        ("c-tomorrow", "2026-07-16", "2026-12-31", {}),
        ("c-yesterday", "2026-01-01", "2026-07-14", {}),
        ("c-ended", "2026-07-01", "2026-12-31", {"is_withdrawn": "true"}),
    )
]
"""Campaigns for diabetes, as the page Campaigns writes them."""
CAMPAIGNS = (("rc", "recall"), ("rm", "reminder"), ("all", "recall"))
_COLUMNS = {
    "contacts": "contact_id mrn first_name last_name birth_date sex email phone address_line city state postal_code language "
    "preferred_channel is_do_not_contact is_deceased created_at updated_at",
    "consents": "consent_id contact_id channel status recorded_at source updated_at",
    "campaigns": "campaign_id campaign_name campaign_type channel started_on ended_on cost_usd updated_at",
    "campaign_members": "campaign_id contact_id status is_held_out added_at updated_at",
    "touches": "touch_id contact_id campaign_id appointment_id direction channel purpose touched_at outcome is_automated "
    "staff_minutes cost_usd updated_at",
    "outreach_tasks": "task_id contact_id campaign_id location_id assigned_to reason channel created_at due_on completed_at "
    "outcome staff_minutes updated_at",
}


def _write_crm(folder: Path, people: list[Person]) -> None:
    rows: dict[str, list[dict]] = {name: [] for name in _COLUMNS}
    for campaign, kind in CAMPAIGNS:
        rows["campaigns"].append(
            {"campaign_id": campaign, "campaign_name": campaign, "campaign_type": kind, "channel": "phone"}
            | {"started_on": "2026-01-01", "cost_usd": "0"}
        )
    for number, person in enumerate(people):
        if person.is_in_crm:
            _contact(rows, person, number)
    for name, columns in _COLUMNS.items():
        _csv(folder / f"{name}.csv", columns.split(), [row | {"updated_at": UPDATED} for row in rows[name]])


def _contact(rows: dict[str, list[dict]], person: Person, number: int) -> None:
    contact = {"contact_id": f"c-{person.id}"}
    rows["contacts"].append(
        contact
        | {"mrn": f"M-{person.id}", "first_name": "Test", "last_name": f"Sample{person.id}", "birth_date": person.birth}
        | {"sex": "female", "email": f"p{number}@example.com", "state": person.state, "language": "en"}
        | {"address_line": f"{number + 1} Sample Street", "city": "Sampleton"}
        | {"phone": f"212555{number:04}" if person.phone == "auto" else person.phone}
        | {"is_do_not_contact": str(person.is_do_not_contact).lower(), "is_deceased": "false"}
        | {"created_at": "2024-01-01T12:00:00Z"}
    )
    decisions = [(channel, "granted", "2024-01-02T15:00:00Z") for channel in person.consents]
    decisions += [(channel, "revoked", at) for channel, at in person.refused]
    for nth, (channel, status, at) in enumerate(decisions):
        rows["consents"].append(
            contact | {"consent_id": f"n-{person.id}-{nth}", "channel": channel, "status": status, "recorded_at": at}
        )
    for campaign, at, is_held_out in person.members:
        state = {"status": "held_out" if is_held_out else "contacted", "is_held_out": str(is_held_out).lower()}
        rows["campaign_members"].append(contact | {"campaign_id": campaign, "added_at": at} | state)
    for nth, (at, channel, outcome) in enumerate(person.touches):
        rows["touches"].append(
            contact
            | {"touch_id": f"t-{person.id}-{nth}", "direction": "outbound", "channel": channel, "purpose": "reminder"}
            | {"touched_at": at, "outcome": outcome, "is_automated": "true", "staff_minutes": "0", "cost_usd": "0"}
        )
    for nth, (at, channel, outcome) in enumerate(person.tasks):
        rows["outreach_tasks"].append(
            contact
            | {"task_id": f"k-{person.id}-{nth}", "location_id": person.task_site or person.site, "assigned_to": person.worker}
            | {"reason": "disengagement", "channel": channel, "created_at": at, "completed_at": at, "outcome": outcome}
            | {"staff_minutes": "5"}
        )


def _csv(path: Path, columns: Iterable[str], rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
