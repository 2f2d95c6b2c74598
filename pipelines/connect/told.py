"""What a push tells others: the pages at once, the warehouse at its next run. Neither names a patient.

<home>/connect/<practice>/status.json                    how every connector and task stands, for the pages
<home>/outcomes/<practice>/sync_rows_<time>.csv          rows that changed, as a delivery of source `caregap`
"""

import csv
import io
import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from models.extracts.caregap import EXTRACTS
from pipelines.clock import now
from pipelines.connect.plan import Plan
from pipelines.connect.rows import Row
from pipelines.connect.state import State, folder_of
from pipelines.durable import write_durably
from pipelines.home import Home
from pipelines.keys import read, sealed
from pipelines.landing.journal import free_name

STATUS_FILE = "status.json"
_SHARED = "shared"
_ALL = ""
_COLUMNS = tuple(EXTRACTS["sync_rows"].fields)


def write_status(home: Home, practice_id: str, state: State, plan: Plan | None = None) -> None:
    """Write anew how every connector stands; `plan` is the one that was drawn last."""
    folder = folder_of(home, practice_id)
    path = folder / STATUS_FILE
    status = read_status(home, practice_id)
    connectors: dict[str, Any] = status.get("connectors", {})
    for name in {*state.connectors(), *([plan.connector] if plan else [])}:
        rows = state.rows(name)
        known = connectors.get(name, {})
        connectors[name] = {
            "last_push": state.last_push(name),
            "last_outcomes_at": state.noted(name, "outcomes_at"),
            "marks": dict(Counter(row.mark for row in rows.values())),
            "fates": dict(Counter(row.fate for row in rows.values() if row.fate)),
            "rejects": dict(Counter(row.code or "no_code" for row in rows.values() if row.fate == "rejected")),
            "skips": dict(Counter(row.because for row in rows.values() if row.mark == "skipped" and row.because)),
            "tasks": {one: _shown(row) for one, row in rows.items()},
            "plan": _summed(plan) if plan and plan.connector == name else known.get("plan"),
        }
    written = {"written_at": now().isoformat(timespec="seconds"), "connectors": connectors}
    write_durably(path, sealed(path, json.dumps(written, indent=1)), "connect.status")


def read_status(home: Home, practice_id: str) -> dict[str, Any]:
    """The status as it was last written; empty where there is none or it is damaged: it is made anew from the state."""
    try:
        status = json.loads(read(folder_of(home, practice_id) / STATUS_FILE))
        return status if isinstance(status, dict) else {}
    except (OSError, ValueError):
        return {}


def share_rows(home: Home, practice_id: str, state: State) -> int:
    """Deliver the rows that changed since the last time; returns their number. Delivered twice, a row lands once."""
    after = int(state.noted(_ALL, _SHARED) or 0)
    rows = state.rows_after(after)
    if not rows:
        return 0
    folder = home.outcomes(practice_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = free_name(folder, "sync_rows")
    write_durably(path, sealed(path, _as_csv(rows)), "connect.rows")
    state.note(_ALL, _SHARED, str(rows[-1].number))
    return len(rows)


def _as_csv(rows: list[Row]) -> str:
    text = io.StringIO()
    lines = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    lines.writeheader()
    for row in rows:
        fate = row.fate or ("retryable" if row.sending else "seen")
        lines.writerow(asdict(row) | {"contact_source_system": row.source_system, "fate": fate})
    return text.getvalue()


def _shown(row: Row) -> dict[str, str]:
    said = {"mark": row.mark, "fate": row.fate, "code": row.code, "because": row.because, "outcome": row.outcome}
    return {name: value for name, value in said.items() if value is not None}


def _summed(plan: Plan) -> dict[str, Any]:
    """A plan as the page shows it."""
    return {
        "id": plan.id,
        "made_at": plan.made_at,
        "publication_id": plan.publication_id,
        "n_verbs": plan.n_verbs,
        "n_unchanged": plan.n_unchanged,
        "n_wanted": plan.n_wanted,
        "withdrawals": dict(Counter(plan.withdrawals.values())),
        "skips": dict(Counter(plan.skips.values())),
        "confirmations": plan.confirmations,
    }
