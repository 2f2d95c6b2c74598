"""Users' files of saved queries: read whole, and locked while one changes."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from models.home_keys.store import read
from models.saved_queries.record import SavedQuery, parsed


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of the folder's files: nobody else changes one meanwhile."""
    with os.fdopen(os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def queries_of(path: Path) -> dict[str, SavedQuery]:
    """The queries of a user's file, by name."""
    return parsed(read(path), datetime.fromtimestamp(path.stat().st_mtime, UTC).date())
