"""Every KPI in a period, from `marts.fct_kpi_periods`, with its months."""

from typing import Any

import duckdb
import polars as pl

from pipelines.exports.board_report.period import Period

KPIS = """
select kpis.*, periods.* exclude (kpi_code, target, benchmark_low, benchmark_high)
from marts.dim_kpis as kpis
left join marts.fct_kpi_periods as periods
    on kpis.kpi_code = periods.kpi_code
    and periods.slice_type = 'all'
    and periods.n_months = $n_months
    and periods.last_month_on = $last_month_on
order by kpis.display_order
"""
MONTHS = """
select kpi_code, month_on, is_mature, numerator / nullif(denominator, 0) as value
from marts.fct_kpi_slices
where slice_type = 'all' and is_complete_month and month_on <= $last_month_on and denominator <> 0
qualify row_number() over (partition by kpi_code order by month_on desc) <= $n_months
order by kpi_code, month_on
"""
RESTATED = """
select
    kpi_code,
    sum(numerator) / nullif(sum(denominator), 0) as frozen_value,
    sum(current_numerator) / nullif(sum(current_denominator), 0) as current_value
from marts.fct_baselines
where is_final
group by kpi_code
having bool_or(is_restated)
"""
CHART_MONTHS = 24


Kpi = dict[str, Any]
"""A row of `dim_kpis` with that of `fct_kpi_periods`, whose columns are None where the record begins after the period. `months`
(`month_on`, `value`, `is_mature`) are of the two years up to its end; `restated` is None, or the baselines of all sites, frozen
(`frozen_value`) and as today's data give them (`current_value`).
"""


def kpis(connection: duckdb.DuckDBPyConnection, period: Period) -> list[Kpi]:
    """Every KPI of the catalog in its order, from an open published warehouse."""
    last = period.months[-1]
    rows = connection.execute(KPIS, {"n_months": period.n_months, "last_month_on": last}).pl()
    months = connection.execute(MONTHS, {"n_months": CHART_MONTHS, "last_month_on": last}).pl()
    restated = {row["kpi_code"]: row for row in connection.sql(RESTATED).pl().iter_rows(named=True)}
    return [
        row | {"months": months.filter(pl.col("kpi_code") == row["kpi_code"]), "restated": restated.get(row["kpi_code"])}
        for row in rows.iter_rows(named=True)
    ]
