"""Recognises FHIR DSTU2, STU3 and R5 by the elements that R4 does not have, or has of another type.

Read as R4, such a file would lose these elements silently. Sources: the "R3 Diff" and "R4 Diff" of each resource
(https://hl7.org/fhir/R4/, https://hl7.org/fhir/R5/). Organization and Practitioner have too little that differs, and so
has Patient, apart from DSTU2.
"""

from collections.abc import Callable
from typing import Any

from pipelines.errors import ExtractRefused

_Sign = Callable[[Any], bool]


def _there(value: Any) -> bool:
    return value is not None


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _list(value: Any) -> bool:
    return isinstance(value, list)


def _with_family_names(value: Any) -> bool:
    """Names with a list of family names."""
    return isinstance(value, list) and any(isinstance(one, dict) and isinstance(one.get("family"), list) for one in value)


def _referable(value: Any) -> bool:
    """A CodeableReference, which R5 brought."""
    one = value[0] if isinstance(value, list) and value else value
    return isinstance(one, dict) and bool(one.keys() & {"concept", "reference"}) and "coding" not in one


_SIGNS: dict[str, dict[str, dict[str, _Sign]]] = {
    "R5": {
        "Appointment": {"cancellationReason": _there, "reason": _referable},
        "Condition": {"participant": _there},
        "Coverage": {"kind": _there, "insurer": _there},
        "DeviceRequest": {"code": _referable, "reason": _referable},
        "DiagnosticReport": {"supportingInfo": _there},
        "Encounter": {"class": _list, "actualPeriod": _there, "admission": _there},
        "Immunization": {"administeredProduct": _there, "supportingInformation": _there},
        "MedicationDispense": {"medication": _object},
        "MedicationRequest": {"medication": _object, "reason": _referable},
        "Procedure": {"occurrenceDateTime": _there, "occurrencePeriod": _there, "reason": _referable},
        "ServiceRequest": {"code": _referable, "reason": _referable},
    },
    "STU3": {
        "AllergyIntolerance": {"clinicalStatus": _text, "assertedDate": _there},
        "Appointment": {"indication": _there, "incomingReferral": _there},
        "Condition": {"clinicalStatus": _text, "verificationStatus": _text, "assertedDate": _there, "context": _there},
        "DiagnosticReport": {"context": _there},
        "Encounter": {"reason": _list, "incomingReferral": _there},
        "Immunization": {"notGiven": _there, "date": _text, "explanation": _there},
        "MedicationDispense": {"notDone": _there, "notDoneCodeableConcept": _there},
        "MedicationRequest": {"context": _there},
        "Observation": {"context": _there},
        "Patient": {"animal": _there},
        "Procedure": {"notDone": _there, "context": _there},
        "ReferralRequest": {"status": _there},
        "ProcedureRequest": {"status": _there},
    },
    "DSTU2": {
        "Encounter": {"class": _text},
        "MedicationOrder": {"status": _there},
        "Patient": {"name": _with_family_names, "careProvider": _there},
    },
}  # fmt: skip


def refuse_other_version(resource: dict[str, Any]) -> None:
    """Raise `OtherVersion` if a resource has an element that only another version than R4 has."""
    for version, types in _SIGNS.items():
        signs = types.get(resource.get("resourceType", ""), {})
        if any(name in resource and is_sign(resource[name]) for name, is_sign in signs.items()):
            raise OtherVersion(f"is FHIR {version}, and R4 is what is read. Ask for an export in FHIR R4 (4.0.1).")


class OtherVersion(ExtractRefused):
    """A file of another FHIR version. Its whole source is refused: half of an export would be a false picture."""
