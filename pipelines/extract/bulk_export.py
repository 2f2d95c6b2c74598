"""The files of a bulk FHIR export: its manifest (FHIR Bulk Data Access 2.0, "Complete Status"), and their names."""

import json
import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson

from models.sources import SourceKind
from pipelines.extract.deletions import DELETED
from pipelines.extract.description import Description, Source
from pipelines.extract.preflight import first_bytes

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
        self._types = {name.lower(): name for name in kind.extracts} | {DELETED: DELETED}
        self.about = frozenset(self._manifests)

    def describe(self, path: Path) -> Description:
        """The type from the manifest, otherwise from the name (`1.Patient.000.ndjson.gz`), otherwise from the first line.

        The time is that of the newest manifest in its folder which names the file, otherwise of the oldest which does not.
        """
        beside = [manifest for place, manifest in self._manifests.items() if place.parent == path.parent]
        naming = [manifest for manifest in beside if _plain_name(path.name) in manifest.types]
        if naming:
            manifest = max(naming, key=lambda one: one.transaction_time)
            return Description(manifest.types[_plain_name(path.name)], True, manifest.transaction_time, Source.MANIFEST)
        at = min((manifest.transaction_time for manifest in beside), default=None)
        kind = self._extract(path)
        return Description(kind or path.name.partition(".")[0], bool(kind), at, Source.MANIFEST_BESIDE if beside else Source.NAME)

    def _extract(self, path: Path) -> str | None:
        if path.parent.name.lower() == DELETED:
            return DELETED
        words = re.split(r"[^a-z0-9]+", path.name.lower())
        return next((self._types[word] for word in words if word in self._types), None) or _type_of_first_line(path)


def _type_of_first_line(path: Path) -> str | None:
    """The resource type in the first line of NDJSON; `deleted` for a bundle of deletions; None if there is none, or a bundle of
    anything else, whose entries nobody would read."""
    line = first_bytes(path).removeprefix(BOM_UTF8).lstrip().partition(b"\n")[0]
    try:
        resource = orjson.loads(line)
        found = resource["resourceType"]
        if found == "Bundle":
            methods = {entry["request"]["method"] for entry in resource["entry"]}
            return DELETED if methods == {"DELETE"} else None
    except (ValueError, KeyError, TypeError):
        return None
    return found if _is_type(found) else None


def _plain_name(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".zst").removesuffix(".zip")


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
