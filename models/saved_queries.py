"""How an analyst's saved queries are written down: by the dashboards, and by whoever removes what is over or names who is erased.

One file a user, `queries/<hash of the user>.json` in the home, which is changed under a lock on `queries/.lock`.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path


@dataclass(frozen=True)
class SavedQuery:
    """The text of a query, and the day on which its owner saved it last."""

    text: str
    saved_on: date


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the lock of the folder's files: nobody else changes one meanwhile."""
    with os.fdopen(os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def parsed(content: bytes, path: Path) -> dict[str, SavedQuery]:
    """The queries of the file at `path` by name. One that was written without its day, as a text alone, has that of the file."""
    changed_on = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    return {
        name: SavedQuery(one, changed_on)
        if isinstance(one, str)
        else SavedQuery(one["text"], date.fromisoformat(one["saved_on"]))
        for name, one in json.loads(content).items()
    }


def as_json(queries: Mapping[str, SavedQuery]) -> bytes:
    """The content of a user's file."""
    return json.dumps({name: {"text": one.text, "saved_on": f"{one.saved_on}"} for name, one in queries.items()}).encode()
