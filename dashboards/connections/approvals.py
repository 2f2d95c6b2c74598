"""Records a person's decision on a plan to push: to send it, or not."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from dashboards.store.journal import Journal
from models.pushing import PUSH_APPROVALS

APPROVALS = Journal(PUSH_APPROVALS)


def decide(folder: Path, connector: str, plan_id: str, decision: str, approved_by: str, confirm_reason: str | None) -> str:
    """Add a decision to the journal in `folder`; returns its new id. It replaces any earlier one of the connector.

    Raises what `Journal.add` raises.
    """
    now, approval_id = datetime.now(UTC), uuid4().hex
    entry = {
        "approval_id": approval_id,
        "connector": connector,
        "plan_id": plan_id,
        "decision": decision,
        "confirm_reason": confirm_reason,
        "approved_by": approved_by,
        "decided_at": now,
        "updated_at": now,
    }
    APPROVALS.add(folder, entry)
    return approval_id


def newest_decision(folder: Path, connector: str) -> dict[str, Any] | None:
    """The newest decision on a plan of the connector."""
    decisions = APPROVALS.entries(folder).filter(pl.col("connector") == connector).sort("decided_at", "approval_id")
    return decisions.row(-1, named=True) if len(decisions) else None
