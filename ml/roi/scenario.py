"""A scenario: the assumptions that no extract holds, each with its range."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite

ASSUMPTIONS: dict[str, tuple[str, float, float]] = {
    "contribution_margin": ("share", 0, 1),
    "displaced_share": ("share", 0, 1),
    "lasting_share": ("share", 0, 1),
    "discount_rate": ("share per year", 0, 1),
    "capital_rate": ("share per year", 0, 1),
    "staff_usd_per_hour": ("usd per hour", 0, 1000),
    "redeployed_share": ("share", 0, 1),
    "effect_decay": ("share per year", 0, 1),
    "cost_growth": ("share per year", -0.5, 1),
    "incentive_usd_per_year": ("usd per year", 0, 1e9),
    "incentive_threshold": ("share", 0, 1),
    "incentive_full": ("share", 0, 1),
}
"""Name, unit and the least and greatest value that makes sense."""

UNIT_VALUES: dict[str, tuple[str, float, float]] = {
    "revenue_per_visit": ("usd per visit", 0, 1e5),
    "revenue_per_patient": ("usd per patient and year", 0, 1e6),
    "patient_attrition_rate": ("share per month", 0, 1),
    "slot_refill_rate": ("share", 0, 1),
    "kept_share": ("share", 0, 1),
    "rebooked_share": ("share", 0, 1),
    "care_gap_closure_rate": ("share", 0, 1),
    "collections_per_day": ("usd per day", 0, 1e8),
}
"""What is measured, unless a scenario says otherwise."""

HORIZONS = (12, 60)


class ScenarioRefused(ValueError):
    """A scenario that cannot be used. The text names the scenario and the key, and says what to write."""


@dataclass(frozen=True)
class Range:
    """From `low` over `central`, the likeliest, to `high`: a triangle, or one certain number."""

    low: float
    central: float
    high: float
    basis: str = "as given"


@dataclass(frozen=True)
class Scenario:
    """`ranges` by name: every one of `ASSUMPTIONS`, and those of `UNIT_VALUES` that replace what was measured."""

    name: str
    title: str
    horizon_months: int
    ranges: Mapping[str, Range]


def read_scenario(written: Mapping[str, object], base: Scenario | None = None) -> Scenario:
    """The scenario that a file says, as `tomllib` reads it; what it does not say is the base's.

    Raises `ScenarioRefused` for a key that is not known, a value that is no number or lies out of bounds, a range not in order,
    and an assumption that neither says.
    """
    name = str(written.get("name") or "")
    if not name:
        raise ScenarioRefused('a scenario has no name: write name = "…" at its top')
    if unknown := set(written) - {"name", "title", "horizon_months", "assumptions"}:
        raise ScenarioRefused(
            f"scenario {name}: {', '.join(sorted(unknown))} is not known; assumptions stand under [assumptions]"
        )
    horizon = written.get("horizon_months", base.horizon_months if base else 36)
    if not isinstance(horizon, int) or not HORIZONS[0] <= horizon <= HORIZONS[1]:
        raise ScenarioRefused(f"scenario {name}: horizon_months must be a whole number from {HORIZONS[0]} to {HORIZONS[1]}")
    said = {key: _range(name, key, value) for key, value in dict(written.get("assumptions") or {}).items()}
    ranges = {**(base.ranges if base else {}), **said}
    if missing := ASSUMPTIONS.keys() - ranges.keys():
        raise ScenarioRefused(f"scenario {name}: {', '.join(sorted(missing))} is not said")
    if ranges["incentive_full"].low <= ranges["incentive_threshold"].high:
        raise ScenarioRefused(f"scenario {name}: incentive_full must lie above incentive_threshold")
    title = str(written.get("title") or name)
    return (
        replace(base, name=name, title=title, horizon_months=horizon, ranges=ranges)
        if base
        else Scenario(name, title, horizon, ranges)
    )


def _range(name: str, key: str, value: object) -> Range:
    place = f"scenario {name}, {key}"
    known = ASSUMPTIONS | UNIT_VALUES
    if key not in known:
        raise ScenarioRefused(f"{place}: not known; known are {', '.join(known)}")
    if isinstance(value, Mapping):
        if set(value) - {"basis"} != {"low", "central", "high"}:
            raise ScenarioRefused(f'{place}: write {{ low = …, central = …, high = …, basis = "…" }} or one number')
        numbers, basis = [value[end] for end in ("low", "central", "high")], str(value.get("basis", "as given"))
    else:
        numbers, basis = [value] * 3, f"as given by scenario {name}"
    _, least, greatest = known[key]
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
            raise ScenarioRefused(f"{place}: not a number")
        if not least <= number <= greatest:
            raise ScenarioRefused(f"{place}: must lie from {least:g} to {greatest:g}")
    if sorted(numbers) != numbers:
        raise ScenarioRefused(f"{place}: low, central and high are not in order")
    return Range(*map(float, numbers), basis)
