"""Outcomes back: what was recorded in a connected system becomes a delivery, once.

A CRM's tasks become its extract `outreach_tasks` in the CRM's own delivery folder, with the id of the task that was pushed. What
an EHR tells of its patients becomes an outcome of source `caregap`, since an EHR delivers no outreach tasks.

The delivery is on the disk before the state notes how far was read; read again after a kill, it lands once.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from models.extracts.caregap import EXTRACTS as OWN
from models.extracts.crm import CHANNELS, OUTREACH_OUTCOMES
from models.extracts.crm import EXTRACTS as CRM
from models.sources import name_of_kind
from pipelines.clock import now
from pipelines.connect.adapter import Adapter, Outcome
from pipelines.connect.rows import Row, said_code, said_id
from pipelines.connect.state import State
from pipelines.durable import write_durably
from pipelines.errors import ConnectionFailed
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.keys import sealed
from pipelines.landing.journal import free_name

TOLD = "connect"
"""How the id of an outcome begins that a system told."""
_MOST_PAGES = 10_000


def read_outcomes(
    home: Home, practice_id: str, connector: str, adapter: Adapter, state: State, source: str, folder: Path
) -> tuple[int, int]:
    """Deliver what changed since the last time; returns the number of outcomes that are done, and of rows without a
    usable id, which are left out. `folder`: the source's own.

    An outcome that the contract does not have is delivered too, and quarantined by the next run, where it is seen. Raises
    `ConnectionFailed` where the system does not answer, or never comes to an end.
    """
    n_done, n_unreadable, cursor = 0, 0, state.noted(connector, "cursor")
    for _ in range(_MOST_PAGES):
        page = adapter.outcomes(cursor)
        told = [one for one in page.rows if said_id(one.task_id) and said_id(one.contact_id)]
        n_unreadable += len(page.rows) - len(told)
        done = [one for one in told if one.completed_at is not None]
        known = state.rows(connector, [one.external_id for one in told if one.external_id])
        if done:
            _deliver(home, practice_id, connector, source, folder, done, known)
        passing("connect.outcomes.delivered")
        state.note_outcomes(connector, [_row(connector, source, one) for one in told if said_id(one.external_id)], page.cursor)
        passing("connect.outcomes.noted")
        n_done += len(done)
        if page.is_last:
            state.note(connector, "outcomes_at", now().isoformat(timespec="seconds"))
            return n_done, n_unreadable
        if page.cursor == cursor:
            break
        cursor = page.cursor
    raise ConnectionFailed(f"{connector}: it says again and again that more outcomes follow. What came is kept; try again later.")


def _deliver(
    home: Home,
    practice_id: str,
    connector: str,
    source: str,
    folder: Path,
    done: Sequence[Outcome],
    known: dict[str, Row],
) -> None:
    if name_of_kind(source) == "crm":
        rows: list[dict[str, Any]] = [_crm_task(one, known.get(one.external_id or "")) for one in done]
        contract, place = CRM["outreach_tasks"], folder / f"{connector}-outcomes"
    else:
        rows = [_own_outcome(connector, source, one) for one in done]
        contract, place = OWN["outreach_outcomes"], home.outcomes(practice_id)
    if rows:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = free_name(place, contract.name)
        write_durably(path, sealed(path, _as_csv(tuple(contract.fields), rows)), "connect.outcomes.file")


def _crm_task(one: Outcome, row: Row | None) -> dict[str, Any]:
    """A row of the CRM's `outreach_tasks`; what the system does not know of a task, the push does."""
    return {
        "task_id": one.task_id,
        "contact_id": one.contact_id,
        "location_id": row.location_id if row else None,
        "assigned_to": one.assigned_to,
        "reason": (row.reason if row else None) or "care_gap",
        "channel": one.channel if one.channel in CHANNELS else (row.channel if row else None) or "phone",
        "created_at": one.created_at,
        "due_on": one.due_on,
        "completed_at": one.completed_at,
        "outcome": said_code(one.outcome),
        "staff_minutes": 0,
        "updated_at": one.updated_at,
        "external_id": one.external_id,
    }


def _own_outcome(connector: str, source: str, one: Outcome) -> dict[str, Any]:
    return {
        "outcome_id": f"{TOLD}:{connector}:{one.task_id}",
        "recorded_at": one.completed_at,
        "updated_at": one.updated_at,
        "patient_source_system": source,
        "patient_record_type": "ehr_patient",
        "patient_source_id": one.contact_id,
        "channel": one.channel if one.channel in CHANNELS else "phone",
        "outcome": said_code(one.outcome),
        "recorded_by": connector,
        "is_withdrawn": False,
    }


def _row(connector: str, source: str, one: Outcome) -> Row:
    is_done = one.completed_at is not None
    return Row(
        connector=connector,
        external_id=one.external_id or "",
        source_system=source,
        contact_id=one.contact_id,
        mark="done" if is_done else "open",
        channel=one.channel if one.channel in CHANNELS else None,
        remote_id=one.task_id,
        outcome=one.outcome if is_done and one.outcome in OUTREACH_OUTCOMES else None,
        completed_at=one.completed_at.isoformat() if one.completed_at else None,
    )


def _as_csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    text = io.StringIO()
    lines = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    lines.writeheader()
    lines.writerows({name: _text(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
