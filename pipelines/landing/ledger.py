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
from pipelines.extract.description import Source

LEDGER = "deliveries.json"


@dataclass(frozen=True)
class Entry:
    """One content under one name. `stamp` is the file's size, times and inode when it was hashed.

    `arrival`: the number of the landing that first saw the content, which tells the later of two deliveries whatever the clock
    says. `dated_by`: who said `extract` and `exported_at`.
    """

    source_system: str
    extract: str
    place: str
    file_key: str
    n_bytes: int
    exported_at: str | None
    stamp: tuple[int, ...]
    arrival: int = 0
    dated_by: int = int(Source.NAME)

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
        self._arrived = {(entry.source_system, entry.file_key): entry.arrival for entry in self._by_arrival()}
        self._arrival = 1 + max((entry.arrival for entry in self._entries.values()), default=0)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries[key] for key in sorted(self._entries))

    def enter(self, delivery: Delivery) -> Entry | None:
        """The entry of a delivered file; None if the file changed while it was being hashed.

        A file with the size, times and inode of an entry is not hashed again. What a manifest says of it beats what names say,
        whichever arrived first, and stays when the manifest is taken away; of two times that the same kind of source gives, the
        first counts.
        """
        stamp = stamp_of(delivery.path)
        known = self._newest.get((delivery.source_system, delivery.place, stamp))
        key = known.file_key if known else _hash(delivery.path)
        if stamp_of(delivery.path) != stamp:
            return None
        at = delivery.exported_at.isoformat() if delivery.exported_at else None
        arrival = self._arrived.setdefault((delivery.source_system, key), self._arrival)
        entry = Entry(
            delivery.source_system, delivery.extract, delivery.place, key, stamp[0], at, stamp, arrival, int(delivery.dated_by)
        )
        earlier = self._entries.get((delivery.source_system, delivery.place, key))
        if earlier and earlier.dated_by > entry.dated_by:
            entry = replace(entry, extract=earlier.extract, exported_at=earlier.exported_at, dated_by=earlier.dated_by)
        elif earlier and earlier.dated_by == entry.dated_by:
            exports = [one for one in (at, earlier.exported_at) if one]
            first = min(exports, default=None, key=datetime.fromisoformat)
            entry = replace(entry, exported_at=first)
        self._entries[(entry.source_system, entry.place, key)] = entry
        return entry

    def of(self, delivery: Delivery) -> Entry | None:
        """The entry that the ledger has of a delivered file as it is now, whose content is not looked at; None: there is none."""
        return self._newest.get((delivery.source_system, delivery.place, stamp_of(delivery.path)))

    def forget(self, entry: Entry) -> None:
        """Take back an entry whose file turned out to be still growing."""
        del self._entries[(entry.source_system, entry.place, entry.file_key)]

    def _by_arrival(self) -> list[Entry]:
        """The entries, the earliest arrival of a content last, so that it counts."""
        return sorted(self._entries.values(), key=lambda entry: -entry.arrival)

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
