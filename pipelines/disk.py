"""A full disk in words: where it is full and how much is missing, whichever library met it."""

import errno
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home

_FULL = re.compile(
    r"no space left|disk quota|max_temp_directory_size|disk is full|not enough space|the disk took a part", re.IGNORECASE
)
_PATH = re.compile(r"[\"'](/[^\"']+)[\"']")
_LEAST = 64 * 1024**2
"""Of a run in a home that has not published yet: what the smallest practice needs."""


class DiskFull(EnvironmentNotReady):
    """There is no space left to write. What was published stays, and what was begun is removed at the next start."""


def disk_full(error: BaseException, home: Home) -> DiskFull | None:
    """The error in words, if a full disk is behind it."""
    if isinstance(error, DiskFull):
        return error
    for one in chain(error):
        is_ours = isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT)
        if is_ours or _FULL.search(str(one)):
            return _in_words(_path(one, home), home)
    return None


def _in_words(path: Path, home: Home) -> DiskFull:
    free, needed = _free(path), needed_by_a_run(home)
    missing = max(needed - free, 1024**2)
    return DiskFull(
        f"{path}: the disk is full. {_megabytes(free)} MB are free, about {_megabytes(needed)} MB are needed: "
        f"free {_megabytes(missing)} MB and run the command again. What was published stays as it was."
    )


def needed_by_a_run(home: Home) -> int:
    """Twice the largest publication or build there is: a run writes one of each beside those that are kept."""
    folders = [folder for place in (home.published, home.build) if place.is_dir() for folder in place.iterdir()]
    sizes = [_size(folder) for folder in folders if folder.is_dir() and not folder.is_symlink()]
    return max([2 * max(sizes, default=0), _LEAST])


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _free(path: Path) -> int:
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1024**2:,.1f}"


def _path(error: BaseException, home: Home) -> Path:
    if isinstance(error, OSError) and error.filename:
        return Path(str(error.filename))
    named = _PATH.search(str(error))
    return Path(named.group(1)) if named else home.root


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error and those behind it, each once."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
