"""Folders for what is not finished. Each belongs to the process that made it, and goes with it.

The owner holds a lock of the kernel's on its folder, which ends with the process, however that ends: process numbers are used
again, and mean nothing in another container that shares the home. What nobody holds any more is swept at the next start, so that
a disk that killed runs have filled clears itself.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from pipelines.disposal import dispose
from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home
from pipelines.keys import forget_gone, is_encrypted, is_encrypted_home

PREFIX = ".scratch-"
PLACE, MEMORY = "CAREGAP_SCRATCH", Path("/dev/shm")  # noqa: S108
"""Where an encrypted home has what is worked on in clear: the folder that the variable names, otherwise memory."""
_WITHOUT_LOCK = ("scores/*/*.[0-9]*", "landing/*/.beside", "published/.2*", "dbt/*.[0-9]*")
"""Written under the home's lock alone: models, and what versions before there were such folders have left."""
_BEGUN = ("landing/*/.*.new", "history/*/.*.new", "outcomes/*/.*.new", "erasures/*/.*.new")
"""What a killed command had begun to write of patients under that lock (`pipelines/durable.py`): nothing comes back to it."""


@contextmanager
def scratch(beside: Path) -> Iterator[Path]:
    """A new folder in `beside`, on the same disk, so that what it holds can be renamed into place. Removed at the end."""
    beside.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder, handle = _held(beside)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


@contextmanager
def clear_scratch(beside: Path) -> Iterator[Path]:
    """A new folder for what cannot be encrypted while it is worked on: unpacked deliveries, half-read files.

    In an encrypted home it lies in memory, or where `CAREGAP_SCRATCH` says, so that a killed run leaves nothing on the disk.
    Raises `EnvironmentNotReady` where there is no such place.
    """
    with scratch(_clear_place() if is_encrypted(beside / "rows.parquet") else beside) as folder:
        yield folder


def _clear_place() -> Path:
    """The folder of this account that is no part of a home's disk. That of another account, or a link, is not used."""
    base = Path(os.environ.get(PLACE) or MEMORY)
    if not base.is_dir():
        raise EnvironmentNotReady(
            f"{base}: not there, and unpacked deliveries need a place in memory. Set {PLACE} to a folder on a tmpfs, or on a "
            "disk that is encrypted."
        )
    place = base / f"caregap-{os.getuid()}"
    place.mkdir(exist_ok=True, mode=0o700)
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise EnvironmentNotReady(f"{place}: belongs to another account, or others can read it. Remove it, or set {PLACE}.")
    return place


def _held(beside: Path) -> tuple[Path, int]:
    """A new folder, and the handle that locks it. One that was swept before it was locked is made again.

    Raises `EnvironmentNotReady` where the file system locks no folder, as NFS does not.
    """
    while True:
        folder = beside / f"{PREFIX}{os.getpid()}-{uuid4().hex[:8]}"
        folder.mkdir(mode=0o700)
        with suppress(FileNotFoundError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
            except OSError as error:
                os.close(handle)
                folder.rmdir()
                why = f"this file system locks no folders ({error.strerror}). Set CAREGAP_HOME to a folder on a local disk."
                raise EnvironmentNotReady(f"{beside}: {why}") from None
            if folder.exists():
                return folder, handle
            os.close(handle)


def sweep(home: Home) -> None:
    """Remove what killed runs have left, builds without their facts among it. For the holder of the home's lock."""
    for place in (home.root, *home.root.glob("*/"), *home.root.glob("landing/*/"), *home.root.glob("value_sets/*/")):
        sweep_in(place)
    if is_encrypted_home(home.root):
        sweep_in(_clear_place())
        forget_gone(home.root)
    for folder in home.build.glob("*/"):
        if not (folder / "build.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
    for begun in (path for pattern in _BEGUN for path in home.root.glob(pattern)):
        dispose(begun)
    for pattern in _WITHOUT_LOCK:
        for left in home.root.glob(pattern):
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)


def sweep_in(place: Path) -> None:
    """Remove the folders in `place` that nobody holds any more."""
    for folder in place.glob(f"{PREFIX}*"):
        _remove_unless_held(folder)


def _remove_unless_held(folder: Path) -> None:
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    else:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)
