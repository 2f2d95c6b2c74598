"""Lists the files of a source folder, and says which of them cannot be taken as they lie there.

A link inside the folder is followed. One that leads out of it is not, because the practice delivers what lies in its folder; it
is reported, as is one that leads nowhere: a file that vanishes silently is a loss that nobody notices.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload")
"""How programs that copy, download or synchronise name a file until it is whole; editors add `~`."""
_OF_PROGRAMS = re.compile(r"_SUCCESS|.*\.(md5|sha1|sha256|sha512|crc32?|asc|sig)", re.IGNORECASE)
"""Files that say something to programs alone: that what Hadoop and Spark wrote there is whole; a file's checksum or signature."""


@dataclass
class SourceFolder:
    """`files`, sorted by name; `waiting` and `stray`: files left for later and links not followed, with the reason in words."""

    files: list[Path] = field(default_factory=list)
    waiting: dict[Path, str] = field(default_factory=dict)
    stray: dict[Path, str] = field(default_factory=dict)


def list_folder(root: Path) -> SourceFolder:
    """What lies in a source folder and below it; hidden files and folders do not count, nor what only programs read."""
    found = SourceFolder()
    for path in _walk(root, root.resolve(), found.stray, ()):
        if reason := _why_wait(path):
            found.waiting[path] = reason
        else:
            found.files.append(path)
    found.files.sort()
    return found


def _walk(folder: Path, top: Path, stray: dict[Path, str], above: tuple[Path, ...]) -> Iterator[Path]:
    """The files below `folder`; `above` are the real folders on the way to it, so that a link to one of them ends the way."""
    above = (*above, folder.resolve())
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or _OF_PROGRAMS.fullmatch(path.name):
            continue
        if path.is_symlink():
            target = _target(path)
            if target is None:
                stray[path] = "is a link that leads nowhere. Deliver the file itself, or remove the link."
                continue
            if not target.is_relative_to(top):
                stray[path] = "is a link out of the source folder, which is not followed. Deliver the file itself."
                continue
            if target in above:
                stray[path] = "is a link to a folder that it lies in. Remove it."
                continue
        if path.is_dir():
            yield from _walk(path, top, stray, above)
        elif path.is_file():
            yield path


def _target(link: Path) -> Path | None:
    """The file or folder that a link leads to in the end; None if there is none."""
    try:
        return link.resolve(strict=True)
    except (OSError, RuntimeError):  # a link to itself is a RuntimeError before Python 3.13
        return None


def _why_wait(path: Path) -> str | None:
    """Why a file is not whole yet, in words; None if it may be."""
    if path.name.lower().endswith(_UNFINISHED) or path.name.endswith("~") or path.name.startswith("~$"):
        return "has the name of a file that is not finished"
    if path.stat().st_size == 0:
        return "is empty"
    return None
