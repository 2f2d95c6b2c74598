"""Finds delivered files in a practice's source folders, with what their names and export manifests say about them.

Opens only the manifests of bulk exports. The reader of each file determines its content.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.contract import Contract
from models.sources import SOURCE_KINDS, SourceKind, name_of_kind
from pipelines.errors import UsageError
from pipelines.extract.readers import READERS, Reader
from pipelines.practice import Practice

_DAY = re.compile(r"(?<!\d)(20\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)")


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
    def kind(self) -> SourceKind:
        return SOURCE_KINDS[name_of_kind(self.source_system)]

    @property
    def reader(self) -> Reader:
        return READERS[self.kind.reader]

    @property
    def contract(self) -> Contract | None:
        """The contract of the file's rows; None for a kind of file that is not read."""
        return self.reader.contract(self.kind, self.extract)


def find_deliveries(practice: Practice) -> list[Delivery]:
    """All files in the practice's source folders, sorted by name.

    Hidden files and manifests of bulk exports are not deliveries. Raises `UsageError` for an unknown kind of source, and for a
    missing source folder.
    """
    return [delivery for source_system in sorted(practice.sources) for delivery in _find(source_system, practice)]


def _find(source_system: str, practice: Practice) -> Iterator[Delivery]:
    root = practice.sources[source_system]
    kind = SOURCE_KINDS.get(name_of_kind(source_system))
    if kind is None:
        raise UsageError(
            f"{source_system}: not a kind of source. Use {', '.join(SOURCE_KINDS)}, or `ehr:north` if there are several."
        )
    if not root.is_dir():
        raise UsageError(f"{root}: this source folder does not exist. Correct practice.toml, or create the folder.")
    files = sorted(p for p in root.rglob("*") if p.is_file() and not any(s.startswith(".") for s in p.relative_to(root).parts))
    listing = READERS[kind.reader].list_files(kind, files)
    for path in files:
        if path not in listing.about:
            place = path.relative_to(root)
            exported_at = listing.exported_at(path) or _day_in(place)
            yield Delivery(source_system, path, place.as_posix(), listing.extract(path), exported_at)


def _day_in(place: Path) -> datetime | None:
    for name in reversed(place.parts):
        if found := _DAY.search(name):
            try:
                return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
            except ValueError:
                continue
    return None
