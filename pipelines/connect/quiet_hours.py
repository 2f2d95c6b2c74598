"""Whether a person may be called or written to at this moment, where they live: federal hours, or the state's narrower ones.

The hours are those of the warehouse (seeds `state_time_zones`, `state_calling_hours`). Where a state has two time zones, both
must allow it; where the state is not known, none from Hawaii to Puerto Rico may forbid it.
"""

import csv
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipelines.practice import SEEDS

_NOT_BEFORE, _NOT_AFTER = 8, 21
"""47 CFR 64.1200(c)(1)."""
_FAR_WEST = frozenset({"AS", "GU", "MP"})
"""Their day has no hour in common with that of Puerto Rico."""


@dataclass(frozen=True)
class _Law:
    zones: tuple[str, ...]
    not_before: int
    not_after: int
    sunday_not_before: int | None
    is_allowed_on_holidays: bool


def is_quiet(state: str | None, at: datetime) -> bool:
    """Whether nobody in this state (two letters) may be contacted at this instant."""
    laws = _laws()
    known = laws.get((state or "").strip().upper())
    return any(_forbids(law, at) for law in ([known] if known else (law for name, law in laws.items() if name not in _FAR_WEST)))


def _forbids(law: _Law, at: datetime) -> bool:
    for zone in law.zones:
        local = at.astimezone(ZoneInfo(zone))
        begins = law.sunday_not_before if local.isoweekday() == 7 else law.not_before
        if begins is None or not begins <= local.hour < law.not_after:
            return True
        if not law.is_allowed_on_holidays and _is_holiday(local.date()):
            return True
    return False


@lru_cache(maxsize=1)
def _laws() -> dict[str, _Law]:
    narrower = {row["state"]: row for row in _rows("state_calling_hours")}
    laws = {}
    for row in _rows("state_time_zones"):
        zones = tuple({row["eastern_zone"], row["western_zone"]})
        if own := narrower.get(row["state"]):
            sunday = int(own["sunday_not_before_hour"]) if own["sunday_not_before_hour"] else None
            allowed = own["is_allowed_on_holidays"] == "true"
            laws[row["state"]] = _Law(zones, int(own["not_before_hour"]), int(own["not_after_hour"]), sunday, allowed)
        else:
            laws[row["state"]] = _Law(zones, _NOT_BEFORE, _NOT_AFTER, _NOT_BEFORE, True)
    return laws


def _rows(seed: str) -> list[dict[str, str]]:
    with (SEEDS / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache(maxsize=8)
def _is_holiday(day: date) -> bool:
    from models.holidays import federal_holidays  # imports pandas

    return day in federal_holidays(day - timedelta(days=1), day + timedelta(days=1))
