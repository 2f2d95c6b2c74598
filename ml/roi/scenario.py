"""A scenario: assumptions that no extract contains, each with its range."""

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
"""Name, unit, and the lowest and highest plausible value."""

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
"""Measured values, unless a scenario overrides them."""

HORIZONS = (12, 60)


class ScenarioRefused(ValueError):
    """The scenario cannot be used. The text names the scenario and the key, and says what to write."""


@dataclass(frozen=True)
class Range:
    """A triangular distribution (`low`, `central` as the most likely value, `high`), or one certain number."""

    low: float
    central: float
    high: float
    basis: str = "as given"


@dataclass(frozen=True)
class Scenario:
    """`ranges` by name: all of `ASSUMPTIONS`, and those of `UNIT_VALUES` that override measured values."""

    name: str
    title: str
    horizon_months: int
    ranges: Mapping[str, Range]


def read_scenario(written: Mapping[str, object], base: Scenario | None = None) -> Scenario:
    """Read a scenario from a file's content, as `tomllib` returns it; missing values come from the base.

    Raises `ScenarioRefused` for an unknown key, a value that is not a number or out of bounds, a range out of order, and an
    assumption that neither scenario nor base contains.
    """
    name = str(written.get("name") or "")
    if not name:
        raise ScenarioRefused('a scenario has no name: write name = "…" at its top')
    if unknown := set(written) - {"name", "title", "horizon_months", "assumptions"}:
        raise ScenarioRefused(
            f"scenario {name}: {', '.join(sorted(unknown))} is not known; write assumptions under [assumptions]"
        )
    horizon = written.get("horizon_months", base.horizon_months if base else 36)
    if not isinstance(horizon, int) or not HORIZONS[0] <= horizon <= HORIZONS[1]:
        raise ScenarioRefused(f"scenario {name}: horizon_months must be a whole number from {HORIZONS[0]} to {HORIZONS[1]}")
    given = {key: _range(name, key, value) for key, value in dict(written.get("assumptions") or {}).items()}
    ranges = {**(base.ranges if base else {}), **given}
    if missing := ASSUMPTIONS.keys() - ranges.keys():
        raise ScenarioRefused(f"scenario {name}: {', '.join(sorted(missing))} is missing")
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
        raise ScenarioRefused(f"{place}: not known; the known names are {', '.join(known)}")
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
