"""Which measures of a publication, and of which calendar year, are reported."""

from collections.abc import Sequence

import duckdb

from pipelines.errors import UsageError

ALL = "all"


def reported_year(connection: duckdb.DuckDBPyConnection, year: int | None) -> tuple[int, bool]:
    """The calendar year to report, and whether it is the reporting year, which is the last one. Raises `UsageError`."""
    rows = connection.execute(
        "select distinct cast(year(period_start_on) as int) from marts.fct_measure_results where period_type = 'year' order by 1"
    )
    years = [found for (found,) in rows.fetchall()]
    if not years:
        raise UsageError("No measure was evaluated: load the value sets with `caregap value-sets load`, and run `caregap run`.")
    if year is not None and year not in years:
        raise UsageError(f"{year}: not evaluated. There are {', '.join(map(str, years))}; set reporting_year in practice.toml.")
    return year or years[-1], year in (None, years[-1])


def reported_measures(connection: duckdb.DuckDBPyConnection, wanted: Sequence[str]) -> list[str]:
    """The codes of the measures to report, in order. Raises `UsageError` for one that is unknown or was not evaluated."""
    rows = connection.execute("select measure_code, unavailable_reason from marts.dim_measures order by measure_code").fetchall()
    unavailable = dict(rows)
    if ALL in wanted:
        return [measure for measure, reason in rows if reason is None]
    for measure in wanted:
        if measure not in unavailable:
            raise UsageError(f"{measure}: no such measure. The measures are {', '.join(unavailable)}.")
        if unavailable[measure]:
            raise UsageError(f"{measure} was not evaluated. {unavailable[measure]}. Load them with `caregap value-sets load`.")
    return sorted(set(wanted))
