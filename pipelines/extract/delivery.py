"""Finds delivered files in a practice's source folders, with what their names and export manifests say about them.

Opens only the manifests of bulk exports, and the first lines of files whose names do not say what they hold. The reader of each
file determines its content.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.contract import Contract
from models.settings.layout import Layout
from models.sources import SOURCE_KINDS, SourceKind, name_of_kind
from pipelines.errors import UsageError
from pipelines.extract.description import Source
from pipelines.extract.preflight import opening
from pipelines.extract.readers import READERS, Reader
from pipelines.extract.source_folder import list_folder
from pipelines.extract.workbook import Sheet
from pipelines.practice import Practice

_DAY = re.compile(r"(?<!\d)(20\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)")


@dataclass(frozen=True)
class Delivery:
    """One delivered file.

    `place` is its path within the source folder; `extract` is the kind of row that its name or its first line suggests, whether
    or not Caregap reads that kind, and `is_known` says whether it is any kind at all. `exported_at` is the manifest's transaction
    time, otherwise midnight UTC of the date in its name or in the name of a folder above it, otherwise None; `dated_by`:
    who says so. `format`: the reader that recognised it; empty: its kind's own. `layout`: how its columns are to be read, where
    they are not those of the extract; `sheet`: which one, of a workbook.
    """

    source_system: str
    path: Path
    place: str
    extract: str
    exported_at: datetime | None
    is_known: bool = True
    dated_by: Source = Source.NAME
    format: str = ""
    layout: Layout | None = None
    sheet: Sheet | None = None

    @property
    def kind(self) -> SourceKind:
        return SOURCE_KINDS[name_of_kind(self.source_system)]

    @property
    def reader(self) -> Reader:
        return READERS[self.format or self.kind.reader]

    @property
    def contract(self) -> Contract | None:
        """The contract of the file's rows; None for a kind of file that is not read."""
        return self.reader.contract(self.kind, self.extract) if self.is_known else None

    @property
    def contracts(self) -> dict[str, Contract]:
        """The contracts of all rows that the file may hold."""
        return self.reader.contracts(self.kind, self.extract) if self.is_known else {}


@dataclass(frozen=True)
class SourceFiles:
    """What lies in a practice's source folders: `deliveries`, and what is left: files `waiting` until they are whole, and `stray`
    links, which are not followed; each as `source/place reason`."""

    deliveries: tuple[Delivery, ...]
    waiting: tuple[str, ...]
    stray: tuple[str, ...]


def find_deliveries(practice: Practice) -> list[Delivery]:
    """All files in the practice's source folders that can be read as they lie there, sorted by name.

    Hidden files and manifests of bulk exports are not deliveries. Raises `UsageError` for an unknown kind of source, and for a
    missing source folder.
    """
    return list(source_files(practice).deliveries)


def source_files(practice: Practice) -> SourceFiles:
    """As `find_deliveries`, with what cannot be read as it lies there."""
    deliveries: list[Delivery] = []
    waiting: list[str] = []
    stray: list[str] = []
    for source_system in sorted(practice.sources):
        root, kind = practice.sources[source_system], SOURCE_KINDS.get(name_of_kind(source_system))
        if kind is None:
            raise UsageError(
                f"{source_system}: not a kind of source. Use {', '.join(SOURCE_KINDS)}, or `ehr:north` if there are several."
            )
        if not root.is_dir():
            raise UsageError(f"{root}: this source folder does not exist. Correct practice.toml, or create the folder.")
        folder = list_folder(root)
        deliveries += _deliveries(source_system, kind, root, folder.files, practice.layouts)
        for said, files in ((waiting, folder.waiting), (stray, folder.stray)):
            said += [f"{source_system}/{path.relative_to(root).as_posix()} {reason}" for path, reason in files.items()]
    return SourceFiles(tuple(deliveries), tuple(waiting), tuple(stray))


def _deliveries(
    source_system: str, kind: SourceKind, root: Path, files: list[Path], layouts: Mapping[str, Layout]
) -> Iterator[Delivery]:
    formats = {path: _format(path, kind) for path in files}
    listings = {
        name: READERS[name].list_files(kind, [path for path in files if formats[path] == name], layouts)
        for name in set(formats.values())
    }
    for path, name in formats.items():
        if path not in listings[name].about:
            place, said = path.relative_to(root), listings[name].describe(path)
            exported_at = said.exported_at or _day_in(place)
            yield Delivery(
                source_system,
                path,
                place.as_posix(),
                said.extract,
                exported_at,
                said.is_known,
                said.source,
                name,
                said.layout,
                said.sheet,
            )


def _format(path: Path, kind: SourceKind) -> str:
    """The reader that recognises a file; that of its kind, if no other does."""
    others = [(name, READERS[name].recognises) for name in kind.other_readers]
    start = opening(path) if others else b""
    return next((name for name, recognises in others if recognises and recognises(start)), kind.reader)


def _day_in(place: Path) -> datetime | None:
    for name in reversed(place.parts):
        if found := _DAY.search(name):
            try:
                return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC)
            except ValueError:
                continue
    return None
