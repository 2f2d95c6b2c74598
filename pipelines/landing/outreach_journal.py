"""Turns care teams' records from the dashboards into a delivery of source system `caregap`.

The open journal, to which the dashboards append (`dashboards/outreach/journal.py`), is a hidden file. A run renames it, and from
then on it is a delivered file that never changes: every entry is landed once, and nothing is read while it is being written.
"""

import fcntl
import os
from dataclasses import replace
from datetime import UTC, datetime

from models.extracts.caregap import EXTRACTS
from pipelines.home import Home
from pipelines.practice import Practice

SOURCE = "caregap"
EXTRACT = EXTRACTS["outreach_outcomes"].name
OPEN = f".{EXTRACT}.csv"


def with_outcomes(practice: Practice, home: Home) -> Practice:
    """The practice with its journal as an additional source, if anything was ever recorded."""
    folder = home.outcomes(practice.id)
    return replace(practice, sources=practice.sources | {SOURCE: folder}) if folder.is_dir() else practice


def take_journal(practice: Practice, home: Home) -> None:
    """Turn the open journal, if there is one, into a delivered file: `outreach_outcomes_20261122T143000123456.csv`, in UTC."""
    folder = home.outcomes(practice.id)
    if not folder.is_dir():
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if (folder / OPEN).exists():
            (folder / OPEN).rename(folder / f"{EXTRACT}_{datetime.now(UTC):%Y%m%dT%H%M%S%f}.csv")
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
