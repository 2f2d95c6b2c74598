"""The FHIR R4 resources that leave, as JSON, each checked by the models of `fhir.resources` before it does.

https://hl7.org/fhir/R4/: Task, CommunicationRequest, Group, RiskAssessment, Flag, DetectedIssue. Each bears one identifier, by
which it is found again: a resource is made by conditional create or update, never twice.
"""

from functools import cache
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from pipelines.connect.adapter import Task
from pipelines.connect.charting import Gap, Score
from pipelines.errors import ConnectionFailed

Resource = dict[str, Any]

TASK = "urn:x-caregap:task"
LIST, RISK, GAP = "urn:x-caregap:list", "urn:x-caregap:risk", "urn:x-caregap:gap"
REASON, STAFF, WITHDRAWN, OUTCOME = (
    "urn:x-caregap:reason",
    "urn:x-caregap:staff",
    "urn:x-caregap:withdrawn",
    "urn:x-caregap:outcome",
)
TAG = {"system": "urn:x-caregap", "code": "outreach"}
MESSAGE, TODO = "CommunicationRequest", "Task"


def task(row: Task) -> Resource:
    """A work item of the team: whom to contact, through which channel, by when and in which hours."""
    inputs = [
        _input("channel", "valueString", row.channel),
        _input("contact from", "valueTime", f"{row.contact_from:%H:%M:%S}"),
        _input("contact until", "valueTime", f"{row.contact_until:%H:%M:%S}"),
    ]
    if row.priority_rank is not None:
        inputs.append(_input("place on the list", "valuePositiveInt", row.priority_rank))
    if row.link is not None:
        inputs.append(_input("profile", "valueUrl", row.link))
    resource: Resource = {
        "resourceType": TODO,
        "meta": {"tag": [TAG]},
        "identifier": [identifier(TASK, row.external_id)],
        "status": "requested",
        "intent": "order",
        "priority": "urgent" if row.is_urgent else "routine",
        "code": {"coding": [{"system": REASON, "code": row.reason}], "text": "Outreach"},
        "for": patient(row.contact_id),
        "restriction": {"period": {"end": row.due_on.isoformat()}},
        "input": inputs,
    }
    if row.assigned_to is not None:
        resource["owner"] = {"identifier": identifier(STAFF, row.assigned_to)}
    if row.site_id is not None:
        resource["location"] = {"reference": f"Location/{row.site_id}"}
    return checked(resource)


def message(row: Task) -> Resource:
    """A message that the EHR sends itself. It has no text of ours: the EHR has the practice's own for the reason."""
    return checked(
        {
            "resourceType": MESSAGE,
            "meta": {"tag": [TAG]},
            "identifier": [identifier(TASK, row.external_id)],
            "status": "active",
            "priority": "urgent" if row.is_urgent else "routine",
            "category": [{"coding": [{"system": REASON, "code": row.reason}], "text": "Outreach"}],
            "medium": [{"text": row.channel}],
            "subject": patient(row.contact_id),
            "recipient": [patient(row.contact_id)],
            "occurrencePeriod": {"end": row.due_on.isoformat()},
        }
    )


def group(name: str, members: list[str]) -> Resource:
    """The list: who has an open task."""
    resource: Resource = {
        "resourceType": "Group",
        "meta": {"tag": [TAG]},
        "identifier": [identifier(LIST, name)],
        "active": True,
        "type": "person",
        "actual": True,
        "name": name,
        "quantity": len(members),
    }
    if members:
        resource["member"] = [{"entity": patient(one)} for one in members]
    return checked(resource)


def chart_entry(content: Score | Gap, gaps_as: str, *, is_closed: bool = False) -> Resource:
    """A risk score or an open gap for the chart."""
    if isinstance(content, Score):
        return _risk_assessment(content)
    return _flag(content, is_closed) if gaps_as == "flag" else _detected_issue(content, is_closed)


def _risk_assessment(score: Score) -> Resource:
    """The score with how it was made and what it is associated with."""
    return _in_chart(
        "RiskAssessment",
        identifier(RISK, score.contact_id),
        {
            "status": "final",
            "subject": patient(score.contact_id),
            "occurrenceDateTime": score.index_on.isoformat(),
            "method": {"text": score.method},
            "prediction": [
                {
                    "outcome": {"text": "Disengages from care"},
                    "probabilityDecimal": score.score,
                    "qualitativeRisk": {"text": score.tier},
                    "rationale": "; ".join(score.reasons) or "no reason stands out",
                }
            ],
        },
    )


def _flag(gap: Gap, is_closed: bool) -> Resource:
    return _in_chart(
        "Flag",
        identifier(GAP, f"{gap.contact_id}-{gap.measure_code}"),
        {
            "status": "inactive" if is_closed else "active",
            "category": [{"text": "Care gap"}],
            "code": {"text": f"{gap.measure_code} {gap.title}".strip()},
            "subject": patient(gap.contact_id),
        },
    )


def _detected_issue(gap: Gap, is_closed: bool) -> Resource:
    """Coded as in Da Vinci's Gaps in Care."""
    code = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "CAREGAP"}
    return _in_chart(
        "DetectedIssue",
        identifier(GAP, f"{gap.contact_id}-{gap.measure_code}"),
        {
            "status": "cancelled" if is_closed else "preliminary",
            "code": {"coding": [code], "text": "Care gap"},
            "patient": patient(gap.contact_id),
            "detail": f"{gap.measure_code} {gap.title}".strip(),
        },
    )


def _in_chart(kind: str, known_by: dict[str, str], content: Resource) -> Resource:
    return checked({"resourceType": kind, "identifier": [known_by]} | content)


def identifier(system: str, value: str) -> dict[str, str]:
    return {"system": system, "value": value}


def patient(contact_id: str) -> dict[str, str]:
    return {"reference": f"Patient/{contact_id}"}


def checked(resource: Resource) -> Resource:
    """The resource, if it is valid FHIR R4. Raises `ConnectionFailed` naming its type and the elements that are not."""
    try:
        _model(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        wrong = sorted({".".join(map(str, one["loc"])) for one in error.errors()})
        raise ConnectionFailed(
            f"{resource['resourceType']}: {', '.join(wrong)[:200]} would be no valid FHIR R4. Not sent."
        ) from None
    return resource


@cache
def _model(resource_type: str) -> Any:
    return getattr(import_module(f"fhir.resources.R4B.{resource_type.lower()}"), resource_type)


def _input(what: str, kind: str, value: str | int) -> dict[str, Any]:
    return {"type": {"text": what}, kind: value}
