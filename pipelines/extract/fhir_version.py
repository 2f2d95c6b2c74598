"""Recognises FHIR DSTU2, STU3 and R5 by the elements that R4 does not have, or has of another type.

Read as R4, such a file would lose these elements silently. One record of another version is quarantined; a file is refused as the
version that it says of itself as a whole. Sources: the "R3 Diff" and "R4 Diff" of each resource (https://hl7.org/fhir/R4/,
https://hl7.org/fhir/R5/). Organization and Practitioner have too little that differs, and so has Patient, apart from DSTU2.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.errors import ExtractRefused

_MOST_STRAYS, _STRAY_SHARE = 10, 0.2
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


def _with_one_family_name(value: Any) -> bool:
    """Names with a family name as text."""
    return isinstance(value, list) and any(isinstance(one, dict) and isinstance(one.get("family"), str) for one in value)


def _referable(value: Any) -> bool:
    """A CodeableReference, which R5 brought."""
    one = value[0] if isinstance(value, list) and value else value
    return isinstance(one, dict) and bool(one.keys() & {"concept", "reference"}) and "coding" not in one


def _begins(*numbers: str) -> _Sign:
    return lambda value: isinstance(value, str) and value.startswith(numbers)


_SIGNS: dict[str, dict[str, dict[str, _Sign]]] = {
    "R5": {
        "Appointment": {"cancellationReason": _there, "reason": _referable},
        "CapabilityStatement": {"fhirVersion": _begins("5.")},
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
        "CapabilityStatement": {"fhirVersion": _begins("3.")},
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
        "Conformance": {"fhirVersion": _there},
        "Encounter": {"class": _text},
        "MedicationOrder": {"status": _there},
        "Patient": {"name": _with_family_names, "careProvider": _there},
    },
}  # fmt: skip


_OF_R4: dict[str, dict[str, dict[str, _Sign]]] = {
    "R5": {
        "Appointment": {"cancelationReason": _there, "reasonCode": _there},
        "CapabilityStatement": {"fhirVersion": _begins("4.")},
        "Condition": {"recorder": _there, "asserter": _there},
        "Coverage": {"payor": _there},
        "DeviceRequest": {"codeCodeableConcept": _there, "codeReference": _there, "reasonCode": _there},
        "Encounter": {"class": _object, "period": _there, "hospitalization": _there},
        "MedicationDispense": {"medicationCodeableConcept": _there, "medicationReference": _there},
        "MedicationRequest": {"medicationCodeableConcept": _there, "medicationReference": _there, "reasonCode": _there},
        "Procedure": {"performedDateTime": _there, "performedPeriod": _there, "reasonCode": _there},
        "ServiceRequest": {"reasonCode": _there},
    },
    "STU3": {
        "AllergyIntolerance": {"clinicalStatus": _object, "recordedDate": _there},
        "Appointment": {"cancelationReason": _there, "reasonCode": _there},
        "CapabilityStatement": {"fhirVersion": _begins("4.")},
        "Condition": {"clinicalStatus": _object, "verificationStatus": _object, "recordedDate": _there, "encounter": _there},
        "DiagnosticReport": {"encounter": _there},
        "Encounter": {"reasonCode": _there, "serviceType": _there},
        "Immunization": {"occurrenceDateTime": _there, "occurrenceString": _there},
        "MedicationRequest": {"encounter": _there, "doNotPerform": _there, "reportedBoolean": _there},
        "Observation": {"encounter": _there},
        "Procedure": {"encounter": _there},
    },
    "DSTU2": {
        "Encounter": {"class": _object},
        "Patient": {"name": _with_one_family_name},
    },
}  # fmt: skip
"""By version, the elements that R4 has and that version has not: a record with both kinds of signs is R4, with more to it."""

SIGNS_BESIDE = {
    kind: sorted({name for types in _SIGNS.values() for name in types.get(kind, ())})
    for kind in {kind for types in _SIGNS.values() for kind in types}
}
"""By type, the elements that may be signs of another version."""


def _tells(signs: Mapping[str, _Sign], resource: Mapping[str, Any]) -> bool:
    return any(name in resource and is_sign(resource[name]) for name, is_sign in signs.items())


@dataclass
class Versions:
    """What the records of a file say of its version: by version, how many are of it, and how many are of R4 and not of it."""

    of_it: Counter[str] = field(default_factory=Counter)
    of_r4: Counter[str] = field(default_factory=Counter)

    def note(self, resource: Mapping[str, Any]) -> str | None:
        """Count a resource; why it cannot be read, where it is of another version than R4."""
        kind = resource.get("resourceType", "")
        if not isinstance(kind, str) or kind not in SIGNS_BESIDE:
            return None
        for version, types in _SIGNS.items():
            if _tells(_OF_R4[version].get(kind, {}), resource):
                self.of_r4[version] += 1
            elif _tells(types.get(kind, {}), resource):
                self.of_it[version] += 1
                return f"is FHIR {version}, and R4 is what is read"
        return None

    def refuse_if_whole(self, n_records: int) -> None:
        """Raise `OtherVersion` if the file is of another version: as many of its records are as of R4, and they are no strays."""
        for version, n_of_it in self.of_it.items():
            is_stray = n_of_it <= _MOST_STRAYS and n_of_it < _STRAY_SHARE * n_records
            if n_of_it >= self.of_r4[version] and not is_stray:
                raise OtherVersion(version)

    def denied(self) -> list[str]:
        """The versions of which the file is not: more of its records are of R4 than of it."""
        return sorted(version for version, n_of_r4 in self.of_r4.items() if n_of_r4 > self.of_it[version])


class OtherVersion(ExtractRefused):
    """A file of another FHIR version."""

    def __init__(self, version: str):
        super().__init__(f"is FHIR {version}, and R4 is what is read. Ask for an export in FHIR R4 (4.0.1).")
        self.version = version
