"""Writes and renames that are on the disk when they return: after a power cut there is the whole old or the whole new.

A rename lasts only when the folder that holds the name is on the disk too.
"""

import os
from pathlib import Path

from models.home_keys.store import sync as sync
from pipelines.faults import passing


def write_durably(path: Path, content: str | bytes, point: str) -> None:
    """Replace a small file as a whole. `point` names it for tests (`pipelines/faults.py`)."""
    beside = path.with_name(f".{path.name}.new")
    passing(f"{point}.writing", path)
    with beside.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    passing(f"{point}.written", path)
    beside.replace(path)
    sync(path.parent)
    passing(f"{point}.replaced", path)


def put_in_place(finished: Path, target: Path) -> None:
    """Give a finished file or folder its name, once its content is on the disk. `target` must not be there, or be a file."""
    inside = [path for path in finished.rglob("*") if not path.is_symlink()] if finished.is_dir() else []
    for path in (*inside, finished):
        sync(path)
    finished.replace(target)
    sync(target.parent)
