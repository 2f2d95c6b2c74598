"""Monthly volumes and costs of a program: as delivered, then continued at their recent level."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

RECURRING = ("licence", "support", "staff", "optimisation")
"""Recurring costs; all others are paid once."""
RECENT_MONTHS = 6
"""Recent months whose mean is continued."""


@dataclass(frozen=True)
class Volumes:
    """Arrays have one element per month of the horizon.

    `exposure` by outcome: its denominator at sites on the program. `live_share`: exposure over the denominator of all sites.
    `members`: patients whom a campaign tried to reach. `costs` by category. `years_ahead`: years beyond the data, 0 within it.
    """

    starts_on: date
    n_observed: int
    exposure: dict[str, np.ndarray]
    live_share: dict[str, np.ndarray]
    members: np.ndarray
    costs: dict[str, np.ndarray]

    @classmethod
    def from_table(cls, starts_on: date, n_observed: int, table: pl.DataFrame) -> "Volumes":
        """The volumes that `to_table` wrote, beside the two that it does not hold."""
        series = {
            (kind, code): rows.sort("month_number")["value"].to_numpy()
            for (kind, code), rows in table.group_by("series_type", "series_code", maintain_order=True)
        }

        def of(kind: str) -> dict[str, np.ndarray]:
            return {code: months for (found, code), months in series.items() if found == kind}

        return cls(starts_on, n_observed, of("exposure"), of("live_share"), series["members", "all"], of("cost"))

    def to_table(self) -> pl.DataFrame:
        """One row per series and month from 1 on: `series_type` (`exposure`, `live_share`, `members`, `cost`), `series_code` (the
        outcome or the kind of cost; `all`), `month_number`, `value`."""
        series = {
            **{("exposure", code): months for code, months in self.exposure.items()},
            **{("live_share", code): months for code, months in self.live_share.items()},
            ("members", "all"): self.members,
            **{("cost", code): months for code, months in self.costs.items()},
        }
        return pl.concat(
            pl.DataFrame({"month_number": range(1, self.n_months + 1), "value": np.asarray(months, dtype=float)}).with_columns(
                series_type=pl.lit(kind), series_code=pl.lit(code)
            )
            for (kind, code), months in series.items()
        )

    @property
    def n_months(self) -> int:
        return len(self.members)

    @property
    def years_ahead(self) -> np.ndarray:
        return (np.arange(self.n_months) - self.n_observed + 1).clip(0) / 12

    def month_on(self, place: int) -> date:
        return _add_months(self.starts_on, place)


def volumes(
    costs: pl.DataFrame, outcomes: pl.DataFrame, members: pl.DataFrame, *, as_of_on: date, horizon_months: int
) -> Volumes | None:
    """The volumes of one program from its first cost or go-live on; None if it has neither by the month of `as_of_on`.

    `costs`: category, month_on, amount_usd. `outcomes`: outcome_code, month_on, is_live, denominator, is_mature, one row per
    site. `members`: month_on, n_members. Unfinished months, and those without outcomes yet, continue at the level of the last six
    months, and so do recurring costs; a cost line dated in the future is used as delivered.
    """
    starts: list[date] = [min(frame["month_on"]) for frame in (costs, outcomes.filter("is_live")) if not frame.is_empty()]
    this_month = as_of_on.replace(day=1)
    start = min(starts, default=this_month)
    if start >= this_month:
        return None
    n_observed = min(_months_between(start, this_month), horizon_months)

    def spread(frame: pl.DataFrame, column: str, n_known: int) -> np.ndarray:
        months = np.zeros(horizon_months)
        for month, amount in frame.select("month_on", pl.col(column).cast(pl.Float64)).iter_rows():
            if 0 <= (place := _months_between(start, month)) < horizon_months:
                months[place] += amount
        return _continued(months, n_known)

    exposure, live_share = {}, {}
    for (outcome,), rows in outcomes.group_by("outcome_code", maintain_order=True):
        mature = rows.filter("is_mature")
        n_known = min(_months_between(start, max(mature["month_on"])) + 1, n_observed) if not mature.is_empty() else 0
        live, whole = (spread(frame, "denominator", n_known) for frame in (mature.filter("is_live"), mature))
        exposure[outcome] = live
        live_share[outcome] = np.divide(live, whole, out=np.zeros(horizon_months), where=whole > 0)
    known_costs = {}
    for (category,), rows in costs.group_by("category", maintain_order=True):
        ahead = rows.filter(pl.col("month_on") >= this_month)
        known_costs[category] = spread(rows, "amount_usd", horizon_months)
        if category in RECURRING and n_observed < horizon_months:
            going_on = spread(rows.filter(pl.col("month_on") < this_month), "amount_usd", n_observed)
            delivered = np.isin(np.arange(horizon_months), [_months_between(start, month) for month in ahead["month_on"]])
            known_costs[category] = np.where(delivered, known_costs[category], going_on)
    return Volumes(start, n_observed, exposure, live_share, spread(members, "n_members", n_observed), known_costs)


def _continued(months: np.ndarray, n_known: int) -> np.ndarray:
    recent = months[max(0, n_known - RECENT_MONTHS) : n_known]
    return np.where(np.arange(len(months)) < n_known, months, recent.mean() if len(recent) else 0.0)


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _add_months(first: date, n: int) -> date:
    months = first.year * 12 + first.month - 1 + n
    return date(months // 12, months % 12 + 1, 1)
