"""Backups of what cannot be made again, and the way back, on any machine.

    TO/caregap-20261129T101500-42/        42: the home's newest number
        backup.json       what it is of; size and hash of every file
        home/             landing, history, journals, value sets, audit log, saved queries, access, settings, connections

Publications, builds and models are not in it: a run makes them from what is. What is encrypted in the home is encrypted in the
backup, and the wrapped keys of it are in `keys/`. What unwraps them is not, nor is any other key: those of home and audit log lie
outside the home by rule, that of sign-in is made anew at every start, and the client secret is in the environment.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from string import ascii_lowercase

from pipelines.audit_log import record
from pipelines.clock import now
from pipelines.durable import put_in_place, sync
from pipelines.errors import ChecksFailed, UsageError
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.lock import RESTORING
from pipelines.numbering import COUNTER
from pipelines.practice import SETTINGS_FILE
from pipelines.scratch import PREFIX, scratch, sweep_in
from pipelines.sealed import sha256

FOLDERS = ("keys", "landing", "history", "outcomes", "value_sets", "audit", "queries", "scenarios", "connect", "erasures")
FILES = (SETTINGS_FILE, "connectors.toml", "access.toml", "alerts.toml", COUNTER)
_NOT_KEPT = {("queries", "running"), ("keys", "published"), ("keys", "build")}
_FACTS, _CONTENT = "backup.json", "home"
_FORMAT = 1
RESTORED = "restored_at"
"""Beside the state of pushes: what was sent since the backup is not in it."""


@dataclass(frozen=True)
class Backup:
    """One backup: its folder, when it was made, and by path in the home `[bytes, SHA-256]` of each file."""

    folder: Path
    made_at: str
    files: dict[str, tuple[int, str]]

    @property
    def n_bytes(self) -> int:
        return sum(n_bytes for n_bytes, _ in self.files.values())


def back_up(home: Home, to: Path) -> Backup:
    """Copy the home's files into a new folder in `to`, and read the copy to its end. For the holder of the home's lock.

    What the dashboards write in the meantime is in the backup whole or not at all. Raises `UsageError` for a place inside the
    home, and `ChecksFailed` where the copy is not what was read.
    """
    to = to.resolve()
    if to.is_relative_to(home.root):
        raise UsageError(f"{to}: lies in the home, with which it would be lost. Give a folder on another disk.")
    number = (home.root / COUNTER).read_text(encoding="utf-8").strip() if (home.root / COUNTER).is_file() else "0"
    name = _free(to, f"caregap-{now():%Y%m%dT%H%M%S}-{number}")
    record(home, "backed_up", subject=name)
    sweep_in(to)
    with scratch(to) as beside:
        folder = beside / name
        with _held_still(home):
            files = {place: _copied(home.root / place, folder / _CONTENT / place) for place in _places(home)}
        backup = Backup(folder, now().isoformat(timespec="seconds"), files)
        facts = {"format": _FORMAT, "made_at": backup.made_at, "files": files}
        (folder / _FACTS).parent.mkdir(parents=True, exist_ok=True)
        (folder / _FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")
        passing("backup.copied", folder)
        check(backup)
        put_in_place(folder, to / name)
    passing("backup.placed", to)
    return Backup(to / name, backup.made_at, files)


def _free(to: Path, name: str) -> str:
    """The name, with a letter behind it where a backup of the same second, of this home or another, has it."""
    return next(one for one in (name, *(f"{name}{letter}" for letter in ascii_lowercase)) if not (to / one).exists())


def read_backup(folder: Path) -> Backup:
    """The backup in a folder. Raises `UsageError` where there is none that this version reads."""
    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        files = {place: (int(n_bytes), str(digest)) for place, (n_bytes, digest) in facts["files"].items()}
        if facts["format"] == _FORMAT and not any(Path(place).is_absolute() or ".." in Path(place).parts for place in files):
            return Backup(folder, facts["made_at"], files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise UsageError(
        f"{folder}: not a backup, or its {_FACTS} is damaged. Give a folder caregap-… that `caregap backup` has made."
    )


def content_of(backup: Backup) -> Path:
    """What was a home's, in a backup."""
    return backup.folder / _CONTENT


