"""Folders for what is not finished. Each belongs to the process that made it, and goes with it.

The owner holds a lock of the kernel's on its folder, which ends with the process, however that ends: process numbers are used
again, and mean nothing in another container that shares the home. What nobody holds any more is swept at the next start, so that
a disk that killed runs have filled clears itself.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from pipelines.home import Home

PREFIX = ".scratch-"
_WITHOUT_LOCK = ("scores/*/*.[0-9]*", "landing/*/.beside", "published/.2*", "dbt/*.[0-9]*")
"""Written under the home's lock alone: models, and what versions before there were such folders have left."""


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


def _held(beside: Path) -> tuple[Path, int]:
    """A new folder, and the handle that locks it. One that was swept before it was locked is made again."""
    while True:
        folder = beside / f"{PREFIX}{os.getpid()}-{uuid4().hex[:8]}"
        folder.mkdir(mode=0o700)
        with suppress(FileNotFoundError):
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if folder.exists():
                return folder, handle
            os.close(handle)


def sweep(home: Home) -> None:
    """Remove what killed runs have left, builds without their facts among it. For the holder of the home's lock."""
    for place in (home.root, *home.root.glob("*/"), *home.root.glob("landing/*/"), *home.root.glob("value_sets/*/")):
        sweep_in(place)
    for folder in home.build.glob("*/"):
        if not (folder / "build.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
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
