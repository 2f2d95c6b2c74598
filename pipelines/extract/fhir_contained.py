"""Takes contained resources out of the resource that refers to them (https://hl7.org/fhir/R4/references.html#contained).

A contained resource has an id within its container only. Taken out, it is a resource of its type like any other: `#m1` in
`MedicationRequest/7` becomes `Medication/MedicationRequest.7#m1`, and so do the references to it.
"""

from collections.abc import Iterator
from typing import Any

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
