"""The delivery that a pull is making: a hidden folder in the source folder, which landing passes over.

    <source folder>/.<connector>.pull/
        lock           held while a pull runs, whatever home it is of
        progress.json  how far it came, and how long each file was then
        placing.json   the name that the delivery is about to get, and what holds once it has it
        seen           a line a row: its kind, its time of change, a hash of which row in which version
        ids            a line a row: + or - (deleted), its kind, its id
        delivery/      the files, as they will be delivered

A killed pull goes on from its `progress.json`: files are cut to the length that stands there, and what does not stand there is
removed. The folder `delivery` is renamed when it is whole, and not before.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from pipelines.durable import put_in_place, write_durably
from pipelines.errors import ConnectionFailed, EnvironmentNotReady, HomeBusy, UsageError
from pipelines.faults import passing
from pipelines.names import path_part

SEEN, IDS = "seen", "ids"
PLACING = "placing.json"


class Work:
    """One unfinished delivery. `steps`: what the system's own puller needs to go on; JSON, without rows or secrets."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder = folder
        self.delivery = folder / "delivery"
        self.steps: dict[str, Any] = {}
        self.is_resumed = False
        self._of = ""
        self._most_bytes = most_bytes
        self._files: dict[str, IO[bytes]] = {}
        self._sizes: dict[str, int] = {}
        self._here: set[str] = set()
        self._known: frozenset[str] = frozenset()
        self._counts: dict[str, tuple[str, int]] = {}
        self._n_bytes = 0

    def begin(self, of: str, known: Iterable[str]) -> None:
        """Go on with what a killed pull of the same kind (`of`) has left; anew where there is none. `known`: marks of rows that
        an earlier pull delivered."""
        self._of, self._known = of, frozenset(known)
        left = self._left()
        if left.get("of") == of:
            self.steps, self._sizes, self._counts = left["steps"], left["sizes"], left["counts"]
            self._n_bytes = sum(self._sizes.values())
            self.is_resumed = True
            self._cut()
        else:
            self.forget()
        self.delivery.mkdir(exist_ok=True, mode=0o700)

    def forget(self) -> None:
        """Begin anew: nothing of what was fetched is kept."""
        self._close()
        for name in (PLACING, "progress.json"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.rmtree(self.delivery, ignore_errors=True)
        for name in (SEEN, IDS):
            (self.folder / name).unlink(missing_ok=True)
        self.steps, self._sizes, self._counts, self._here, self.is_resumed = {}, {}, {}, set(), False
        self._n_bytes = 0
        self.delivery.mkdir(exist_ok=True, mode=0o700)

    def append(self, name: str, content: bytes) -> None:
        """Add to a file of the delivery; it lasts with the next `save`. Raises `ConnectionFailed` beyond the limit."""
        self._write(f"delivery/{name}", content)
        if self._n_bytes > self._most_bytes:
            raise ConnectionFailed(
                f"{self.folder.name}: more than {self._most_bytes // 2**30:,} GB came. Raise delivery_gigabytes if that is right."
            )

    def count(self, name: str, extract: str, n_rows: int) -> None:
        """Rows of a kind were added to a file."""
        _, before = self._counts.get(name, (extract, 0))
        self._counts[name] = (extract, before + n_rows)

    def has(self, name: str) -> bool:
        """Whether anything was added to a file of the delivery."""
        return f"delivery/{name}" in self._sizes

    def names(self, begin: str) -> set[str]:
        """The files of the delivery whose names begin so."""
        return {name for place in self._sizes if (name := place.removeprefix("delivery/")).startswith(begin) and name != place}

    def put(self, name: str, content: bytes) -> None:
        """Write a file of the delivery as a whole, whatever was there."""
        self.drop(name)
        self.append(name, content)

    def drop(self, name: str) -> None:
        """Take back a file of the delivery."""
        if file := self._files.pop(f"delivery/{name}", None):
            file.close()
        self._n_bytes -= self._sizes.pop(f"delivery/{name}", 0)
        self._counts.pop(name, None)
        (self.delivery / name).unlink(missing_ok=True)

    def is_new(self, extract: str, row: str, changed_at: str) -> bool:
        """Whether this version of a row is to be delivered: it came neither in this pull nor in the last one's lookback."""
        mark = mark_of(extract, row, changed_at)
        if mark in self._here:
            return False
        self._here.add(mark)
        told = changed_at if changed_at.isprintable() else ""
        self._write(SEEN, f"{extract}\t{told}\t{mark}\n".encode())
        return mark not in self._known

    def note_id(self, extract: str, row_id: str, *, is_there: bool = True) -> None:
        """A row of the system was met, or its deletion."""
        if row_id.isprintable():
            self._write(IDS, f"{'+' if is_there else '-'}\t{extract}\t{row_id}\n".encode("utf-8", "surrogatepass"))

    def ids(self, known: Mapping[str, Collection[str]]) -> dict[str, set[str]]:
        """The rows that are there by their kind: those that are known, and what this pull met since."""
        there = {extract: set(ids) for extract, ids in known.items()}
        self._close()
        with suppress(FileNotFoundError), (self.folder / IDS).open(encoding="utf-8", errors="surrogatepass") as lines:
            for line in lines:
                sign, extract, row_id = line.rstrip("\n").split("\t", 2)
                ids = there.setdefault(extract, set())
                ids.add(row_id) if sign == "+" else ids.discard(row_id)
        return there

    @property
    def n_seen(self) -> int:
        """How many versions of rows came in this pull, those that an earlier one delivered among them."""
        return len(self._here)

    def save(self) -> None:
        """Make what was fetched so far, and `steps`, last."""
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        self._close()  # an export has more files than a process may have open
        progress = {"of": self._of, "steps": self.steps, "sizes": self._sizes, "counts": self._counts}
        write_durably(self.folder / "progress.json", json.dumps(progress), "connect.pull.progress")

    def seen(self) -> Iterator[tuple[str, str, str]]:
        """Kind, time of change and mark of every row that came in this pull."""
        self._close()
        with suppress(FileNotFoundError), (self.folder / SEEN).open(encoding="utf-8") as lines:
            for line in lines:
                extract, changed_at, mark = line.rstrip("\n").split("\t")
                yield extract, changed_at, mark

    @property
    def n_rows(self) -> dict[str, int]:
        """Rows of the delivery by their kind."""
        total: dict[str, int] = {}
        for extract, n_rows in self._counts.values():
            total[extract] = total.get(extract, 0) + n_rows
        return total

    def is_whole(self) -> bool:
        """Whether every file has the length that was noted: nobody else wrote here, and no disk lost anything."""
        self._close()
        return all((self.folder / name).is_file() and (self.folder / name).stat().st_size == n for name, n in self._sizes.items())

    def place(self, target: Path, facts: dict[str, Any]) -> None:
        """Give the delivery its name. `facts` are what `placing` answers until `forget`, after a kill too."""
        self._close()
        write_durably(self.folder / PLACING, json.dumps({"target": target.name, **facts}), "connect.pull.placing")
        self.place_again(target)

    def placing(self) -> dict[str, Any] | None:
        """What was said when the delivery was about to get its name: the name as `target`, and the facts.

        Raises `UsageError` where that is damaged.
        """
        try:
            return json.loads((self.folder / PLACING).read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            raise UsageError(f"{self.folder / PLACING}: cannot be read. Remove {self.folder}, and pull again.") from None

    def place_again(self, target: Path) -> None:
        """As `place`; after a kill in between, the delivery may have its name already."""
        if self.delivery.exists():
            put_in_place(self.delivery, target)
        passing("connect.pull.placed", target)

    def _left(self) -> dict[str, Any]:
        try:
            left = json.loads((self.folder / "progress.json").read_bytes())
            return left if isinstance(left, dict) and {"of", "steps", "sizes", "counts"} <= left.keys() else {}
        except (OSError, ValueError):
            return {}

    def _cut(self) -> None:
        for path in sorted(self.delivery.rglob("*")) if self.delivery.is_dir() else ():
            if path.is_file() and f"delivery/{path.relative_to(self.delivery).as_posix()}" not in self._sizes:
                path.unlink()
        for name, size in self._sizes.items():
            path = self.folder / name
            if path.is_file() and path.stat().st_size >= size:
                os.truncate(path, size)
        for name in {SEEN, IDS} - self._sizes.keys():
            (self.folder / name).unlink(missing_ok=True)
        self._here = {mark for _, _, mark in self.seen()}

    def _write(self, name: str, content: bytes) -> None:
        if name not in self._files:
            (self.folder / name).parent.mkdir(exist_ok=True, mode=0o700)
            self._files[name] = (self.folder / name).open("ab")
        self._files[name].write(content)
        self._sizes[name] = self._sizes.get(name, 0) + len(content)
        self._n_bytes += len(content)

    def _close(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}


def mark_of(extract: str, row: str, changed_at: str) -> str:
    """Which row in which version, as a short hash: nobody reads an id from it without knowing it."""
    return hashlib.sha256(f"{extract}\0{row}\0{changed_at}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


@contextmanager
def open_work(source_folder: Path, connector: str, most_bytes: int) -> Iterator[Work]:
    """The work of one connector, alone. Raises `HomeBusy` while another pull of it runs, in whatever home, and
    `EnvironmentNotReady` where this account may not write into the source folder."""
    folder = source_folder / f".{path_part(connector)}.pull"
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        if folder.is_symlink():
            raise UsageError(f"{folder}: is a link, which somebody has put there. Remove it.")
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        why = f"cannot be written ({error.strerror}). Let this account write into the source folder."
        raise EnvironmentNotReady(f"{folder}: {why}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeBusy(f"{connector}: a pull is running already, so nothing was done. Wait until it has ended.") from None
        work = Work(folder, most_bytes)
        try:
            yield work
        finally:
            work._close()
    finally:
        os.close(handle)
