"""A scenario: assumptions that no extract contains, each with its range."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Any

from pydantic import Field, field_validator

from models.settings.toml_schema import AtKey, Settings, SettingsRefused, check_settings

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
    """`ranges` by name: all of `ASSUMPTIONS`, and those of `UNIT_VALUES` that override measured values.

    `only_significant`: effects that are not significant count as zero.
    """

    name: str
    title: str
    horizon_months: int
    ranges: Mapping[str, Range]
    only_significant: bool = False


class ScenarioSettings(Settings):
    """A scenario file. `assumptions` are numbers, or tables of low, central, high and basis, by name."""

    name: str = Field(min_length=1, max_length=60, description="a short name")
    title: str | None = Field(None, max_length=200, description="a title on one line")
    horizon_months: int | None = Field(
        None, ge=HORIZONS[0], le=HORIZONS[1], description=f"a whole number of months from {HORIZONS[0]} to {HORIZONS[1]}"
    )
    only_significant: bool | None = Field(
        None, description="true or false: whether only effects that can be told from chance count"
    )
    assumptions: dict[str, Any] = Field({}, description="a table of assumptions")

    @field_validator("assumptions")
    @classmethod
    def _readable(cls, given: dict[str, Any]) -> dict[str, Any]:
        for key, value in given.items():
            _range(key, value)
        return given


def read_scenario(written: Mapping[str, object], base: Scenario | None = None) -> Scenario:
    """Read a scenario from a file's content, as `tomllib` returns it; missing values come from the base.

    Raises `ScenarioRefused` for whatever `ScenarioSettings` does not allow, and for an assumption that neither scenario nor base
    contains.
    """
    try:
        given = check_settings(written, ScenarioSettings, f"scenario {written.get('name', 'without a name')}")
    except SettingsRefused as refused:
        raise ScenarioRefused(str(refused)) from None
    name = given.name
    ranges = {**(base.ranges if base else {}), **{key: _range(key, value) for key, value in given.assumptions.items()}}
    if missing := ASSUMPTIONS.keys() - ranges.keys():
        raise ScenarioRefused(f"scenario {name}: {', '.join(sorted(missing))} is missing")
    if ranges["incentive_full"].low <= ranges["incentive_threshold"].high:
        raise ScenarioRefused(f"scenario {name}: incentive_full must lie above incentive_threshold")
    only_significant = given.only_significant if given.only_significant is not None else bool(base and base.only_significant)
    horizon_months = given.horizon_months or (base.horizon_months if base else 36)
    return Scenario(name, given.title or name, horizon_months, ranges, only_significant)


def _range(key: str, value: object) -> Range:
    """The range of an assumption. Raises `AtKey`."""
    known = ASSUMPTIONS | UNIT_VALUES
    if key not in known:
        close = get_close_matches(key, known, n=1)
        raise AtKey((key,), f"is not known. {f'Did you mean {close[0]}? ' if close else ''}Known: {', '.join(known)}.")
    if isinstance(value, Mapping):
        if set(value) - {"basis"} != {"low", "central", "high"}:
            raise AtKey((key,), 'must be { low = …, central = …, high = …, basis = "…" } or one number')
        numbers, basis = [value[end] for end in ("low", "central", "high")], str(value.get("basis", "as given"))
    else:
        numbers, basis = [value] * 3, "as given by the scenario"
    _, least, greatest = known[key]
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
            raise AtKey((key,), "is not a number")
        if not least <= number <= greatest:
            raise AtKey((key,), f"must lie from {least:g} to {greatest:g}")
    if sorted(numbers) != numbers:
        raise AtKey((key,), "has low, central and high out of order")
    low, central, high = map(float, numbers)
    return Range(low, central, high, basis)
