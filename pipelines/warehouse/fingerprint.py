"""A hash of a run's inputs: two runs with the same fingerprint publish the same tables."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from pipelines.home import CHECKOUT, Home
from pipelines.landing.disposing import disposed_state
from pipelines.landing.ledger import Entry
from pipelines.landing.tombstones import Tombstones
from pipelines.practice import Practice

CODE = ("pipelines", "models", "ml", "dbt_project", "requirements.txt")
WRITTEN = {"__pycache__", "target", "logs", "dbt_packages"}


def fingerprint(home: Home, practice: Practice, ledger: Sequence[Entry]) -> str:
    """32 hexadecimal digits over landing, erasures, disposals, the practice's settings, value sets, code and its versions.

    A file counts by its content, name and day of export, not its path: moving the practice's folder changes nothing.
    """
    state = hashlib.sha256()
    for path in _files(CHECKOUT, CODE):
        state.update(f"{path.relative_to(CHECKOUT)}\0".encode() + path.read_bytes())
    for path in _files(home.root, ("value_sets",)):
        state.update(f"{path.relative_to(home.root)}\0".encode() + path.read_bytes())
    state.update(Tombstones.of(home, practice.id).digest().encode())
    state.update(disposed_state(home.landing(practice.id)).encode())
    settings = asdict(practice) | {"sources": sorted(practice.sources)}
    landed = [(entry.source_system, entry.extract, entry.place, entry.file_key, entry.exported_at) for entry in ledger]
    state.update(json.dumps([settings, landed], sort_keys=True, default=str).encode())
    return state.hexdigest()[:32]


def _files(root: Path, places: tuple[str, ...]) -> Iterator[Path]:
    for place in places:
        path = root / place
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (one for one in found if one.is_file() and not WRITTEN & set(one.parts))
