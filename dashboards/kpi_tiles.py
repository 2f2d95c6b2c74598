"""What a KPI tile shows: the newest quarter that is complete and mature, the one before it, and the months behind them."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboards.data import Publication, ask

MONTHS_A_PERIOD = 3
"""One month of a practice with a few sites is noise; a quarter is what a benchmark survey reports as well."""

_CATALOG = """
    select kpi_code, kpi_name, unit, direction, formula, exclusions, benchmark_low, benchmark_high, benchmark_year,
        source, target, maturity_days, unavailable_reason
    from marts.dim_kpis
    where is_headline
    order by display_order
"""

_MONTHS = """
    select kpi_code, month_on, is_mature, sum(numerator) as numerator, sum(denominator) as denominator
    from marts.fct_kpis
    where is_complete_month
    group by all
    order by kpi_code, month_on
"""


@dataclass(frozen=True)
class Tile:
    """One KPI of the overview. `value` and `prior` are sum over sum of a quarter; None where there is nothing to show."""

    catalog: dict
    months: pl.DataFrame
    value: float | None
    prior: float | None
    first_month: date | None
    last_month: date | None

    @property
    def meets_target(self) -> bool | None:
        """The value is on the good side of the target; None where one of them is missing."""
        target = self.catalog["target"]
        if self.value is None or target is None:
            return None
        return self.value <= target if self.catalog["direction"] == "lower" else self.value >= target


def tiles(publication: Publication) -> list[Tile]:
    """One tile a headline KPI, in the catalog's order; a KPI whose source is absent has a tile without a value."""
    months = ask(publication, _MONTHS).with_columns(
        value=pl.when(pl.col("denominator") != 0).then(pl.col("numerator") / pl.col("denominator"))
    )
    return [
        tile(catalog, months.filter(pl.col("kpi_code") == catalog["kpi_code"]))
        for catalog in ask(publication, _CATALOG).iter_rows(named=True)
    ]


def tile(catalog: dict, months: pl.DataFrame) -> Tile:
    """The tile of one KPI from its months: `month_on`, `is_mature`, `numerator`, `denominator`, `value`, any order."""
    mature = months.filter(pl.col("is_mature")).sort("month_on")
    newest, before = mature.tail(MONTHS_A_PERIOD), mature.head(-MONTHS_A_PERIOD).tail(MONTHS_A_PERIOD)
    return Tile(
        catalog=catalog,
        months=months.tail(24),
        value=_ratio(newest),
        prior=_ratio(before) if len(before) == MONTHS_A_PERIOD else None,
        first_month=newest["month_on"].min(),
        last_month=newest["month_on"].max(),
    )


def _ratio(months: pl.DataFrame) -> float | None:
    denominator = months["denominator"].sum()
    return months["numerator"].sum() / denominator if denominator else None
