"""Care gaps at the end of a period, measure by measure."""

from typing import Any

import duckdb

from models.few_cases import is_few
from pipelines.exports.board_report.period import Period

GAPS = """
with month_ends as (
    select measure_code, group_id, month_end_on, gap_status, is_newly_opened, is_newly_closed, is_restated
    from marts.fct_care_gap_months
    where month_end_on between $first and $last
        and measure_code not in (select measure_code from marts.dim_measures where is_restricted)
),
newest as (select max(month_end_on) as month_end_on from month_ends),
actionable as (
    select measure_code, group_id, count(*) filter (where is_actionable_today) as n_actionable
    from marts.fct_care_gaps
    group by all
)
select
    month_ends.measure_code,
    month_ends.group_id,
    measures.title,
    measures.is_for_outreach,
    count(*) filter (where month_ends.month_end_on = newest.month_end_on and gap_status = 'closed') as n_closed,
    count(*) filter (where month_ends.month_end_on = newest.month_end_on and gap_status = 'open') as n_open,
    count(*) filter (where is_newly_closed) as n_newly_closed,
    count(*) filter (where is_newly_opened) as n_newly_opened,
    count(*) filter (where is_restated) as n_restated,
    coalesce(any_value(actionable.n_actionable), 0) as n_actionable
from month_ends
cross join newest
inner join marts.dim_measures as measures using (measure_code)
left join actionable
    on month_ends.measure_code = actionable.measure_code and month_ends.group_id = actionable.group_id
group by all
having n_closed + n_open > 0
order by n_open desc, measure_code, group_id
"""


def care_gaps(connection: duckdb.DuckDBPyConnection, period: Period) -> list[dict[str, Any]]:
    """A row per measure and group with a gap, open or closed, at the period's last month end; the most open first. The closure
    rate counts those of measures that are `is_for_outreach`.

    Without restricted measures (HIV, substance use, suicide risk): roles that may not see these open the report too.
    """
    rows = connection.execute(GAPS, {"first": period.first_month_on, "last": period.ends_on}).pl()
    return [row | _rate(row["n_closed"], row["n_closed"] + row["n_open"]) for row in rows.iter_rows(named=True)]


def _rate(n_closed: int, n: int) -> dict[str, Any]:
    """The share that is closed, and whether it rests on few gaps."""
    return {"rate": n_closed / n, "is_small": is_few(n_closed, n)}
