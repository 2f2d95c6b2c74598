"""Resources that a server exports although it has deleted them, and marks so.

Azure's FHIR service exports such a resource as it was, with an extension of `meta`
(https://learn.microsoft.com/azure/healthcare-apis/fhir/import-data, "soft-deleted resources"). It is a deletion like those that a
bulk export lists.
"""

from typing import Any

from pipelines.extract.bundles import BUNDLE

_DELETED_STATE = "azurehealthcareapis.com/data-extensions/deleted-state"
DELETED_MARK = _DELETED_STATE.encode()
"""What a line with a deleted resource has in it."""


def as_deletion(resource: dict[str, Any]) -> dict[str, Any] | None:
    """The Bundle that asks for the deletion of a resource, where it is marked as deleted; None where it is not."""
    meta = resource.get("meta")
    extensions = meta.get("extension") if isinstance(meta, dict) else None
    if not isinstance(meta, dict) or not isinstance(extensions, list) or not any(map(_says_deleted, extensions)):
        return None
    request = {"method": "DELETE", "url": f"{resource['resourceType']}/{resource['id']}"}
    return {"resourceType": BUNDLE, "timestamp": meta.get("lastUpdated"), "entry": [{"request": request}]}


def _says_deleted(extension: object) -> bool:
    if not isinstance(extension, dict) or not str(extension.get("url")).endswith(_DELETED_STATE):
        return False
    return bool(extension.get("valueString") == "soft-deleted")
