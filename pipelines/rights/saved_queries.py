"""The queries that users of the dashboards have saved: read, and rewritten without those that must go."""

from collections.abc import Callable
from pathlib import Path

from models.saved_queries import store
from models.saved_queries.record import SavedQuery, as_json
from pipelines.disposal import dispose
from pipelines.durable import write_durably
from pipelines.home import Home
from pipelines.keys import refusals, sealed

_OVER = ".over"
"""Ends the name of what a file held before it was rewritten, until that is overwritten."""
_LEFT = (f".*{_OVER}", "*.new")
"""What a killed process leaves: of an erasure, and of a server in which somebody was saving a query."""


def files(home: Home) -> list[Path]:
    """The files of all users."""
    return sorted((home.root / "queries").glob("[!.]*.json"))


def queries_of(path: Path) -> dict[str, SavedQuery]:
    """The queries of a user's file, by name."""
    with refusals():
        return store.queries_of(path)


def remove(home: Home, goes: Callable[[str, SavedQuery], bool]) -> int:
    """Remove the queries that go by their name and text or day; their number. What is removed is overwritten."""
    n_queries = 0
    folder = home.root / "queries"
    if not folder.is_dir():
        return 0
    with store.held(folder):
        for pattern in _LEFT:
            for left in folder.glob(pattern):
                dispose(left)
        for path in files(home):
            queries = queries_of(path)
            kept = {name: one for name, one in queries.items() if not goes(name, one)}
            if len(kept) < len(queries):
                _rewrite(path, kept)
                n_queries += len(queries) - len(kept)
    return n_queries


def _rewrite(path: Path, kept: dict[str, SavedQuery]) -> None:
    over = path.with_name(f".{path.name}{_OVER}")
    over.hardlink_to(path)
    write_durably(path, sealed(path, as_json(kept)), "queries.rewritten")
    dispose(over)
    if not kept:
        dispose(path)
