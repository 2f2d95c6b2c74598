"""Takes contained resources out of the resource that refers to them (https://hl7.org/fhir/R4/references.html#contained).

A contained resource has an id within its container only. Taken out, it is a resource of its type like any other: `#m1` in
`MedicationRequest/7` becomes `Medication/MedicationRequest.7#m1`, and so do the references to it.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from pipelines.extract.fhir_documents import rename_references

CONTAINERS = frozenset(
    (
        "Appointment",
        "Coverage",
        "Encounter",
        "MedicationDispense",
        "MedicationRequest",
        "Patient",
        "PractitionerRole",
        "ServiceRequest",
    )
)
"""The types whose references Caregap follows. An ExplanationOfBenefit is not one: its coverage is read where it lies."""
_TAKEN = frozenset(("Coverage", "Location", "Medication", "Organization", "Practitioner", "PractitionerRole"))
MARK = b'"contained"'
"""What a line with contained resources has in it."""
PATIENT_MARKS = (b'"resourceType":"Patient"', b'"resourceType": "Patient"')
"""What a line of another type has in it that contains a patient."""


def name_patients(resource: dict[str, Any]) -> None:
    """Let references to a contained patient name the patient by identifier, as the server's own record may have it.

    A contained patient is no record of the practice: it is what the sender knew, and its id is local.
    """
    contained = resource.get("contained")
    names = {
        f"#{str(one['id']).removeprefix('#')}": f"Patient?identifier={said}"
        for one in (contained if isinstance(contained, list) else [])
        if isinstance(one, dict) and one.get("resourceType") == "Patient" and one.get("id") and (said := _identifier(one))
    }
    if names:
        rename_references(resource, names)


def _identifier(patient: dict[str, Any]) -> str | None:
    given = patient.get("identifier")
    found = [one for one in given if isinstance(one, dict) and one.get("value")] if isinstance(given, list) else []
    return quote(f"{found[0].get('system') or ''}|{found[0]['value']}", safe=":/|") if found else None


def taken_out(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The contained resources, of the types that are read from there; in `resource` the references to them are renamed."""
    contained = resource.pop("contained", None)
    if not isinstance(contained, list):
        return
    container = f"{resource['resourceType']}.{resource['id']}"
    found = {
        f"#{str(one['id']).removeprefix('#')}": one
        for one in contained
        if isinstance(one, dict) and one.get("id") and one.get("resourceType") in _TAKEN
    }
    names = {local: f"{one['resourceType']}/{container}{local}" for local, one in found.items()}
    rename_references(resource, names)
    for local, one in found.items():
        rename_references(one, names | {"#": f"{resource['resourceType']}/{resource['id']}"})
        yield one | {"id": container + local, "meta": resource.get("meta")}
