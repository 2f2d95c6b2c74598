"""Records the outcome of an attempt to contact a patient."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

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
    """Withdraw an outcome. Raises `KeyError` if the journal has no such one."""
    OUTCOMES.withdraw(folder, outcome_id)
