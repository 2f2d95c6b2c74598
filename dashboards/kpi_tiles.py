"""What a KPI tile shows: the newest quarter that is complete and mature, the one before, the baseline, the months behind."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboards.data import Publication, ask
from dashboards.filters import Filters
from dashboards.kpi_data import CATALOG, baselines, months_of, ratio

MONTHS_A_PERIOD = 3
"""One month of a practice with a few sites is noise; a quarter is what a benchmark survey reports as well."""


@dataclass(frozen=True)
class Tile:
    """One KPI of the overview. `value` and `prior` are sum over sum of a quarter; None where there is nothing to show."""

    catalog: dict
    months: pl.DataFrame
    value: float | None
    prior: float | None
    first_month: date | None
    last_month: date | None
    baseline: float | None = None

    @property
    def meets_target(self) -> bool | None:
        """The value is on the good side of the target; None where one of them is missing."""
        target = self.catalog["target"]
        if self.value is None or target is None:
            return None
        return self.value <= target if self.catalog["direction"] == "lower" else self.value >= target


def tiles(publication: Publication, chosen: Filters | None = None) -> list[Tile]:
    """One tile a KPI, in the catalog's order; a KPI whose source is absent has a tile without a value."""
    chosen = chosen or Filters()
    months, frozen = months_of(publication, chosen), baselines(publication, chosen)
    parts = months.partition_by("kpi_code", as_dict=True)
    return [
        tile(catalog, parts.get((catalog["kpi_code"],), months.clear()), frozen.get(catalog["kpi_code"]))
        for catalog in ask(publication, CATALOG).iter_rows(named=True)
    ]


def tile(catalog: dict, months: pl.DataFrame, baseline: float | None = None) -> Tile:
    """The tile of one KPI from its months: `month_on`, `is_mature`, `numerator`, `denominator`, `value`, any order."""
    months = months.sort("month_on")
    mature = months.filter(pl.col("is_mature"))
    newest, before = mature.tail(MONTHS_A_PERIOD), mature.head(-MONTHS_A_PERIOD).tail(MONTHS_A_PERIOD)
    return Tile(
        catalog=catalog,
        months=months.tail(24),
        value=ratio(newest),
        prior=ratio(before) if len(before) == MONTHS_A_PERIOD else None,
        first_month=newest["month_on"].min(),
        last_month=newest["month_on"].max(),
        baseline=baseline,
    )
