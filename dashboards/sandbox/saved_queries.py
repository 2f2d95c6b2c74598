"""An analyst's saved queries in the home: one file per user, read only by that user's sessions."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from models.home_keys.store import sealed
from models.saved_queries.record import SavedQuery, as_json
from models.saved_queries.store import held, queries_of

MAX_QUERIES = 200
MAX_LENGTH = 20_000
"""Maximum characters of a query."""


def saved_queries(folder: Path, user_id: str) -> dict[str, str]:
    """The user's queries by name, sorted."""
    return {name: one.text for name, one in sorted(_kept(folder, user_id).items())}


def save_query(folder: Path, user_id: str, name: str, query: str) -> None:
    """Save a query under a name, replacing one of the same name.

    Raises `ValueError` with the reason if the name is empty, the query is too long, or there are too many.
    """
    name = " ".join(name.split())[:80]
    if not name or not query.strip():
        raise ValueError("A saved query needs a name and a text.")
    if len(query) > MAX_LENGTH:
        raise ValueError(f"A saved query has at most {MAX_LENGTH:,} characters.")
    with _open_for_change(folder, user_id) as queries:
        if name not in queries and len(queries) >= MAX_QUERIES:
            raise ValueError(f"There are {MAX_QUERIES} saved queries already: delete one first.")
        queries[name] = SavedQuery(query, datetime.now(UTC).date())


def delete_query(folder: Path, user_id: str, name: str) -> None:
    with _open_for_change(folder, user_id) as queries:
        queries.pop(name, None)


@contextmanager
def _open_for_change(folder: Path, user_id: str) -> Iterator[dict[str, SavedQuery]]:
    """The user's queries, locked and written back whole, so that two tabs of a user do not overwrite each other."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with held(folder):
        queries = _kept(folder, user_id)
        yield queries
        path = _path(folder, user_id)
        beside = path.with_name(f".{path.name}.new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(sealed(path, as_json(queries)))
        beside.rename(path)


def _kept(folder: Path, user_id: str) -> dict[str, SavedQuery]:
    path = _path(folder, user_id)
    return queries_of(path) if path.exists() else {}


def _path(folder: Path, user_id: str) -> Path:
    # The provider's id may contain any character; its hash is a valid file name.
    return folder / f"{hashlib.sha256(user_id.encode()).hexdigest()[:32]}.json"
