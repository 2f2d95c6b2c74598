"""KPIs in their newest mature period: rows of `marts.fct_kpi_periods` for the chosen slice."""

from typing import Any

import polars as pl

from dashboards.kpis.months import months_of, restrictions, since
from dashboards.layout.filters import Filters
from dashboards.store.published import Publication, ask

Period = dict[str, Any]
"""A row of `marts.fct_kpi_periods`."""

QUARTER = 3
"""Months. One month of a practice with a few sites is noise; a quarter is what a benchmark survey reports as well."""

_NEWEST = """
    select *
    from marts.fct_kpi_periods
    where is_newest and n_months = ? and slice_type = ? and (cast(? as varchar) is null or slice_key = ?)
    order by kpi_code, slice_name, slice_key
"""


def newest(publication: Publication, chosen: Filters, n_months: int, kpi_codes: tuple[str, ...]) -> dict[str, Period]:
    """The newest mature period of `n_months` of some KPIs, in the slice that was chosen: code → row.

    A KPI without a mature month is absent; one without a case in the slice has a row whose value is None. Where two filters meet,
    nothing is published of their slice: it is summed from its months, and compared with nothing.
    """
    chosen_slice = restrictions(chosen) or {"all": None}
    if len(chosen_slice) == 1:
        slice_type, key = next(iter(chosen_slice.items()))
        rows = _rows(publication, n_months, slice_type, key)
        return {row["kpi_code"]: row for row in rows.iter_rows(named=True) if row["kpi_code"] in kpi_codes}
    whole = newest(publication, Filters(), n_months, kpi_codes)
    return {code: _summed(publication, chosen, row) for code, row in whole.items()}


def members(publication: Publication, chosen: Filters, period: Period, split_by: str) -> pl.DataFrame:
    """A KPI's members of one dimension over a period, with a case in it: `slice_name`, `numerator`, `denominator`, `value`."""
    if set(restrictions(chosen)) <= {split_by}:
        rows = _rows(publication, period["n_months"], split_by, restrictions(chosen).get(split_by))
        rows = rows.filter(pl.col("kpi_code") == period["kpi_code"])
    else:
        months = months_of(publication, chosen, period["kpi_code"], split_by).filter("is_mature")
        inside = since(months, period["last_month_on"], period["n_months"])
        rows = inside.group_by("slice_key", "slice_name").agg(pl.col("numerator", "denominator").sum())
        rows = rows.with_columns(value=pl.col("numerator") / pl.col("denominator"))
    return rows.filter(pl.col("denominator") > 0).select("slice_name", "numerator", "denominator", "value")


def _rows(publication: Publication, n_months: int, slice_type: str, key: object) -> pl.DataFrame:
    text = None if key is None else str(key)
    return ask(publication, _NEWEST, (n_months, slice_type, text, text))


def _summed(publication: Publication, chosen: Filters, whole: Period) -> Period:
    """The period of a slice that two filters make."""
    months = since(
        months_of(publication, chosen, whole["kpi_code"]).filter("is_mature"), whole["last_month_on"], whole["n_months"]
    )
    numerator, denominator = months["numerator"].sum(), months["denominator"].sum()
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
            "value": numerator / denominator if denominator else None,
        }
    )
