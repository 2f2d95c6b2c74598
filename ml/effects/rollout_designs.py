"""Designs for a program that sites joined over time, each with the checks of its assumptions.

Each takes a `Rollout` and returns the estimate in the outcome's own unit with the verdicts on pre-trend, placebo date and
overlap. Raises `EstimateRefused` if the history does not allow the design.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from math import exp, isfinite
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtr

from ml.effects.estimate import Estimate, EstimateRefused
from ml.effects.interrupted_series import interrupted_series_effect
from ml.effects.staggered_did import staggered_effect
from ml.effects.synthetic_did import synthetic_did_effect
from ml.effects.verdicts import FAILED, NOT_TESTABLE, PASSED, SIZE, WARNED, Verdict, of_interval

MONTHS_BEFORE, MONTHS_AFTER = 12, 6
"""Months that an interrupted series needs: a year before shows season and trend (Penfold & Zhang, Academic Pediatrics
2013;13:S38)."""
SEASON_MONTHS = 24
MOSTLY = 0.9
ONE_CONTROL = 0.8
"""Above this weight of a single site, a synthetic control depends on that site."""
_PANEL: dict[str, Any] = {"unit": "site", "period": "month", "first_treated": "first_month", "outcome": "rate"}
Checked = tuple[Estimate, Verdict, Verdict, Verdict]


@dataclass(frozen=True)
class Rollout:
    """A balanced panel of `site`, `month`, `first_month` (null: not within the panel), `numerator`, `denominator`, `rate`."""

    panel: pl.DataFrame

    @classmethod
    def of(cls, panel: pl.DataFrame) -> "Rollout":
        """Selects comparable months and sites: sites with a value in 9 of 10 months, then the months in which all have one.

        If fewer than half of the months remain, as with small surveys, it uses quarters instead.
        Raises `EstimateRefused` if no site joined after the first month and by the last, or if no month remains.
        """
        balanced = _balanced(panel)
        if balanced["month"].n_unique() < panel["month"].n_unique() / 2:
            quarters = panel.with_columns(pl.col("month", "first_month").dt.truncate("1q"))
            summed = quarters.group_by("site", "month", "first_month", maintain_order=True).agg(
                pl.col("numerator", "denominator").sum()
            )
            balanced = _balanced(summed)
        if balanced.is_empty():
            raise EstimateRefused("neither a month nor a quarter has a value at every site")
        first, last = balanced["month"].min(), balanced["month"].max()
        balanced = balanced.with_columns(first_month=pl.when(pl.col("first_month") <= last).then("first_month"))
        # Sites treated from the first month on have no "before" and cannot be controls either.
        balanced = balanced.filter((pl.col("first_month") > first).fill_null(True))
        if balanced["first_month"].null_count() == balanced.height:
            raise EstimateRefused("no site joined the program after the first and by the last usable month")
        return cls(balanced)

    @property
    def months(self) -> list[date]:
        return self.panel["month"].unique().sort().to_list()

    @property
    def joined(self) -> list[date]:
        """The months in which sites joined."""
        return self.panel["first_month"].drop_nulls().unique().sort().to_list()

    @property
    def n_controls(self) -> int:
        return self.panel.filter(pl.col("first_month").is_null())["site"].n_unique()

    @property
    def value_before(self) -> float | None:
        """The treated sites' rate before they joined: sum over sum."""
        before = self.panel.filter(pl.col("month") < pl.col("first_month"))
        return None if before.is_empty() else float(before["numerator"].sum()) / float(before["denominator"].sum())

    def treated_months(self) -> pl.DataFrame:
        """Site months of the sites that joined: `rate` and `is_after`."""
        treated = self.panel.drop_nulls("first_month")
        return treated.with_columns(is_after=(pl.col("month") >= pl.col("first_month")).cast(pl.Int8))

    def before_anyone(self) -> pl.DataFrame:
        return self.panel.filter(pl.col("month") < self.joined[0])


def _balanced(panel: pl.DataFrame) -> pl.DataFrame:
    counted = panel.filter(pl.col("denominator") != 0).with_columns(rate=pl.col("numerator") / pl.col("denominator"))
    counted = counted.filter(pl.len().over("site") >= MOSTLY * counted["month"].n_unique())
    return counted.filter(pl.len().over("month") == counted["site"].n_unique()).sort("site", "month")


