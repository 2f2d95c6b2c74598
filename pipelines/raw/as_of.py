"""Determines the day that a run looks back from. Never the clock: the same deliveries give the same tables on any day."""

from datetime import date
from typing import Any

import duckdb

from models import finished_visit
from models.sources import own_kinds
from pipelines.errors import UsageError
from pipelines.practice import Practice

# Records from the dashboards do not count: teams work on a list days after its data.
# A file dated only by its name counts as exported at midnight UTC, in America the evening before; its day is that in the name.
# An export dated ten years away from the newest visit is a typing error, or of a server whose clock is wrong.
NEWEST_EXPORT = """
with exports as (
    select
        case
            when exported_at = date_trunc('day', exported_at) then cast(exported_at as date)
            else cast(timezone($time_zone, exported_at) as date)
        end as day
    from raw.deliveries
    where status = 'landed' and not list_contains($own, source_system)
)
select max(day)
from exports
where $visit is null or day between $visit::date - interval 10 year and $visit::date + interval 10 year
"""
# A day that lies years away from all others is a typing error: one visit ending in 2206 moved every table by 180 years. So the
# days are cut where five years pass without a visit, and the part with most visits counts. A time without an offset is local.
# A visit without an end was on the day on which it began; a status is read as the macro `fhir_status` reads it.
NEWEST_VISIT = f"""
with days as (
    select
        case
            when regexp_matches(substr(ended, 17), '[Zz+-]')
                then cast(timezone($time_zone, try_cast(ended as timestamptz)) as date)
            else try_cast(left(ended, 10) as date)
        end as day,
        count(*) as n_visits
    from (select status, coalesce(nullif("period"."end", ''), "period"."start") as ended from raw.ehr_encounter)
    where status = 'finished'
        or regexp_replace(lower(status), '[^a-z]', '', 'g')
            in {("finished", *finished_visit.WORDS)}
    group by day
    having day is not null
),
parts as (
    select *, sum(cast(is_cut as integer)) over (order by day) as part
    from (select *, coalesce(day > lag(day) over (order by day) + interval 5 year, false) as is_cut from days)
)
select max(day)
from parts
group by part
order by sum(n_visits) desc, min(day)
limit 1
"""


def as_of(connection: duckdb.DuckDBPyConnection, practice: Practice) -> date:
    """The practice's own `as_of`; otherwise the day of the newest export; otherwise the day of the newest finished visit.

    Neither a visit nor an export that lies years away from the visits counts. Days are the practice's, so an export at 02:00 UTC
    belongs to the evening before in New York. `connection` has the schema `raw`. Raises `UsageError` if no delivery has a date.
    """
    if practice.as_of:
        return practice.as_of
    visit = _day(connection, NEWEST_VISIT, {"time_zone": practice.time_zone})
    told = {"time_zone": practice.time_zone, "own": own_kinds(), "visit": visit}
    if found := _day(connection, NEWEST_EXPORT, told) or visit:
        return found
    raise UsageError("No delivered file has a date. Set one: `--as-of 2026-03-31`, or as_of in practice.toml.")


def _day(connection: duckdb.DuckDBPyConnection, query: str, told: dict[str, Any]) -> date | None:
    found = connection.execute(query, told).fetchall()
    return found[0][0] if found else None
