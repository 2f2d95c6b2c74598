"""Removes files so that nothing of them is left where they lay: overwritten first (NIST SP 800-88, Clear).

A disk that writes elsewhere than it is told, as SSDs and copy-on-write file systems do, may still hold them: of an encrypted
home, destroying the key disposes of those too.
"""

import os
import shutil
from pathlib import Path

from pipelines.durable import sync

_BLOCK = 1 << 20


def dispose(path: Path) -> None:
    """Overwrite and remove a file, or a folder with all in it, if it is there. Links are removed, not followed."""
    if path.is_dir() and not path.is_symlink():
        for one in sorted(path.rglob("*")):
            if one.is_file() and not one.is_symlink():
                _overwrite(one)
        shutil.rmtree(path)
    elif path.is_file() and not path.is_symlink():
        _overwrite(path)
        path.unlink()
    else:
        path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync(path.parent)


def _overwrite(path: Path) -> None:
    path.chmod(0o600)
    with path.open("r+b", buffering=0) as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(bytes(min(left, _BLOCK)))
        os.fsync(file.fileno())