def staggered(rollout: Rollout) -> Checked:
    """Callaway & Sant'Anna, with all sites not yet on the program as controls, against the mean of all months before joining.

    One month of a site is mostly chance: against the last month before joining alone, the intervals of the no-show rate were
    2.5 times as wide on simulated practices of 1,400 patients, and told 6 of 20 effects from chance instead of 15.

    The pre-trend check uses the slope: a joint test of all monthly changes missed a steady fall of 0.8 points a month over ten
    months, and the estimated "effect" was that fall continuing.
    """
    found = staggered_effect(rollout.panel, **_PANEL, control="notyet", base="all")
    if not all(map(isfinite, found.interval)):
        n = rollout.panel["site"].n_unique()
        raise EstimateRefused(f"{n} sites allow too few assignments to distinguish an effect from chance")
    slope, joint = found.parts["pre_slope"], found.parts["pre_trend"]
    pre_trend = Verdict(NOT_TESTABLE, "too few months before")
    if slope:
        low, high = slope["interval"]
        joint_test = f"; joint test of all effects before, p = {joint['p_value']:.3f}" if joint else ""
        pre_trend = of_interval(low, high, f"slope against controls from {low:.3g} to {high:.3g} a period{joint_test}")
    shift = found.parts["placebo_date"]
    placebo = Verdict(NOT_TESTABLE, "too few months before")
    if shift:
        low, high = shift["interval"]
        placebo = of_interval(low, high, f"{shift['periods_before']} periods earlier, change in one from {low:.3g} to {high:.3g}")
    return found, pre_trend, placebo, _waiting_sites(rollout)


