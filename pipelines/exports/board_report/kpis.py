"""Every KPI in a period: against the period before, a year before, its baseline, target and benchmark."""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import polars as pl

from pipelines.exports.board_report.period import Period

CATALOG = "select * from marts.dim_kpis order by display_order"
MONTHS = """
select kpi_code, month_on, numerator, denominator, is_mature, is_complete_month
from marts.fct_kpi_slices
where slice_type = 'all'
order by kpi_code, month_on
"""
BASELINES = """
select
    kpi_code,
    sum(numerator) / nullif(sum(denominator), 0) as value,
    count(*) as n_sites,
    bool_or(is_restated) as is_restated,
    sum(current_numerator) / nullif(sum(current_denominator), 0) as current_value
from marts.fct_baselines
where is_final
group by kpi_code
"""
CHART_MONTHS = 24


@dataclass(frozen=True)
class Kpi:
    """One KPI in the period. A value is sum over sum of the months that are mature, in the catalog's unit; None: there is none.

    `n_mature` of the period's months are mature; `change` and verdicts are None unless all are, so that what is still coming
    in is never a fall. `mature_on`: when all will be. `months`: `month_on`, `value`, `is_mature` of the two years up to its end.
    """

    catalog: dict
    value: float | None
    before: float | None
    year_before: float | None
    baseline: dict | None
    n_mature: int
    is_mature: bool
    mature_on: date
    months: pl.DataFrame

    @property
    def change(self) -> float | None:
        return self.value - self.before if self.is_mature and self.value is not None and self.before is not None else None

    def is_better_than(self, other: float | None) -> bool | None:
        """The period is on the good side of another value, or on it; None where it cannot be said."""
        if not self.is_mature or self.value is None or other is None:
            return None
        return self.value <= other if self.catalog["direction"] == "lower" else self.value >= other

    @property
    def meets_target(self) -> bool | None:
        return self.is_better_than(self.catalog["target"])


def kpis(connection: duckdb.DuckDBPyConnection, period: Period, as_of_on: date) -> list[Kpi]:
    """Every KPI of the catalog in its order, from an open published warehouse."""
    months = connection.sql(MONTHS).pl()
    baselines = {row["kpi_code"]: row for row in connection.sql(BASELINES).pl().iter_rows(named=True)}
    return [
        _kpi(
            catalog,
            months.filter(pl.col("kpi_code") == catalog["kpi_code"]),
            baselines.get(catalog["kpi_code"]),
            period,
            as_of_on,
        )
        for catalog in connection.sql(CATALOG).pl().iter_rows(named=True)
    ]


def _kpi(catalog: dict, months: pl.DataFrame, baseline: dict | None, period: Period, as_of_on: date) -> Kpi:
    maturing = timedelta(days=max(catalog["maturity_days"], 1))
    n_mature = sum(Period(month_on, 1).ends_on + maturing <= as_of_on for month_on in period.months)
    shown = months.filter(pl.col("month_on") <= period.ends_on, pl.col("is_complete_month")).tail(CHART_MONTHS)
    return Kpi(
        catalog=catalog,
        value=value_of(months, period),
        before=value_of(months, period.before),
        year_before=value_of(months, period.year_before),
        baseline=baseline,
        n_mature=n_mature,
        is_mature=n_mature == period.n_months,
        mature_on=period.ends_on + maturing,
        months=shown.select(
            "month_on", "is_mature", value=pl.when(pl.col("denominator") != 0).then(pl.col("numerator") / pl.col("denominator"))
        ).drop_nulls("value"),
    )


def value_of(months: pl.DataFrame, period: Period) -> float | None:
    """Sum over sum of a KPI's mature months in a period; None where it has none, or nothing to divide by."""
    inside = months.filter(pl.col("month_on").is_in(period.months), pl.col("is_mature"))
    denominator = inside["denominator"].sum()
    return inside["numerator"].sum() / denominator if denominator else None
