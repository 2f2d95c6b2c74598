"""What is more than chance: a gap or a change that the values' cases tell from it. Pages and reports ask no other rule.

Nothing counts that rests on few cases (`fct_kpi_periods`), on either side. A proportion's gap counts where the whole 95 %
interval of its value (Wilson 1927) lies on the wrong side of what it is held against. A mean, a ratio or an amount has no
interval here; its gap counts from `LEAST` of what it is held against.
"""

from collections.abc import Mapping
from math import sqrt
from typing import Any

Kpi = Mapping[str, Any]
"""A row of `fct_kpi_periods` with the KPI's `scoring`."""

LEAST = 0.05
RULE = (
    "A gap is listed where the whole 95 % interval of the value lies on the wrong side of the target or baseline; of amounts, "
    "days and scores, which have no interval here, where it is 5 % or more. Nothing is listed that rests on few cases, nor for a "
    "KPI that meets its target, unless its baseline was restated."
)
_Z = 1.959964


def misses_its_target(kpi: Kpi) -> bool:
    """The target is missed, and not by chance alone."""
    return kpi["target_status"] == "missed" and is_told_from_chance(kpi, kpi["value"], kpi["target"], interval_of(kpi))


def is_worse_than_baseline(kpi: Kpi) -> bool:
    """The sites of the baseline do worse than before their program, and not by chance alone, and the target is not met."""
    return kpi["baseline_status"] == "worse" and kpi["target_status"] != "met" and has_moved(kpi, "baseline")


def has_moved(kpi: Kpi, against: str = "before") -> bool:
    """The change from the period `before`, the same months a `year_before`, or the `baseline` is not chance alone. With a
    baseline, its own sites are compared."""
    # A publication of an earlier version does not say what the other side rests on.
    if kpi[f"{against}_status"] not in ("better", "worse") or kpi.get(f"is_{against}_small"):
        return False
    if against == "baseline":
        # A publication of an earlier version has the value of these sites, and not their cases.
        interval = wilson(kpi.get("like_for_like_numerator"), kpi.get("like_for_like_denominator"))
        return is_told_from_chance(kpi, kpi["like_for_like_value"], kpi["baseline_value"], interval)
    return is_told_from_chance(kpi, kpi["value"], kpi[f"{against}_value"], interval_of(kpi))


def is_told_from_chance(kpi: Kpi, value: float, other: float, interval: tuple[float, float] | None) -> bool:
    """A value differs from `other` by more than chance explains. What rests on few cases, and a proportion without an interval,
    is told from nothing."""
    if kpi["is_small"]:
        return False
    if kpi["scoring"] == "proportion":
        return interval is not None and not interval[0] <= other <= interval[1]
    return abs(value - other) >= LEAST * abs(other)


def interval_of(kpi: Kpi) -> tuple[float, float] | None:
    """The published interval of a row's value; None where it has none."""
    low, high = kpi["interval_low"], kpi["interval_high"]
    return None if low is None or high is None else (low, high)


def wilson(numerator: float | None, denominator: float | None) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson 1927): 16 of 318 → 0.031 to 0.080; None without cases."""
    if not denominator or numerator is None or not 0 <= numerator <= denominator:
        return None
    middle = numerator + _Z * _Z / 2
    reach = _Z * sqrt(numerator * (denominator - numerator) / denominator + _Z * _Z / 4)
    return (middle - reach) / (denominator + _Z * _Z), (middle + reach) / (denominator + _Z * _Z)
