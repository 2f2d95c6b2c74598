"""Records a steward's decision on two records: one person, two people, or later."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from dashboards.store.journal import Journal
from models.extracts.caregap import EXTRACTS
from models.extracts.crm import TWO_RECORDS

DECISIONS = Journal(EXTRACTS["identity_decisions"])
PAIR = tuple(TWO_RECORDS)
"""The columns that name the two records."""


def decide(folder: Path, pair: dict[str, Any], decision: str, decided_by: str) -> str:
    """Add a decision on the two records of `pair` to the journal in `folder`; returns its new id.

    It replaces any earlier decision on the pair. Raises what `Journal.add` raises.
    """
    now = datetime.now(UTC)
    decision_id = uuid4().hex
    entry = {"decision_id": decision_id, "decision": decision, "decided_at": now, "decided_by": decided_by, "updated_at": now}
    DECISIONS.add(folder, {name: pair[name] for name in PAIR} | entry)
    return decision_id


def decided(folder: Path) -> pl.DataFrame:
    """The latest decision on each pair decided here, in the contract's columns."""
    return DECISIONS.entries(folder).sort("decided_at", "decision_id").unique(PAIR, keep="last", maintain_order=True)
