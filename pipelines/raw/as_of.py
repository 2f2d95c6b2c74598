"""Determines the day that a run looks back from. Never the clock: the same deliveries give the same tables on any day."""

from datetime import date

import duckdb

from models.sources import own_kinds
from pipelines.errors import UsageError
from pipelines.practice import Practice

# Records from the dashboards do not count: teams work on a list days after its data.
# A file dated only by its name counts as exported at midnight UTC, in America the evening before; its day is that in the name.
NEWEST_EXPORT = """
select max(case
    when exported_at = date_trunc('day', exported_at) then cast(exported_at as date)
    else cast(timezone(?, exported_at) as date)
end)
from raw.deliveries
where status = 'landed' and not list_contains(?, source_system)
"""
NEWEST_VISIT = """
select cast(timezone(?, max(try_cast("period"."end" as timestamptz))) as date)
from raw.ehr_encounter
where status = 'finished'
"""


def as_of(connection: duckdb.DuckDBPyConnection, practice: Practice) -> date:
    """The practice's own `as_of`; otherwise the day of the newest export; otherwise the day of the newest finished visit.

    Days are the practice's, so an export at 02:00 UTC belongs to the evening before in New York. `connection` has the schema
    `raw`. Raises `UsageError` if no delivery has a date.
    """
    if practice.as_of:
        return practice.as_of
    for query, values in ((NEWEST_EXPORT, [practice.time_zone, own_kinds()]), (NEWEST_VISIT, [practice.time_zone])):
        day = connection.execute(query, values).fetchall()[0][0]
        if day:
            return day
    raise UsageError("No delivered file has a date. Set one: `--as-of 2026-03-31`, or as_of in practice.toml.")
