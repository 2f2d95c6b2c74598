"""Which months a report is about."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from pipelines.errors import UsageError

ENOUGH = 0.5
"""Share of the headline KPIs that must be in for a period to be reported: collections take four months, too long to wait."""
MATURE = """
select n_months, max(last_month_on)
from (
    select periods.n_months, periods.last_month_on, avg(case when periods.is_mature then 1.0 else 0.0 end) as share
    from marts.fct_kpi_periods as periods
    inner join marts.dim_kpis as kpis using (kpi_code)
    where kpis.is_headline and kpis.is_available and periods.slice_type = 'all'
        and (periods.n_months = 1 or (periods.n_months = 3 and month(periods.last_month_on) % 3 = 0))
    group by all
)
where share >= $enough
group by n_months
"""


@dataclass(frozen=True)
class Period:
    """A calendar month or quarter: its first month, and how many months it has."""

    first_month_on: date
    n_months: int

    @property
    def months(self) -> list[date]:
        """The first days of its months."""
        return [_moved(self.first_month_on, n) for n in range(self.n_months)]

    @property
    def ends_on(self) -> date:
        return _moved(self.first_month_on, self.n_months) - timedelta(days=1)

    @property
    def before(self) -> "Period":
        return Period(_moved(self.first_month_on, -self.n_months), self.n_months)

    @property
    def code(self) -> str:
        """`2026-09` or `2026-Q3`, as it is asked for."""
        day = self.first_month_on
        return f"{day:%Y-%m}" if self.n_months == 1 else f"{day:%Y}-Q{(day.month + 2) // 3}"

    @property
    def title(self) -> str:
        day = self.first_month_on
        return f"{day:%B %Y}" if self.n_months == 1 else f"Q{(day.month + 2) // 3} {day:%Y}"


def month(text: str) -> Period:
    """`2026-09`. Raises `UsageError`."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text):
        raise UsageError(f"--month {text}: write it as 2026-09.")
    return Period(date.fromisoformat(f"{text}-01"), 1)


def quarter(text: str) -> Period:
    """`2026-Q3`. Raises `UsageError`."""
    if not re.fullmatch(r"\d{4}-Q[1-4]", text):
        raise UsageError(f"--quarter {text}: write it as 2026-Q3.")
    return Period(date(int(text[:4]), 3 * int(text[-1]) - 2, 1), 3)


def newest_mature(connection: duckdb.DuckDBPyConnection, as_of_on: date) -> tuple[Period, Period]:
    """The newest month and the newest calendar quarter in which half of the headline KPIs or more are mature; where there is
    none, the last that is over."""
    last = dict(connection.execute(MATURE, {"enough": ENOUGH}).fetchall())
    month_over, quarter_over = last_complete(as_of_on)
    return (
        Period(last[1], 1) if 1 in last else month_over,
        Period(_moved(last[3], -2), 3) if 3 in last else quarter_over,
    )


def last_complete(as_of_on: date) -> tuple[Period, Period]:
    """The last month and the last quarter that are over on a day."""
    last = _moved(as_of_on, -1)
    quarter_starts_on = _moved(as_of_on.replace(day=1), -((as_of_on.month - 1) % 3) - 3)
    return Period(last, 1), Period(quarter_starts_on, 3)


def _moved(day: date, n_months: int) -> date:
    """The first of the month, `n_months` later."""
    count = day.year * 12 + day.month - 1 + n_months
    return date(count // 12, count % 12 + 1, 1)
