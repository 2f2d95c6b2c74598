"""The files of a bulk FHIR export: its manifest (FHIR Bulk Data Access 2.0, "Complete Status"), and their names."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.sources import SourceKind
from pipelines.extract.deletions import DELETED

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_LARGEST_MANIFEST = 16 * 2**20


@dataclass(frozen=True)
class _Manifest:
    transaction_time: datetime
    types: dict[str, str]


class BulkExports:
    """The exports among the files of one source.

    `about`: the manifests, which describe other files and hold no rows.
    """

    def __init__(self, kind: SourceKind, files: list[Path]):
        candidates = [path for path in files if path.suffix == ".json"]
        self._manifests = {path: manifest for path in candidates if (manifest := _read_manifest(path))}
        self._types = {name.lower(): name for name in kind.extracts} | {"bundle": DELETED, DELETED: DELETED}
        self.about = frozenset(self._manifests)

    def exported_at(self, path: Path) -> datetime | None:
        """The transaction time of the file's manifest, if it has one."""
        manifest = self._manifest_of(path)
        return manifest.transaction_time if manifest else None

    def extract(self, path: Path) -> str:
        """From the manifest, otherwise the part of the name that is a resource type: `1.Patient.000.ndjson.gz`."""
        manifest = self._manifest_of(path)
        listed = manifest.types.get(_plain_name(path.name)) if manifest else None
        if listed:
            return listed
        if path.parent.name.lower() == DELETED:
            return DELETED
        parts = re.split(r"[.\-_]", path.name)
        known = [self._types[part.lower()] for part in parts if part.lower() in self._types]
        return (known or [part for part in parts if part.isalpha()] or parts)[0]

    def _manifest_of(self, path: Path) -> _Manifest | None:
        """The manifest in the file's folder that names the file, otherwise the only manifest there."""
        beside = [manifest for place, manifest in self._manifests.items() if place.parent == path.parent]
        naming = [manifest for manifest in beside if _plain_name(path.name) in manifest.types]
        if naming:
            return max(naming, key=lambda manifest: manifest.transaction_time)
        return beside[0] if len(beside) == 1 else None


def _plain_name(name: str) -> str:
    return name.removesuffix(".gz")


def _read_manifest(path: Path) -> _Manifest | None:
    if path.stat().st_size > _LARGEST_MANIFEST:
        return None
    try:
        content = json.loads(path.read_bytes())
        at = datetime.fromisoformat(content["transactionTime"])
        listed = {_url_name(entry["url"]): entry["type"] for entry in content.get("output", []) if _is_type(entry["type"])}
        deleted = {_url_name(entry["url"]): DELETED for entry in content.get("deleted", [])}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return _Manifest(at if at.tzinfo else at.replace(tzinfo=UTC), listed | deleted)


def _is_type(given: object) -> bool:
    """Whether a manifest's `type` is the name of a resource type; if not, the file's name gives the type."""
    return isinstance(given, str) and bool(_TYPE.fullmatch(given))


def _url_name(url: str) -> str:
    return _plain_name(url.partition("?")[0].rstrip("/").rpartition("/")[2])
