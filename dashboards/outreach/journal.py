"""The one thing that dashboards write: outcomes of outreach, added to a journal that the next run takes as a delivery.

    <home>/outcomes/<practice>/.outreach_outcomes.csv      the open journal (hidden: a run reads no hidden file)
    <home>/outcomes/<practice>/outreach_outcomes_….csv     what earlier runs have taken (`pipelines/landing/outreach_journal.py`)

A line is added whole and is on the disk when `record` returns. The lock is on the folder, so that a run can take the journal away
between two entries. Rows are those of `models/extracts/caregap.py`.
"""

import csv
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import polars as pl

from models.extracts.caregap import EXTRACTS

CONTRACT = EXTRACTS["outreach_outcomes"]
OPEN = f".{CONTRACT.name}.csv"
COLUMNS = tuple(CONTRACT.fields)


@dataclass(frozen=True)
class Outcome:
    """One entry: which patient (by the record that stands for the person), through which channel, and what came of it."""

    patient_source_system: str
    patient_record_type: str
    patient_source_id: str
    channel: str
    outcome: str
    recorded_by: str
    listed_on: date | None = None
    note_code: str | None = None


def record(folder: Path, outcome: Outcome) -> str:
    """Add an outcome to the journal in `folder`; its new id.

    Raises pandera's `SchemaError` where a value is not one of the contract's, and `ValueError` where a text cannot be printed.
    """
    now = datetime.now(UTC)
    entry = {"outcome_id": uuid4().hex, "recorded_at": now, "updated_at": now, "is_withdrawn": False} | asdict(outcome)
    _append(folder, entry)
    return entry["outcome_id"]


def withdraw(folder: Path, outcome_id: str) -> None:
    """Take an entry back: a later version of it is added that says so. Raises `KeyError` where the journal has no such entry."""
    entries = recorded(folder).filter(pl.col("outcome_id") == outcome_id, ~pl.col("is_withdrawn")).to_dicts()
    if not entries:
        raise KeyError(outcome_id)
    _append(folder, entries[0] | {"updated_at": datetime.now(UTC), "is_withdrawn": True})


def recorded(folder: Path) -> pl.DataFrame:
    """The newest version of every entry that was ever recorded, in the contract's columns; those taken back are among them."""
    types = {name: column.dtype.type for name, column in CONTRACT.fields.items()}
    frames = [pl.DataFrame(schema=types)]
    if folder.is_dir():
        with _locked(folder):
            texts = [path.read_bytes() for path in sorted(folder.glob(f"*{CONTRACT.name}*.csv"))]
        frames += [pl.read_csv(io.BytesIO(text), schema=dict.fromkeys(COLUMNS, pl.String)).pipe(_typed, types) for text in texts]
    return pl.concat(frames).sort("updated_at").unique("outcome_id", keep="last", maintain_order=True)


def _typed(texts: pl.DataFrame, types: dict) -> pl.DataFrame:
    moments = [pl.col(name).str.to_datetime("%+", time_unit="us", time_zone="UTC") for name in ("recorded_at", "updated_at")]
    return texts.with_columns(
        *moments, pl.col("listed_on").str.to_date(), (pl.col("is_withdrawn") == "true").alias("is_withdrawn")
    ).cast(types)


def _append(folder: Path, entry: dict) -> None:
    """Write one line. Raises `ValueError` where a text would break the file for its next reader."""
    if any(isinstance(value, str) and not value.isprintable() for value in entry.values()):
        raise ValueError("an id or a name holds a character that cannot be printed")
    CONTRACT.schema.validate(pl.DataFrame([entry], schema={name: one.dtype.type for name, one in CONTRACT.fields.items()}))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder):
        descriptor = os.open(folder / OPEN, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            is_new = os.fstat(descriptor).st_size == 0
            os.write(descriptor, _lines([list(COLUMNS)] if is_new else [], [_text(entry[name]) for name in COLUMNS]))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _lines(header: list[list[str]], row: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([*header, row])
    return text.getvalue().encode()


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case date():
            return value.isoformat()
    return str(value)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
