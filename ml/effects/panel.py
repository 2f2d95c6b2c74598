"""A balanced panel: each unit observed once per period, and treated from some period on or never."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.effects.columns import as_numbers, labels, numeric, require
from ml.effects.estimate import EstimateRefused

NEVER = np.inf


@dataclass(frozen=True)
class Panel:
    """`outcome` is units × periods; `clock` (periods,) and `first_treated` (units,) share one time scale; infinity means never.

    `period_names` are the periods as delivered and `cohort_names` the first treated periods as delivered, by clock.
    `clusters` (units,) numbers the cluster of each unit from 0; without a cluster column every unit is its own.
    """

    units: list[object]
    clock: np.ndarray
    period_names: list[object]
    cohort_names: dict[float, object]
    first_treated: np.ndarray
    outcome: np.ndarray
    clusters: np.ndarray
    n_dropped: int

    @property
    def cohorts(self) -> np.ndarray:
        """The clock of each first treated period, ascending."""
        return np.unique(self.first_treated[np.isfinite(self.first_treated)])


def read_panel(
    frame: pl.DataFrame,
    *,
    unit: str,
    period: str,
    first_treated: str,
    outcome: str,
    cluster: str | None = None,
    drop_incomplete: bool = False,
) -> Panel:
    """Reads a long frame, one row per unit × period, as a `Panel`.

    Periods are numbers, whose differences count as given, or ISO dates and months, which are numbered in the order observed.
    First treated: 0, empty, infinite or after the last period means never. Units treated from the first period on have no
    "before": they are dropped and counted in `n_dropped`. With `drop_incomplete`, units without an outcome in every period
    are dropped too, as the R package `did` does.
    Raises `EstimateRefused` for a missing column or value, a second row for one unit and period, a unit without a row for
    every period, a first treated period or cluster that changes within a unit, and if no unit is treated.
    """
    require(frame, [unit, period, first_treated, outcome, *([cluster] if cluster else [])])
    n_incomplete = 0
    if drop_incomplete:
        frame, n_incomplete = _complete(frame, unit, period, outcome)
    clock, first_clock, names = _time_scale(labels(frame, period), frame[first_treated], period)
    long = pl.DataFrame(
        {
            "row": np.arange(1, frame.height + 1),
            "unit": labels(frame, unit),
            "clock": clock,
            "first": _never_as_infinity(first_clock, frame[first_treated], first_treated),
            "outcome": numeric(frame, outcome),
            "cluster": labels(frame, cluster or unit),
            "name": frame[first_treated],
        }
    ).sort("unit", "clock", "row")
    _refuse_unbalanced(long, len(names), unit, period)
    for column, name in (("first", first_treated), ("cluster", cluster or unit)):
        changed = long.filter(pl.col(column) != pl.col(column).first().over("unit"))
        if not changed.is_empty():
            raise EstimateRefused("changes within a unit", column=name, row=min(changed["row"]))
    periods = np.array(sorted(names))
    one = long.unique("unit", keep="first", maintain_order=True)
    first = one["first"].to_numpy()
    first = np.where(first > periods[-1], NEVER, first)
    kept = first > periods[0]
    if not np.isfinite(first[kept]).any():
        raise EstimateRefused("no unit is first treated after the first period and by the last", column=first_treated)
    return Panel(
        units=one["unit"].filter(pl.Series(kept)).to_list(),
        clock=periods,
        period_names=[names[at] for at in periods],
        cohort_names=dict(zip(one["first"].to_list(), (_whole(name) for name in one["name"].to_list()), strict=True)),
        first_treated=first[kept],
        outcome=long["outcome"].to_numpy().reshape(one.height, len(periods))[kept],
        clusters=np.unique(one["cluster"].rank("dense").to_numpy()[kept], return_inverse=True)[1],
        n_dropped=int((~kept).sum()) + n_incomplete,
    )


def _complete(frame: pl.DataFrame, unit: str, period: str, outcome: str) -> tuple[pl.DataFrame, int]:
    """The rows of units with an outcome in every period, and how many units are left out."""
    with_outcome = frame.filter(as_numbers(frame[outcome]).is_finite().fill_null(False))
    complete = with_outcome.filter(pl.col(period).n_unique().over(unit) == frame[period].drop_nulls().n_unique())
    if complete.is_empty():
        raise EstimateRefused("no unit has an outcome in every period", column=unit)
    return complete, frame[unit].n_unique() - complete[unit].n_unique()


def _time_scale(periods: pl.Series, first: pl.Series, period: str) -> tuple[pl.Series, pl.Series, dict[float, object]]:
    """Each row's period and first treated period (null: none readable) on one scale, and the periods' names by it."""
    numbers = _numbers(periods)
    if not numbers.has_nulls():
        return numbers, _numbers(first), {at: _whole(at) for at in numbers.unique().to_list()}
    days = _days(periods)
    if days.has_nulls():
        raise EstimateRefused("is neither a number nor a date", column=period, row=days.to_list().index(None) + 1)
    observed = days.unique().sort()
    clock = observed.search_sorted(days).cast(pl.Float64)
    first_days = _days(first)
    first_clock = observed.search_sorted(first_days, side="left").cast(pl.Float64).set(first_days.is_null(), None)
    return clock, first_clock, dict(zip(clock.to_list(), map(str, periods.to_list()), strict=True))


def _never_as_infinity(clock: pl.Series, delivered: pl.Series, column: str) -> pl.Series:
    written = delivered.cast(pl.String).str.strip_chars().fill_null("")
    numbers = as_numbers(written)
    is_never = (written == "") | ((numbers == 0) | numbers.is_nan() | (numbers == NEVER)).fill_null(False)
    clock = clock.set(is_never, NEVER)
    if clock.has_nulls():
        raise EstimateRefused("is not a period", column=column, row=clock.to_list().index(None) + 1)
    return clock


def _refuse_unbalanced(long: pl.DataFrame, n_periods: int, unit: str, period: str) -> None:
    twice = long.filter(pl.struct("unit", "clock").is_first_distinct().not_())
    if not twice.is_empty():
        raise EstimateRefused(f"a second row for the same {unit} and {period}", column=unit, row=min(twice["row"]))
    short = long.filter(pl.len().over("unit") < n_periods)
    if not short.is_empty():
        raise EstimateRefused(
            f"the panel is unbalanced: this unit has no row for some of the {n_periods} periods; give every unit every period, "
            "or drop incomplete units deliberately",
            column=unit,
            row=min(short["row"]),
        )


def _numbers(values: pl.Series) -> pl.Series:
    return as_numbers(values) if not values.dtype.is_temporal() else pl.Series([None] * len(values), dtype=pl.Float64)


def _days(values: pl.Series) -> pl.Series:
    if values.dtype.is_temporal():
        return values.cast(pl.Date)
    text = values.cast(pl.String).str.strip_chars()
    return (
        pl.select(pl.when(text.str.len_chars() == 7).then(text + "-01").otherwise(text))
        .to_series()
        .str.to_date("%Y-%m-%d", strict=False)
    )


def _whole(name: object) -> object:
    """A number as an integer where it is one; anything else as it is."""
    try:
        number = float(name)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return name
    return int(number) if number.is_integer() else number
