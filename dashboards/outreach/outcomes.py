"""Records the outcome of an attempt to contact a patient."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import polars as pl

from dashboards.store.journal import Journal
from models.extracts.caregap import EXTRACTS

OUTCOMES = Journal(EXTRACTS["outreach_outcomes"])


@dataclass(frozen=True)
class Outcome:
    """One entry: the patient (by the record that represents the person), the channel and the outcome."""

    patient_source_system: str
    patient_record_type: str
    patient_source_id: str
    channel: str
    outcome: str
    recorded_by: str
    listed_on: date | None = None
    note_code: str | None = None


def record(folder: Path, outcome: Outcome) -> str:
    """Add an outcome to the journal in `folder`; returns its new id. Raises what `Journal.add` raises."""
    now, outcome_id = datetime.now(UTC), uuid4().hex
    entry = {"outcome_id": outcome_id, "recorded_at": now, "updated_at": now, "is_withdrawn": False} | asdict(outcome)
    OUTCOMES.add(folder, entry)
    return outcome_id


def withdraw(folder: Path, outcome_id: str) -> None:
    """Withdraw an entry by adding a later version marked as withdrawn. Raises `KeyError` if the journal has no such entry."""
    entries = recorded(folder).filter(pl.col("outcome_id") == outcome_id, ~pl.col("is_withdrawn")).to_dicts()
    if not entries:
        raise KeyError(outcome_id)
    OUTCOMES.add(folder, entries[0] | {"updated_at": datetime.now(UTC), "is_withdrawn": True})


def recorded(folder: Path) -> pl.DataFrame:
    """The newest version of every recorded outcome, in the contract's columns, withdrawn ones included."""
    return OUTCOMES.entries(folder)
