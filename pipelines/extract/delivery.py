"""Finds delivered files in a practice's source folders, with what their names and export manifests say about them.

Opens only the manifests of bulk exports. The reader of each file determines its content.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from models.extracts import EXTRACTS
from pipelines.errors import UsageError
from pipelines.extract.deletions import DELETED
from pipelines.practice import Practice

_DAY = re.compile(r"(?<!\d)(20\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)")
_CSV_NAME = re.compile(r"^(.*?)(?=[.\-]|_\d|$)")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_LARGEST_MANIFEST = 16 * 2**20


@dataclass(frozen=True)
class Delivery:
    """One delivered file.

    `place` is its path within the source folder; `extract` is the kind of row that its name suggests, whether or not Caregap
    reads that kind; `exported_at` is the manifest's transaction time, otherwise midnight UTC of the date in its name or in the
    name of a folder above it, otherwise None.
    """

    source_system: str
    path: Path
    place: str
    extract: str
    exported_at: datetime | None

    @property
    def source(self) -> str:
        """The kind of source: `ehr` of `ehr:north`."""
        return self.source_system.partition(":")[0]

    @property
    def is_read(self) -> bool:
        return self.extract in EXTRACTS[self.source] or (self.source == "ehr" and self.extract == DELETED)


def find_deliveries(practice: Practice) -> list[Delivery]:
    """All files in the practice's source folders, sorted by name.

    Hidden files and manifests of bulk exports are not deliveries. Raises `UsageError` for an unknown kind of source, and for a
    missing source folder.
    """
    return [delivery for source_system in sorted(practice.sources) for delivery in _find(source_system, practice)]


def _find(source_system: str, practice: Practice) -> Iterator[Delivery]:
    root = practice.sources[source_system]
    source = source_system.partition(":")[0]
    if source not in EXTRACTS:
        raise UsageError(
            f"{source_system}: not a kind of source. Use {', '.join(EXTRACTS)}, or `ehr:north` if there are several."
        )
    if not root.is_dir():
        raise UsageError(f"{root}: this source folder does not exist. Correct practice.toml, or create the folder.")
    files = sorted(p for p in root.rglob("*") if p.is_file() and not any(s.startswith(".") for s in p.relative_to(root).parts))
    manifests = _Manifests([p for p in files if source == "ehr" and p.suffix == ".json"])
    for path in files:
        if path in manifests.paths:
            continue
        place = path.relative_to(root)
        manifest = manifests.of(path)
        yield Delivery(
            source_system,
            path,
            place.as_posix(),
            _resource_type(path, manifest) if source == "ehr" else _csv_extract(path, source),
            manifest.transaction_time if manifest else _day_in(place),
        )


def _plain_name(name: str) -> str:
    return name.removesuffix(".gz")


def _csv_extract(path: Path, source: str) -> str:
    name = _CSV_NAME.match(path.name).group(1)
    return name.lower() if name.lower() in EXTRACTS[source] else name


def _resource_type(path: Path, manifest: "_Manifest | None") -> str:
    """From the manifest, otherwise the part of the name that is a resource type: `Patient.000.ndjson`, `1.Patient.ndjson.gz`."""
    listed = manifest.types.get(_plain_name(path.name)) if manifest else None
    if listed:
        return listed
    parts = re.split(r"[.\-_]", path.name)
    lower = {name.lower(): name for name in EXTRACTS["ehr"]} | {"bundle": DELETED, DELETED: DELETED}
    if path.parent.name.lower() == DELETED:
        return DELETED
    known = [lower[part.lower()] for part in parts if part.lower() in lower]
    return (known or [part for part in parts if part.isalpha()] or parts)[0]


def _day_in(place: Path) -> datetime | None:
    for name in reversed(place.parts):
        if found := _DAY.search(name):
            try:
                return datetime(*map(int, found.groups()), tzinfo=UTC)
            except ValueError:
                continue
    return None


@dataclass(frozen=True)
class _Manifest:
    """The complete status of a bulk export (FHIR Bulk Data Access 2.0, "Response - Complete Status")."""

    transaction_time: datetime
    types: dict[str, str]


class _Manifests:
    def __init__(self, candidates: list[Path]):
        self._read = {path: manifest for path in candidates if (manifest := _read_manifest(path))}

    @cached_property
    def paths(self) -> set[Path]:
        return set(self._read)

    def of(self, path: Path) -> _Manifest | None:
        """The manifest in the file's folder that names the file, otherwise the only manifest there."""
        beside = [manifest for place, manifest in self._read.items() if place.parent == path.parent]
        naming = [manifest for manifest in beside if _plain_name(path.name) in manifest.types]
        if naming:
            return max(naming, key=lambda manifest: manifest.transaction_time)
        return beside[0] if len(beside) == 1 else None


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


def _is_type(told: object) -> bool:
    """Whether a manifest's `type` is the name of a resource type; where it is not, the file's name says what the file is."""
    return isinstance(told, str) and bool(_TYPE.fullmatch(told))


def _url_name(url: str) -> str:
    return _plain_name(url.partition("?")[0].rstrip("/").rpartition("/")[2])
