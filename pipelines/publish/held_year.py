"""The calendar year that a de-identified file holds, and the tables that cover it."""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import polars as pl

from models.contract import Contract
from models.phi import Phi
from models.published import PUBLISHED

DAYS_UNTIL_SETTLED = 180
"""By then few visits are entered late and few claims are still open: what is still open names those of the year's last weeks."""

BIRTH = "birth_date"


@dataclass(frozen=True)
class HeldYear:
    """`tables` hold rows: those of `PUBLISHED`, by `schema.table`, that cover the whole year."""

    year: int
    tables: frozenset[str]


def held_year(connection: duckdb.DuckDBPyConnection, as_of_on: date) -> HeldYear:
    """The last year that ended 180 days before `as_of_on`, and the tables of the open build that cover it.

    One year, so that the files of two years share no row by which a person is found again. A table covers it if each source that
    has rows there has a day in each of its months and in the months before and after: a table that begins in May, beside one that
    begins in January, says which visits were from January to April.

    Results of a period rest on all tables, and need all that have rows.
    """
    year = (as_of_on - timedelta(days=DAYS_UNTIL_SETTLED)).year - 1
    dated = {table: day for table, contract in PUBLISHED.items() if (day := day_of(contract)) and _is_of_a_person(contract, day)}
    counts = " union all ".join(
        f"select '{table}', count(*) > 0, min(n_months) filter (where n_months > 0) from (select source_system, "
        f"count(distinct date_trunc('month', {day})) filter (where {day} >= date '{year - 1}-12-01' and "
        f"{day} < date '{year + 1}-02-01') as n_months from {table} group by source_system)"
        for table, day in dated.items()
    )
    found = connection.execute(counts).fetchall()
    covering = {table for table, _, n_months in found if n_months == 14}
    resting = {table for table, contract in PUBLISHED.items() if day_of(contract)} - dated.keys()
    is_whole = all(table in covering for table, has_rows, _ in found if has_rows)
    return HeldYear(year, frozenset(covering | (resting if is_whole else set())))


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
