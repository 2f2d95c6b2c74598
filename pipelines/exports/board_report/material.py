"""What is worth a decision: a gap that chance does not explain, and that a met target does not make idle.

A proportion's gap counts where the whole 95 % interval of its value (Wilson 1927) lies on the wrong side of what it is held
against. A mean, a ratio or an amount has no interval here; its gap counts from `LEAST` of what it is held against, and never
where the value rests on few cases.
"""

from math import sqrt

from pipelines.exports.board_report.kpis import Kpi

LEAST = 0.05
RULE = (
    "A gap is listed where the whole 95 % interval of the value lies on the wrong side of the target or baseline; of amounts, "
    "days and scores, which have no interval here, where it is 5 % or more and rests on enough cases. Nothing is listed for a "
    "KPI that meets its target, unless its baseline was restated."
)
_Z = 1.959964


def misses_its_target(kpi: Kpi) -> bool:
    """The target is missed, and not by chance alone."""
    return kpi["target_status"] == "missed" and _is_material(
        kpi, kpi["value"], kpi["target"], (kpi["interval_low"], kpi["interval_high"])
    )


def is_worse_than_baseline(kpi: Kpi) -> bool:
    """The sites of the baseline do worse than before their program, and not by chance alone, and the target is not met."""
    if kpi["baseline_status"] != "worse" or kpi["target_status"] == "met":
        return False
    interval = (
        wilson(kpi["like_for_like_numerator"], kpi["like_for_like_denominator"]) if kpi["scoring"] == "proportion" else None
    )
    return _is_material(kpi, kpi["like_for_like_value"], kpi["baseline_value"], interval or (None, None))


def has_moved(kpi: Kpi) -> bool:
    """The change from the period before is not chance alone."""
    return kpi["before_status"] in ("better", "worse") and _is_material(
        kpi, kpi["value"], kpi["before_value"], (kpi["interval_low"], kpi["interval_high"])
    )


def wilson(numerator: float | None, denominator: float | None) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson 1927): 16 of 318 → 0.031 to 0.080; None without cases."""
    if not denominator or numerator is None or not 0 <= numerator <= denominator:
        return None
    middle = numerator + _Z * _Z / 2
    reach = _Z * sqrt(numerator * (denominator - numerator) / denominator + _Z * _Z / 4)
    return (middle - reach) / (denominator + _Z * _Z), (middle + reach) / (denominator + _Z * _Z)


def _is_material(kpi: Kpi, value: float, other: float, interval: tuple[float | None, float | None]) -> bool:
    low, high = interval
    if low is not None and high is not None:
        return not low <= other <= high
    return not kpi["is_small"] and abs(value - other) >= LEAST * abs(other)
