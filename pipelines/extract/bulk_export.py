"""The files of a bulk FHIR export: its manifest (FHIR Bulk Data Access 2.0, "Complete Status"), and their names."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.sources import SourceKind
from pipelines.extract.bundles import BUNDLE, DELETED
from pipelines.extract.description import Description, Source
from pipelines.extract.encoding import decoded_start
from pipelines.extract.fhir_documents import held, is_document, is_type, type_of_start
from pipelines.extract.fhir_tables import is_table
from pipelines.extract.preflight import first_bytes

_LARGEST_MANIFEST = 16 * 2**20
_OF_A_JOB = {"outputDataConfig", "OutputDataConfig", "ExportJobProperties", "JobProperties"}


@dataclass(frozen=True)
class _Manifest:
    transaction_time: datetime
    types: dict[str, str]


class BulkExports:
    """The exports among the files of one source.

    `about`: the manifests and what else describes a job of a server, which hold no rows.
    """

    def __init__(self, kind: SourceKind, files: list[Path]):
        candidates = [path for path in files if path.suffix == ".json"]
        self._manifests = {path: manifest for path in candidates if (manifest := _read_manifest(path))}
        self._read = kind.extracts
        self._types = {name.lower(): name for name in kind.extracts} | {DELETED: DELETED}
        self.about = frozenset(path for path in candidates if path in self._manifests or _is_of_a_job(path))

    def describe(self, path: Path) -> Description:
        """The type from the manifest, otherwise from the name (`1.Patient.000.ndjson.gz`) where the first resource is of it.

        A file of anything else is `Bundle`: it is read resource by resource, and each lands as its own type.
        The time is that of the newest manifest in its folder which names the file, otherwise of the oldest which does not.
        """
        beside = [manifest for place, manifest in self._manifests.items() if place.parent == path.parent]
        naming = [manifest for manifest in beside if _names_of(path) & manifest.types.keys()]
        if naming:
            manifest = max(naming, key=lambda one: one.transaction_time)
            named = next(manifest.types[name] for name in _names_of(path) if name in manifest.types)
            return Description(self._extract(path, named) or named, True, manifest.transaction_time, Source.MANIFEST)
        at = min((manifest.transaction_time for manifest in beside), default=None)
        kind = self._extract(path, self._in_name(path))
        return Description(kind or path.name.partition(".")[0], bool(kind), at, Source.MANIFEST_BESIDE if beside else Source.NAME)

    def _in_name(self, path: Path) -> str | None:
        if path.parent.name.lower() == DELETED:
            return DELETED
        words = _words(path)
        return next((self._types[word] for word in words if word in self._types), None)

    def _extract(self, path: Path, named: str | None) -> str | None:
        """The type of a file's resources, given what its name or manifest says; None if it holds none."""
        if named == DELETED:
            return DELETED
        start = decoded_start(first_bytes(path)).encode()
        first = type_of_start(start)
        if is_table(start):
            return BUNDLE
        if first is None:
            return BUNDLE if is_document(start) and (not named or ".json" in path.suffixes) else named
        if first == named or (first not in self._read and first != BUNDLE and first.lower() in _words(path)):
            return first
        # A line of a type that is not read, in a file that says which type it has, is a stray one.
        return named if named and first not in (*self._read, BUNDLE) else BUNDLE


def _words(path: Path) -> list[str]:
    return re.split(r"[^a-z0-9]+", path.name.lower())


def _names_of(path: Path) -> set[str]:
    """How a manifest may name a file: as it is called, or without the ending that a download gave it."""
    name = _plain_name(path.name)
    return {name, name.removesuffix(".ndjson").removesuffix(".json")}


def _plain_name(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".zst").removesuffix(".zip")


def _read_manifest(path: Path) -> _Manifest | None:
    if path.stat().st_size > _LARGEST_MANIFEST:
        return None
    try:
        content = json.loads(path.read_bytes())
        at = datetime.fromisoformat(content["transactionTime"])
        listed = {_url_name(entry["url"]): entry["type"] for entry in content.get("output", []) if is_type(entry["type"])}
        deleted = {_url_name(entry["url"]): DELETED for entry in content.get("deleted", [])}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return _Manifest(at if at.tzinfo else at.replace(tzinfo=UTC), listed | deleted)


def _is_of_a_job(path: Path) -> bool:
    """Whether a file says how a job went and no more: AWS HealthLake's `manifest.json`, which names folders, counts and sizes but
    no file and no time (https://docs.aws.amazon.com/healthlake/latest/devguide/import-job-manifest.html), or what its command
    line answers of a job."""
    if path.stat().st_size > _LARGEST_MANIFEST:
        return False
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and not held(content) and "resourceType" not in content and bool(content.keys() & _OF_A_JOB)


def _url_name(url: str) -> str:
    return _plain_name(url.partition("?")[0].rstrip("/").rpartition("/")[2])