def check(backup: Backup) -> None:
    """Read every file of a backup to its end. Raises `ChecksFailed` naming those that are missing or not what was backed up."""
    wrong = [
        place
        for place, (n_bytes, digest) in backup.files.items()
        if not (path := backup.folder / _CONTENT / place).is_file() or path.stat().st_size != n_bytes or sha256(path) != digest
    ]
    if wrong:
        named = "\n  ".join([*wrong[:20], *([f"… {len(wrong) - 20} more"] if len(wrong) > 20 else [])])
        raise ChecksFailed(
            f"{backup.folder}: {len(wrong)} of {len(backup.files)} files are damaged. Use another backup.\n  {named}"
        )


def restore(home: Home, backup: Backup) -> None:
    """Put a backup into a home that has nothing of its own, once all of it was read. For the holder of the home's lock.

    A restore that was stopped is done again from the beginning. Raises `UsageError` where the home is not empty, and
    `ChecksFailed` where the backup is damaged: nothing is restored then.
    """
    there = [name for name in (*FOLDERS, *FILES) if (home.root / name).exists()]
    if there and not (home.root / RESTORING).exists():
        raise UsageError(f"{home.root}: not empty ({', '.join(there)}). Set CAREGAP_HOME to a new folder, and restore there.")
    check(backup)
    (home.root / RESTORING).write_text(str(backup.folder), encoding="utf-8")
    sync(home.root)
    passing("restore.begun", home.root)
    for name in there:
        path = home.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with scratch(home.root) as beside:
        for place, stated in backup.files.items():
            if _copied(backup.folder / _CONTENT / place, beside / place) != stated:
                raise ChecksFailed(f"{backup.folder / _CONTENT / place}: damaged. Use another backup.")
        for state in sorted(beside.glob("connect/*")):
            (state / RESTORED).write_text(now().isoformat(timespec="microseconds"), encoding="utf-8")
        passing("restore.copied", home.root)
        for finished in sorted(beside.iterdir()):
            put_in_place(finished, home.root / finished.name)
            passing("restore.placed", home.root)
    record(home, "restored", subject=backup.folder.name)
    (home.root / RESTORING).unlink()
    sync(home.root)


def facts_of(backup: Backup) -> dict[str, object]:
    """The facts of a backup, for `--json`."""
    return asdict(backup) | {"folder": str(backup.folder), "files": len(backup.files), "n_bytes": backup.n_bytes}


def _places(home: Home) -> list[str]:
    """The paths in the home of all files to keep."""
    found = [path for name in FOLDERS for path in sorted((home.root / name).rglob("*"))]
    found += [home.root / name for name in FILES]
    kept = [path for path in found if path.is_file() and not any(part.startswith(PREFIX) for part in path.parts)]
    kept = [path for path in kept if not (path.name.startswith(".") and path.suffix == ".new")]  # about to replace another
    return [path.relative_to(home.root).as_posix() for path in kept if path.relative_to(home.root).parts[:2] not in _NOT_KEPT]


def _copied(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file for its owner alone; size and hash of what was read."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copyfile(source, target)
    target.chmod(0o600)
    return target.stat().st_size, sha256(target)


@contextmanager
def _held_still(home: Home) -> Iterator[None]:
    """Keep the dashboards from adding a line in the meantime: the locks are those of the audit log and the journals."""
    places = [home.root / "audit" / "audit.jsonl", *(home.root / "outcomes").glob("*/")]
    handles = [os.open(place, os.O_RDONLY) for place in places if place.exists()]
    try:
        for handle in handles:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        for handle in handles:
            os.close(handle)
