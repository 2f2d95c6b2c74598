"""What goes into a chart, and what a system that takes it must be able to do."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Protocol

from pipelines.connect.adapter import Result


@dataclass(frozen=True)
class Score:
    """A risk of disengagement, for a chart."""

    contact_id: str
    score: float
    tier: str
    method: str
    index_on: date
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Gap:
    """An open care gap, for a chart."""

    contact_id: str
    measure_code: str
    title: str


@dataclass(frozen=True)
class Entry:
    """One entry of a chart. `key` is the same for the same thing in every run; `is_closed`: the gap is open no more."""

    key: str
    content: Score | Gap
    is_closed: bool = False

    @property
    def hash(self) -> str:
        said = json.dumps({"closed": self.is_closed} | asdict(self.content), sort_keys=True, default=_text)
        return hashlib.sha256(said.encode()).hexdigest()[:32]


class ChartAdapter(Protocol):
    """What a system needs besides `Adapter` to take entries of charts."""

    def chart(self, entries: Sequence[Entry], gaps_as: str) -> list[Result]:
        """Make or change entries by their key, one result each; `gaps_as`: `flag` or `detected_issue`."""


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
