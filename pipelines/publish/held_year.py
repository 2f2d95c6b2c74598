"""The calendar year that a de-identified file holds, and the tables that cover it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import polars as pl

from models.contract import Contract
from models.phi import Phi
from models.published import PUBLISHED

DAYS_UNTIL_SETTLED = 180
"""By then few visits are entered late and few claims are still open: what is still open names those of the year's last weeks."""

LEAST_SHARE_OF_A_MONTH = 0.2
"""Of the median month: a month with less was not delivered yet, but for strays, as bookings taken over from another system."""

BIRTH = "birth_date"

_COVERAGE = f"""
    select
        '{{table}}',
        coalesce(sum(n_rows) > 0, false),
        bool_and(n_months = 14 and fewest >= {LEAST_SHARE_OF_A_MONTH} * usual) filter (where n_months > 0)
    from (
        select
            source_system,
            sum(n) as n_rows,
            count(*) filter (is_near) as n_months,
            min(n) filter (is_near) as fewest,
            median(n) filter (is_near) as usual
        from (
            select
                source_system,
                date_trunc('month', {{day}}) as month_on,
                month_on between date '{{before}}-12-01' and date '{{after}}-01-01' as is_near,
                count(*) as n
            from {{table}}
            group by all
        )
        group by source_system
    )
"""
"""Whether a table has rows, and whether each of its sources with rows near the year has its usual number in each of 14 months."""


@dataclass(frozen=True)
class HeldYear:
    """`tables` hold rows: those of `PUBLISHED`, by `schema.table`, that cover the whole year."""

    year: int
    tables: frozenset[str]


def held_year(connection: duckdb.DuckDBPyConnection, as_of_on: date) -> HeldYear:
    """The last year that ended 180 days before `as_of_on`, and the tables of the open build that cover it.

    One year, so that the files of two years share no row by which a person is found again. A table covers it if each source that
    has rows there has them in each of its months and in the months before and after, and in none fewer than a fifth of the median
    month: a table that begins in May, beside one that begins in January, says which visits were from January to April.

    Results of a period rest on all tables, and need all that have rows.
    """
    year = (as_of_on - timedelta(days=DAYS_UNTIL_SETTLED)).year - 1
    dated = {table: day for table, contract in PUBLISHED.items() if (day := day_of(contract)) and _is_of_a_person(contract, day)}
    asked = [_COVERAGE.format(table=table, day=day, before=year - 1, after=year + 1) for table, day in dated.items()]
    found = connection.execute(" union all ".join(asked)).fetchall()
    covering = {table for table, _, is_covered in found if is_covered}
    resting = {table for table, contract in PUBLISHED.items() if day_of(contract)} - dated.keys()
    is_whole = all(table in covering for table, has_rows, _ in found if has_rows)
    return HeldYear(year, frozenset(covering | (resting if is_whole else set())))


def uncovered(held: HeldYear, n_rows: Mapping[str, int]) -> list[str]:
    """The tables of `n_rows`, rows by table in the warehouse, that have rows there and none in the file, since they do not cover
    the year."""
    return [table for table, n in n_rows.items() if n and day_of(PUBLISHED[table]) and table not in held.tables]


def day_of(contract: Contract) -> str | None:
    """The column whose year is that of a row in the file; None where a row has no year."""
    names = contract.deidentified.columns
    return next((name for name in names if name != BIRTH and is_day(contract, name)), None)


def is_day(contract: Contract, name: str) -> bool:
    """Whether a column of the contract is a day or an instant."""
    dtype = contract.fields[name].dtype.type
    return isinstance(dtype, pl.Datetime) or dtype == pl.Date


def _is_of_a_person(contract: Contract, day: str) -> bool:
    return contract.phi_of(day) is not Phi.NONE
