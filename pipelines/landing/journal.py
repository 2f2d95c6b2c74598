"""Turns what was recorded in the dashboards into deliveries of source system `caregap`.

An open journal, to which the dashboards append (`dashboards/store/journal.py`), is a hidden file. A run renames it, and from then
on it is a delivered file that never changes: every entry is landed once, and nothing is read while it is being written.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl

from models.contract import Contract
from models.extracts.caregap import EXTRACTS
from models.home_keys.texts import MARK
from models.journal import newest_entries
from pipelines.clock import now
from pipelines.durable import write_durably
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.keys import is_encrypted, read, sealed
from pipelines.practice import Practice

SOURCE = "caregap"
OPEN = {extract: f".{extract}.csv" for extract in EXTRACTS}
"""The open journal of each extract."""


def with_journals(practice: Practice, home: Home) -> Practice:
    """The practice with its journals as an additional source, if anything was ever recorded."""
    folder = home.outcomes(practice.id)
    return replace(practice, sources=practice.sources | {SOURCE: folder}) if folder.is_dir() else practice


def take_journals(practice: Practice, home: Home) -> None:
    """Turn each open journal into a delivered file: `outreach_outcomes_20261122T143000123456.csv`, in UTC."""
    folder = home.outcomes(practice.id)
    if not folder.is_dir():
        return
    with locked(folder) as descriptor:
        for extract, name in OPEN.items():
            if (folder / name).exists():
                passing("landing.journal.taking", folder)
                _seal(folder / name)
                (folder / name).rename(free_name(folder, extract))
                passing("landing.journal.taken", folder)
        os.fsync(descriptor)


def recorded(home: Home, practice_id: str, extract: str) -> pl.DataFrame:
    """What was recorded in the dashboards until now, taken by a run or not: the newest version of every entry."""
    return entries_of(home, practice_id, EXTRACTS[extract])


def entries_of(home: Home, practice_id: str, contract: Contract) -> pl.DataFrame:
    """As `recorded`, of any contract that the dashboards keep a journal of."""
    folder, files = home.outcomes(practice_id), []
    if folder.is_dir():
        with locked(folder):
            files = [read(path) for path in sorted(folder.glob(f"*{contract.name}*.csv"))]
    return newest_entries(contract, files)


def restricted(home: Home, practice_id: str) -> pl.DataFrame:
    """The records whose use is restricted now: `source_system`, `source_record_type`, `source_id`."""
    held = recorded(home, practice_id, "restrictions").filter(~pl.col("is_lifted"))
    names = {"source_system": "source_system", "record_type": "source_record_type", "source_id": "source_id"}
    return held.select(pl.col(f"patient_{name}").alias(alias) for name, alias in names.items()).unique(maintain_order=True)


def _seal(path: Path) -> None:
    """Encrypt a journal that was begun before its home was encrypted: a delivery is encrypted as a whole or not at all."""
    raw = path.read_bytes()
    if is_encrypted(path) and not all(line.startswith(MARK) for line in raw.splitlines()):
        write_durably(path, sealed(path, read(path)), "landing.journal.sealed")


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """The folder's descriptor, while no page adds an entry."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def free_name(folder: Path, extract: str) -> Path:
    """A name for a delivery, with the time, that nothing has: a clock that was set back gives a time twice, and a rename would
    replace what was recorded."""
    at = now()
    while (path := folder / f"{extract}_{at:%Y%m%dT%H%M%S%f}.csv").exists():
        at += timedelta(microseconds=1)
    return path