def synthetic(rollout: Rollout) -> Checked:
    """Synthetic difference-in-differences against sites that never joined; the placebo date lies a third of the way back."""
    if rollout.n_controls < 2:
        raise EstimateRefused("fewer than two sites never joined, so no comparison can be built")
    found = synthetic_did_effect(rollout.panel, **_PANEL)
    before = rollout.before_anyone()
    months = before["month"].unique().sort().to_list()
    placebo = Verdict(NOT_TESTABLE, "too few months before")
    if len(months) >= 6:
        earlier = months[-(len(months) // 3)]
        shifted = before.with_columns(first_month=pl.when(pl.col("first_month").is_not_null()).then(pl.lit(earlier)))
        again = synthetic_did_effect(shifted, **_PANEL)
        placebo = of_interval(*again.interval, f"from {earlier:%Y-%m}, {again.interval[0]:.3g} to {again.interval[1]:.3g}")
    heaviest = max(row["weight"] for row in found.parts["unit_weights"])
    note = f"{found.parts['n_controls']} controls, the heaviest with a weight of {heaviest:.0%}"
    return found, _gap_slope(rollout, found), placebo, Verdict(WARNED if heaviest > ONE_CONTROL else PASSED, note)


def _gap_slope(rollout: Rollout, found: Estimate) -> Verdict:
    """Tests whether treated sites and synthetic control drift apart before joining: least squares of gap on time, by cohort.

    The ridge keeps the weights similar, so they cannot follow a trend that no control shows.
    """
    weights = pl.DataFrame(found.parts["unit_weights"]).select(pl.col("cohort").cast(pl.Date), site="unit", weight="weight")
    worst, at = 1.0, None
    for (cohort,), own in weights.group_by("cohort", maintain_order=True):
        before = rollout.panel.filter(pl.col("month") < cohort)
        treated = before.filter(pl.col("first_month") == cohort).group_by("month", maintain_order=True).agg(pl.col("rate").mean())
        control = (
            before.join(own, on="site", maintain_order="left")
            .group_by("month", maintain_order=True)
            .agg((pl.col("rate") * pl.col("weight")).sum().alias("control"))
        )
        gap = (
            treated.join(control, on="month", maintain_order="left")
            .sort("month")
            .select(pl.col("rate") - pl.col("control"))
            .to_series()
            .to_numpy()
        )
        if len(gap) >= 4 and (fitted := _trend(gap))[1] <= worst:
            at, worst = fitted
    if at is None:
        return Verdict(NOT_TESTABLE, "too few months before")
    n = weights["cohort"].n_unique()
    verdict = FAILED if worst < SIZE / n else PASSED
    return Verdict(verdict, f"gap to the synthetic control moves by {at:.3g} a period; smallest p of {n} cohorts = {worst:.3f}")


def _trend(values: np.ndarray) -> tuple[float, float]:
    """The least-squares slope of values on their place, and the two-sided p-value of its t-test, as `scipy.stats.linregress` has
    them; importing that package takes a second."""
    places = np.arange(len(values)) - (len(values) - 1) / 2
    slope = float(places @ values / (places @ places))
    left = values - values.mean() - slope * places
    error = np.sqrt(left @ left / (len(values) - 2) / (places @ places))
    if error == 0:
        return slope, 0.0 if slope else 1.0
    return slope, float(2 * stdtr(len(values) - 2, -abs(slope / error)))


def interrupted(rollout: Rollout) -> Checked:
    """Interrupted series of all treated sites, if they joined in the same month: the change of level, in the outcome's unit."""
    if len(rollout.joined) > 1:
        raise EstimateRefused("sites joined in different months, so there is no single interruption")
    series = _series(rollout)
    n_after = int(series["is_after"].sum())
    if series.height - n_after < MONTHS_BEFORE or n_after < MONTHS_AFTER:
        raise EstimateRefused(f"an interrupted series needs {MONTHS_BEFORE} months before and {MONTHS_AFTER} after")
    if (series["numerator"] < 0).any() or (series["denominator"] <= 0).any():
        raise EstimateRefused("the outcome is not a count or an amount above zero")
    found = _level_change(series)
    before = series.filter(pl.col("is_after") == 0)
    cut = before.height * 2 // 3
    shifted = before.with_columns(is_after=(pl.col("time") > cut).cast(pl.Int8))
    try:
        again = interrupted_series_effect(
            shifted, outcome="numerator", time="time", intervention="is_after", offset="denominator"
        )
        low, high = again.interval
        placebo = of_interval(low, high, f"after month {cut} of {before.height}, log ratio {low:.3g} to {high:.3g}")
    except EstimateRefused:
        placebo = Verdict(NOT_TESTABLE, "too few months before")
    alone = Verdict(NOT_TESTABLE, "no other site to compare with")
    return found, alone, placebo, Verdict(WARNED, "no control: it includes whatever else changed in that month")


def _series(rollout: Rollout) -> pl.DataFrame:
    treated = (
        rollout.treated_months()
        .group_by("month", maintain_order=True)
        .agg(pl.col("numerator", "denominator").sum(), pl.col("is_after").max())
    )
    return treated.sort("month").with_columns(time=pl.int_range(1, pl.len() + 1), season=pl.col("month").dt.month())


def _level_change(series: pl.DataFrame) -> Estimate:
    """The log rate ratio as a difference of rates: the rate under the program minus the rate without it (rate / ratio)."""
    options: dict[str, Any] = {"outcome": "numerator", "time": "time", "intervention": "is_after", "offset": "denominator"}
    season = ("season", 1) if series.height >= SEASON_MONTHS else None
    found = interrupted_series_effect(series, **options, season=season)
    hangs = found.parts["residual_autocorrelation"]["p_value"]
    if hangs is not None and np.isfinite(hangs) and hangs < 0.05:
        lags = int(4 * (series.height / 100) ** (2 / 9)) + 1
        robust = interrupted_series_effect(series, **options, season=season, hac_lags=lags)
        found = robust if robust.standard_error > found.standard_error else found
    after = series.filter(pl.col("is_after") == 1)
    rate = float(after["numerator"].sum()) / float(after["denominator"].sum())
    low, high = (rate * (1 - exp(-end)) for end in found.interval)
    error = rate * exp(-found.estimate) * found.standard_error
    return replace(found, estimate=rate * (1 - exp(-found.estimate)), standard_error=error, interval=(low, high))


def _waiting_sites(rollout: Rollout) -> Verdict:
    """Checks the number of controls in the month that has fewest, and whether treated and control levels were similar before."""
    never = pl.col("first_month").is_null()
    last = rollout.joined[-1]
    n_left = rollout.n_controls
    if not n_left:  # all join in the end: the last cohort is the control
        n_left = rollout.panel.filter(pl.col("first_month") == last)["site"].n_unique()
    before = (
        rollout.before_anyone().group_by("site", maintain_order=True).agg(pl.col("rate").mean(), never.first().alias("never"))
    )
    levels = before["rate"]
    treated = before.filter(~pl.col("never"))["rate"].to_numpy().mean()
    spread = levels.to_numpy().std(ddof=1) if len(levels) > 1 else 0.0
    distance = abs(treated - levels.to_numpy().mean()) / spread if spread else 0.0
    left = f"{n_left} site{'s' * (n_left > 1)} left to compare with at the end"
    note = f"{left}; levels before differ by {distance:.1f} standard deviations of sites"
    return Verdict(WARNED if n_left < 2 or distance > 1 else PASSED, note)


ROLLOUT_DESIGNS: dict[str, Callable[[Rollout], Checked]] = {
    "staggered_did": staggered,
    "synthetic_did": synthetic,
    "interrupted_series": interrupted,
}
"""Strongest first."""
