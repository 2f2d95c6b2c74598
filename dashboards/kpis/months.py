"""KPIs by month for charts, and the slice that the filters select."""

from datetime import date

import polars as pl

from dashboards.figures.languages import _
from dashboards.figures.wording import each
from dashboards.layout.filters import Filters
from dashboards.layout.page import is_published
from dashboards.store.published import Publication, ask

CATALOG = """
    select kpi_code, kpi_name, domain, unit, direction, formula, exclusions, benchmark_low, benchmark_high, benchmark_year,
        benchmark_source, source, departs, target, typical_improvement, owner_role, maturity_days, scoring, is_headline,
        is_available, unavailable_reason
    from marts.dim_kpis
    order by display_order
"""

DIMENSIONS = {
    "location": ("Site", "location_key"),
    "provider": ("Provider", "provider_key"),
    "payer_class": ("Payer", "payer_class"),
    "patient_segment": ("Segment", "patient_segment"),
}
"""The dimensions of a KPI: `slice_type` → what it is called, and its column in `fct_kpis`."""

_SLICES = """
    select kpi_code, slice_key, slice_name, month_on, is_mature, sum(numerator) as numerator, sum(denominator) as denominator,
        sum(n_records) as n_records
    from marts.fct_kpi_slices
    where is_complete_month and slice_type = ? and {condition}
    group by all
    order by kpi_code, slice_name, month_on
"""
_FINEST = """
    select kpi_code, {key} as slice_key, {key} as slice_name, month_on, is_mature,
        sum(numerator) as numerator, sum(denominator) as denominator, sum(n_records) as n_records
    from marts.fct_kpis
    where is_complete_month and kpi_code = ? and {condition}
    group by all
    order by slice_key, month_on
"""
_NAMES = {
    "location": "select cast(location_key as varchar) as slice_key, location_name as slice_name from marts.dim_locations",
    "provider": "select cast(provider_key as varchar) as slice_key, provider_name as slice_name from marts.dim_providers",
}


def months_of(publication: Publication, chosen: Filters, kpi_code: str | None = None, split_by: str = "all") -> pl.DataFrame:
    """Months of one KPI, or of all, in the slice that was chosen, split by one dimension (`all`: not split).

    `kpi_code`, `slice_key`, `slice_name`, `month_on`, `is_mature`, `numerator`, `denominator`, `n_records`, `value`. Reads the
    small table wherever it can answer; two restrictions at once, a split of a restriction, or a viewer limited to some sites need
    the finest grain of one KPI.
    """
    restricted = restrictions(chosen)
    if not is_published(publication, "marts.fct_kpi_slices"):
        rows = _finest(publication, chosen, kpi_code, split_by)
    elif split_by == "all" and not restricted:
        rows = _slices(publication, "all", {}, kpi_code)
    elif split_by == "all" and len(restricted) == 1:
        slice_type, key = next(iter(restricted.items()))
        rows = _slices(publication, slice_type, {"slice_key": str(key)}, kpi_code)
    elif set(restricted) <= {split_by}:
        chosen_key = {"slice_key": str(restricted[split_by])} if restricted else {}
        rows = _slices(publication, split_by, chosen_key, kpi_code)
    else:
        rows = _finest(publication, chosen, kpi_code, split_by)
    return rows.with_columns(value=pl.when(pl.col("denominator") != 0).then(pl.col("numerator") / pl.col("denominator")))


def restrictions(chosen: Filters) -> dict[str, object]:
    """The dimensions in which something was chosen, and what: slice type → key."""
    return {
        slice_type: getattr(chosen, column)
        for slice_type, (_, column) in DIMENSIONS.items()
        if getattr(chosen, column) is not None
    }


def go_lives(publication: Publication, chosen: Filters) -> pl.DataFrame:
    """Days on which the viewer's sites joined a program: `event_on`, `label`; of the chosen site alone where there is one."""
    joined = ask(
        publication,
        """
        select programs.go_live_on as event_on,
            string_agg(coalesce(locations.location_name, locations.location_id), ', ' order by locations.location_id) as label
        from marts.dim_programs as programs
        inner join marts.dim_locations as locations on programs.location_key = locations.location_key
        where programs.go_live_on is not null and (cast(? as bigint) is null or programs.location_key = ?)
        group by all
        order by all
        """,
        (chosen.location_key, chosen.location_key),
    )
    return joined.with_columns(each(joined["label"], lambda sites: _("{sites} joins", sites=sites)))


def since(rows: pl.DataFrame, last_month: date, months: int) -> pl.DataFrame:
    """The rows of the `months` months that end with `last_month`."""
    return rows.filter(pl.col("month_on").is_between(first_month(last_month, months), last_month))


def first_month(last_month: date, months: int) -> date:
    """The first of `months` months that end with `last_month`: 2026-08-01 and 3 → 2026-06-01."""
    count = last_month.year * 12 + last_month.month - months
    return date(count // 12, count % 12 + 1, 1)


def _slices(publication: Publication, slice_type: str, equals: dict[str, str], kpi_code: str | None) -> pl.DataFrame:
    equals = equals | ({"kpi_code": kpi_code} if kpi_code else {})
    condition = " and ".join(f"{column} = ?" for column in equals) or "true"
    return ask(publication, _SLICES.format(condition=condition), (slice_type, *equals.values()))


def _finest(publication: Publication, chosen: Filters, kpi_code: str | None, split_by: str) -> pl.DataFrame:
    condition, parameters = chosen.where(*(column for _, column in DIMENSIONS.values()))
    key = "'all'" if split_by == "all" else f"coalesce(cast({DIMENSIONS[split_by][1]} as varchar), 'unknown')"
    rows = ask(publication, _FINEST.format(key=key, condition=condition), (kpi_code, *parameters))
    if split_by == "all":
        return rows
    if is_published(publication, "marts.fct_kpi_slices"):
        query = "select distinct slice_key, slice_name from marts.fct_kpi_slices where slice_type = ?"
        names = ask(publication, query, (split_by,))
    else:
        names = ask(publication, _NAMES[split_by])
    named = (
        rows.drop("slice_name").join(names, on="slice_key", how="left").with_columns(pl.col("slice_name").fill_null("Not known"))
    )
    return named.sort("slice_name", "month_on")
