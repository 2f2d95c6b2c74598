"""How many publications a home keeps."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from pipelines.home import Home
from pipelines.publications.store import Publication, forget_old, note_shown, point_to, publications


def publish(home: Home, number: int, n_bytes: int) -> None:
    """A publication with a warehouse of that size, which takes no room on the disk."""
    id = f"20260101T00000{number}-0000000{number}"
    folder = home.published / id
    folder.mkdir(parents=True)
    with (folder / "warehouse.duckdb").open("wb") as file:
        file.write(b"\0" * 8 + b"DUCK")
        file.truncate(n_bytes)
    files = {"warehouse.duckdb": {"n_bytes": n_bytes, "sha256": ""}}
    stated = Publication(id, "p", "P", True, "UTC", "2026-01-01", "b", "f", "2026-01-01", {}, number, files)
    (folder / "manifest.json").write_text(json.dumps(asdict(stated)))
    point_to(home, id)
    note_shown(home)


@pytest.mark.parametrize(("n_bytes", "kept"), [(1_000, [3, 4, 5, 6, 7]), (2_000_000_000, [6, 7])])
def test_the_last_five_are_kept_and_of_large_ones_the_last_two(tmp_path: Path, n_bytes: int, kept: list[int]):
    home = Home(tmp_path)
    for number in range(1, 8):
        publish(home, number, n_bytes)
    forget_old(home)
    assert [one.number for one in publications(home)] == kept
