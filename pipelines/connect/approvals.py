"""The decisions on plans that were taken in the dashboards: read from the home's journal, where `Connections` writes them."""

from dataclasses import dataclass

import polars as pl

from models.pushing import APPROVE, PUSH_APPROVALS
from pipelines.home import Home
from pipelines.landing.journal import entries_of


@dataclass(frozen=True)
class Approval:
    """A plan that a person let go, with the reason to pass a limit where one was asked for."""

    plan_id: str
    approved_by: str
    confirm_reason: str | None


def newest_approval(home: Home, practice_id: str, connector: str) -> Approval | None:
    """The newest decision on a plan of the connector; None where there is none, or it was to refuse."""
    entries = entries_of(home, practice_id, PUSH_APPROVALS)
    decisions = entries.filter(pl.col("connector") == connector).sort("decided_at", "approval_id")
    if decisions.is_empty() or (newest := decisions.row(-1, named=True))["decision"] != APPROVE:
        return None
    return Approval(newest["plan_id"], newest["approved_by"], newest["confirm_reason"])
