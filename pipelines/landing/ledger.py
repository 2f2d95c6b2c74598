"""The ledger of deliveries: which content arrived under which names, and when it was exported."""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.durable import write_durably
from pipelines.errors import EnvironmentNotReady
from pipelines.extract.delivery import Delivery


@dataclass(frozen=True)
class Entry:
    """One content under one name. `stamp` is the file's size, times and inode when it was hashed."""

    source_system: str
    extract: str
    place: str
    file_key: str
    n_bytes: int
    exported_at: str | None
    stamp: tuple[int, ...]

    @property
    def file_name(self) -> str:
        return self.place.rpartition("/")[2]

    def order(self) -> tuple[Any, ...]:
        """Sort key; the lowest entry represents a content: the earliest export, then the first name."""
        at = datetime.fromisoformat(self.exported_at) if self.exported_at else datetime.max.replace(tzinfo=UTC)
        return at, self.file_name, self.place


class Ledger:
    """Every delivery ever seen; append-only. Stored as one JSON file that is replaced as a whole, and as a copy of it.

    A ledger that is damaged or missing is read from its copy, or from the landed folders. Raises `EnvironmentNotReady` where none
    of them can be read.
    """

    def __init__(self, path: Path):
        self._path, self._copy = path, path.with_suffix(".copy.json")
        rows = _rows(path, self._copy)
        self._entries = {(row["source_system"], row["place"], row["file_key"]): _entry(row) for row in rows}
        self._newest = {(entry.source_system, entry.place, entry.stamp): entry for entry in self._entries.values()}

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries[key] for key in sorted(self._entries))

    def enter(self, delivery: Delivery) -> Entry:
        """The entry of a delivered file. A file with the size, times and inode of an entry is not hashed again."""
        stamp = stamp_of(delivery.path)
        known = self._newest.get((delivery.source_system, delivery.place, stamp))
        key = known.file_key if known else _hash(delivery.path)
        exports = [delivery.exported_at.isoformat()] if delivery.exported_at else []
        earlier = self._entries.get((delivery.source_system, delivery.place, key))
        if earlier and earlier.exported_at:
            exports.append(earlier.exported_at)
        at = min(exports, default=None, key=datetime.fromisoformat)
        entry = Entry(delivery.source_system, delivery.extract, delivery.place, key, stamp[0], at, stamp)
        self._entries[(entry.source_system, entry.place, key)] = entry
        return entry

    def save(self) -> None:
        content = json.dumps([asdict(entry) for entry in self.entries], indent=0)
        for path in (self._path, self._copy):
            write_durably(path, content, f"landing.{'ledger' if path == self._path else 'ledger.copy'}")


def _rows(path: Path, copy: Path) -> list[dict[str, Any]]:
    """What the ledger holds; where it is damaged or missing, its copy; where both are, what the landed folders say."""
    for one in (path, copy):
        with suppress(FileNotFoundError, ValueError):
            rows = json.loads(one.read_text(encoding="utf-8"))
            if isinstance(rows, list):
                return rows
    rows, unnamed = [], []
    for manifest in sorted(path.parent.glob("[!.]*/*/*/manifest.json")):
        try:
            rows.append(json.loads(manifest.read_text(encoding="utf-8"))["delivered"])
        except (OSError, ValueError, KeyError, TypeError):
            unnamed.append(manifest.parent)
    if unnamed:
        raise EnvironmentNotReady(
            f"{path}: damaged or missing, as is its copy, and {len(unnamed)} landed folders do not say what was delivered there "
            f"(the first: {unnamed[0]}). Restore a backup (`caregap restore`)."
        )
    return rows


def _entry(row: dict[str, Any]) -> Entry:
    return replace(Entry(**row), stamp=tuple(row["stamp"]))


def stamp_of(path: Path) -> tuple[int, ...]:
    """Size, mtime, ctime and inode: they change when the content is rewritten."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _hash(path: Path) -> str:
    """The first 32 hexadecimal digits of the content's SHA-256."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:32]
