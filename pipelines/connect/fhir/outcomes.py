"""What a task, a request or a message of an EHR says of itself: whether it is done, and what came of it."""

from datetime import UTC, datetime

from models.extracts.crm import CHANNELS, OUTREACH_OUTCOMES
from pipelines.connect.adapter import Outcome, Standing
from pipelines.connect.fhir.resources import TODO, Resource

_DONE = frozenset({"completed", "failed", "rejected"})
_CLOSED = frozenset({"cancelled", "revoked", "entered-in-error", "stopped", "not-done"})


def standing_of(resource: Resource) -> Standing | None:
    """Open, done, or None where it was closed undone."""
    status = resource.get("status")
    return Standing.DONE if status in _DONE else None if status in _CLOSED else Standing.OPEN


def outcome_of(resource: Resource, external_id: str, request: Resource | None = None) -> Outcome | None:
    """What a Task says, or a Communication for a `request` of ours; None for what was closed undone, and for whom nobody knows.

    The outcome is a code of the CRM's contract in `output`, `businessStatus` or `statusReason`. A message that was sent is a
    message left: whether anybody read it is not said.
    """
    standing = standing_of(resource)
    of_whom = resource.get("for") or resource.get("subject") or (request or {}).get("subject") or {}
    person = str(of_whom.get("reference", "")).partition("Patient/")[2]
    if standing is None or not person:
        return None
    updated_at = _instant(resource["meta"]["lastUpdated"])
    is_done = standing is Standing.DONE
    outcome = _coded(resource)
    if outcome is None and resource["resourceType"] == "Communication":
        outcome = "left_message"
    made = resource.get("authoredOn") or (request or {}).get("authoredOn")
    ended = (resource.get("executionPeriod") or {}).get("end") or resource.get("sent")
    return Outcome(
        task_id=resource["id"],
        contact_id=person,
        external_id=external_id or None,
        channel=_channel(request or resource),
        outcome=outcome if is_done else None,
        created_at=_instant(made) if made else updated_at,
        completed_at=(_instant(ended) if ended else updated_at) if is_done else None,
        updated_at=updated_at,
    )


def _coded(resource: Resource) -> str | None:
    concepts = [one.get("valueCodeableConcept", {}) for one in resource.get("output", [])]
    concepts += [resource.get("businessStatus", {}), resource.get("statusReason", {})]
    codes = [str(code.get("code")) for concept in concepts for code in concept.get("coding", [])]
    codes += [str(one["valueString"]) for one in resource.get("output", []) if "valueString" in one]
    return next((code for code in codes if code in OUTREACH_OUTCOMES), None)


def _channel(resource: Resource) -> str | None:
    if resource["resourceType"] == TODO:
        said = [one.get("valueString") for one in resource.get("input", []) if one.get("type", {}).get("text") == "channel"]
    else:
        said = [one.get("text") for one in resource.get("medium", [])]
    return next((one for one in said if one in CHANNELS), None)


def _instant(text: str) -> datetime:
    """An instant; one without an offset is taken as UTC, a day as its beginning."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
