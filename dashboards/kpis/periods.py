"""KPIs in their newest mature period: rows of `marts.fct_kpi_periods` for the chosen slice."""

from typing import Any

import polars as pl

from dashboards.figures.trends import first_and_last
from dashboards.kpis.months import first_month, months_of, restrictions, since
from dashboards.layout.filters import Filters
from dashboards.layout.page import is_published
from dashboards.store.published import Publication, ask
from models.few_cases import is_few

Period = dict[str, Any]
"""A row of `marts.fct_kpi_periods`, with the KPI's `scoring` and `time_basis`."""

QUARTER = 3
"""Months. One month of a practice with a few sites is noise; a quarter is what a benchmark survey reports as well."""

SUMMED = ("numerator", "denominator", "n_records")
"""What months add up to."""

_NEWEST = """
    select periods.*, kpis.scoring, kpis.time_basis
    from marts.fct_kpi_periods as periods
    inner join marts.dim_kpis as kpis using (kpi_code)
    where is_newest and n_months = ? and slice_type = ? and (cast(? as varchar) is null or slice_key = ?)
    order by kpi_code, slice_name, slice_key
"""


def newest(publication: Publication, chosen: Filters, n_months: int, kpi_codes: tuple[str, ...]) -> dict[str, Period]:
    """The newest mature period of `n_months` of some KPIs, in the slice that was chosen: code → row.

    A KPI without a mature month is absent; one without a case in the slice has a row whose value is None. Where two filters meet,
    nothing is published of their slice, nor for a viewer who is limited to some sites: it is summed from its months, and compared
    with nothing.
    """
    if not is_published(publication, "marts.fct_kpi_periods"):
        found = {code: _of_sites(publication, chosen, n_months, code) for code in kpi_codes}
        return {code: row for code, row in found.items() if row}
    chosen_slice = restrictions(chosen) or {"all": None}
    if len(chosen_slice) == 1:
        slice_type, key = next(iter(chosen_slice.items()))
        rows = _rows(publication, n_months, slice_type, key)
        return {row["kpi_code"]: row for row in rows.iter_rows(named=True) if row["kpi_code"] in kpi_codes}
    whole = newest(publication, Filters(), n_months, kpi_codes)
    return {code: _summed(publication, chosen, row) for code, row in whole.items()}


def members(publication: Publication, chosen: Filters, period: Period, split_by: str) -> pl.DataFrame:
    """A KPI's members of one dimension over a period, with a case in it: `slice_key`, `slice_name`, `numerator`, `denominator`,
    `value`, `is_small`, and the period's `first_month_on` and `last_month_on`."""
    if set(restrictions(chosen)) <= {split_by} and is_published(publication, "marts.fct_kpi_periods"):
        rows = _rows(publication, period["n_months"], split_by, restrictions(chosen).get(split_by))
        rows = rows.filter(pl.col("kpi_code") == period["kpi_code"])
    else:
        months = months_of(publication, chosen, period["kpi_code"], split_by).filter("is_mature")
        inside = since(months, period["last_month_on"], period["n_months"])
        n_ends = pl.col("month_on").n_unique() if period["time_basis"] == "month_end" else 1
        rows = inside.group_by("slice_key", "slice_name").agg(sums(n_ends))
        value = pl.col("numerator") / pl.col("denominator")
        rows = rows.with_columns(few_cases(rows, period["scoring"]), value=value)
    rows = rows.filter(pl.col("denominator") > 0).select(
        "slice_key", "slice_name", "numerator", "denominator", "value", "is_small"
    )
    return dated(rows, period)


def dated(rows: pl.DataFrame, period: Period) -> pl.DataFrame:
    """The rows with the months that they are about, `first_month_on` and `last_month_on`: what is taken away says its period."""
    return rows.with_columns(first_month_on=pl.lit(period["first_month_on"]), last_month_on=pl.lit(period["last_month_on"]))


def sums(n_ends: int | pl.Expr) -> list[pl.Expr]:
    """`SUMMED` over months, divided by `n_ends`, the month ends of a KPI that says how things stood. Where no month has a number
    of records, the sum has none."""
    known = pl.when(pl.col("n_records").is_not_null().any()).then(pl.col("n_records").sum())
    return [pl.col("numerator").sum() / n_ends, pl.col("denominator").sum() / n_ends, (known / n_ends).alias("n_records")]


def few_cases(rows: pl.DataFrame, scoring: str) -> pl.Series:
    """`is_small`: whether each row, which has `SUMMED`, rests on few cases of a KPI scored so."""
    small = [is_few(met, cases, scoring, n) for met, cases, n in rows.select(SUMMED).iter_rows()]
    return pl.Series("is_small", small, dtype=pl.Boolean)


def _rows(publication: Publication, n_months: int, slice_type: str, key: object) -> pl.DataFrame:
    text = None if key is None else str(key)
    return ask(publication, _NEWEST, (n_months, slice_type, text, text))


def _of_sites(publication: Publication, chosen: Filters, n_months: int, kpi_code: str) -> Period | None:
    """The newest mature period of the sites that the viewer may see; None where there is none."""
    mature = months_of(publication, chosen, kpi_code).filter("is_mature")
    if mature.is_empty():
        return None
    _, last = first_and_last(mature["month_on"])
    kpi = ask(publication, "select kpi_code, scoring, time_basis from marts.dim_kpis where kpi_code = ?", (kpi_code,))
    unknown = {
        f"{other}_{name}": None for other in ("before", "year_before", "baseline") for name in ("value", "change", "status")
    }
    months = {"n_months": n_months, "first_month_on": first_month(last, n_months), "last_month_on": last}
    whole = kpi.row(0, named=True) | months | unknown | {"interval_low": None, "interval_high": None, "target_status": None}
    return _summed(publication, chosen, whole)


def _summed(publication: Publication, chosen: Filters, whole: Period) -> Period:
    """The period of a slice that two filters make."""
    months = since(
        months_of(publication, chosen, whole["kpi_code"]).filter("is_mature"), whole["last_month_on"], whole["n_months"]
    )
    # How it stood does not add up: a period is the mean of its month ends.
    n_ends = max(months["month_on"].n_unique(), 1) if whole["time_basis"] == "month_end" else 1
    numerator, denominator, n_records = months.select(sums(n_ends)).row(0)
    unknown = dict.fromkeys(name for name in whole if name.endswith(("_value", "_change", "interval_low", "interval_high")))
    not_compared = {name: "not_comparable" for name in whole if name.endswith("_status")}
    return (
        whole
        | unknown
        | not_compared
        | {
            "slice_type": "several",
            "slice_key": chosen.said,
            "slice_name": chosen.said,
            "numerator": numerator,
            "denominator": denominator,
            "n_records": n_records,
            "value": numerator / denominator if denominator else None,
            "is_small": is_few(numerator, denominator, whole["scoring"], n_records),
        }
    )
