"""Splits a KPI by site and provider, and lists its rows for roles that may see them."""

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import Viewer
from dashboards.figures.trends import first_and_last
from dashboards.figures.wording import plain
from dashboards.kpis.periods import few_cases
from dashboards.kpis.records import RECORDS
from dashboards.layout.address import SWITCH, say_unknown
from dashboards.layout.exhibits import section, table
from dashboards.layout.filters import Filters
from dashboards.layout.page import empty, is_published, not_available
from dashboards.store.published import Publication, ask
from models.few_cases import FEWER
from models.wording import month

MOST_ROWS = 500
_PARTS = """
    select coalesce(locations.location_name, 'Site unknown') as site,
        coalesce(providers.provider_name, 'No provider') as provider,
        sum(kpis.numerator) as numerator, sum(kpis.denominator) as denominator,
        sum(kpis.numerator) / nullif(sum(kpis.denominator), 0) as value, sum(kpis.n_records) as n_records
    from (select * from marts.fct_kpis where kpi_code = ? and is_mature and month_on between ? and ? and {restriction}) as kpis
    left join marts.dim_locations as locations using (location_key)
    left join marts.dim_providers as providers on kpis.provider_key = providers.provider_key
    group by all
    order by denominator desc
"""
_TYPES = """
    select record_type, min(day_on) as first_day
    from marts.fct_kpi_rows
    where kpi_code = ?
    group by record_type
    order by record_type
"""
_LISTED = """
    with counted as (
        select *
        from marts.fct_kpi_rows
        where kpi_code = ? and day_on >= ? and day_on < cast(? as date) + interval 1 month and {restriction}
    ),
    recorded as ({records})
    select * exclude (record_key, numerator, denominator), numerator, denominator
    from recorded
    order by numerator {order}, day desc, mrn, record, record_key
    limit {most}
"""
_RECORD = """
    select counted.patient_key, counted.day_on as day, patients.mrn, locations.location_name as site,
        providers.provider_name as provider, '{noun}' as record, {columns}
        counted.record_key, counted.numerator, counted.denominator
    from (select * from counted where record_type = '{type}') as counted
    {joined}
    left join marts.dim_patients as patients on counted.patient_key = patients.patient_key
    left join marts.dim_locations as locations on counted.location_key = locations.location_key
    left join marts.dim_providers as providers on counted.provider_key = providers.provider_key
"""


def behind(
    publication: Publication,
    viewer: Viewer,
    kpi: dict[str, Any],
    chosen: Filters,
    first_month: date,
    last_month: date,
    open_patient: Callable[[int], None],
) -> None:
    """Draw the parts of `kpi` from `first_month` to the end of `last_month`, and on request, for roles with patient data, the
    rows that it counts; who chooses one opens its patient. Each list is recorded in the audit log.
    """
    section("What lies behind it")
    restriction, parameters = chosen.where("location_key", "provider_key", "payer_class", "patient_segment")
    values = (kpi["kpi_code"], first_month, last_month, *parameters)
    parts = ask(publication, _PARTS.format(restriction=restriction), values)
    parts = parts.with_columns(few_cases(parts, kpi["scoring"])).drop("n_records")
    form = "percent" if kpi["unit"] == "share" else "$%,.0f" if kpi["unit"] == "usd" else "%,.1f"
    table(
        parts,
        title=f"{kpi['kpi_name']} by site and provider, the largest first",
        columns={
            "site": "Site",
            "provider": "Provider",
            "numerator": st.column_config.NumberColumn("Numerator", format="%,.0f"),
            "denominator": st.column_config.NumberColumn("Denominator", format="%,.0f"),
            "value": st.column_config.NumberColumn("Value", format=form),
            "is_small": st.column_config.CheckboxColumn("Few cases", help=f"Of its KPI, {FEWER}."),
        },
        name=f"{kpi['kpi_code']}_by_site_and_provider",
        height=min(38 + 35 * len(parts), 388),
    )
    say_unknown("rows", SWITCH)
    if not viewer.may_see_patients:
        st.caption("Its rows are listed for roles with patient data.")
    elif not is_published(publication, "marts.fct_kpi_rows"):
        not_available("Row by row", "this publication was made before rows were kept; run the pipeline again")
    elif st.toggle("List the rows", key="rows", bind="query-params"):
        _list(publication, kpi, restriction, values, open_patient)
    else:
        st.caption("Each listing is recorded in the audit log.")


def _list(
    publication: Publication,
    kpi: dict[str, Any],
    restriction: str,
    values: tuple[Any, ...],
    open_patient: Callable[[int], None],
) -> None:
    types = ask(publication, _TYPES, (kpi["kpi_code"],))
    if types.is_empty():
        empty(f"{kpi['kpi_name']} has no mature month.")
        return
    # Unfavourable rows come first: missed appointments, open gaps.
    order = "desc" if kpi["direction"] == "lower" else "asc"
    records = " union all by name ".join(_records(type) for type in types["record_type"])
    query = _LISTED.format(records=records, restriction=restriction, order=order, most=MOST_ROWS)
    listed = ask(publication, query, values)
    patients, listed = listed["patient_key"].to_list(), listed.drop("patient_key")
    record("patient_viewed", subject=f"behind {kpi['kpi_code']}", n_rows=len(listed), patients=patients)
    nouns = [RECORDS[type].noun for type in types["record_type"]]
    is_one_each, is_share = _counts(listed)
    begins_on = first_and_last(types["first_day"])[0].replace(day=1)
    notes = [
        f"The first {MOST_ROWS}; narrower filters show the others." if len(listed) == MOST_ROWS else "",
        f"Rows are kept from {month(begins_on)} on." if values[1] < begins_on else "",
        "Choose a row to see its patient." if any(patient is not None for patient in patients) else "",
    ]
    if is_share:
        listed = listed.with_columns(pl.col("numerator") == 1)
    hidden = {name: None for name in listed.columns if listed[name].null_count() == len(listed)}
    hidden |= {"record": None} if len(nouns) == 1 else {}
    hidden |= {"denominator": None} if is_one_each else {}
    table(
        listed,
        patients=patients,
        title=f"{' and '.join(nouns).capitalize()} behind it, those to look at first on top",
        columns={name: plain(name) for name in listed.columns}
        | {
            "mrn": "Record number",
            "numerator": "In numerator" if is_share else "Adds to numerator",
            "denominator": "Adds to denominator",
        }
        | hidden,
        name=f"{kpi['kpi_code']}_rows",
        on_choose=lambda place: open_patient(patients[place]) if patients[place] is not None else None,
        note=" ".join(note for note in notes if note),
    )


def _records(type: str) -> str:
    _, facts, columns = RECORDS[type]
    joined = f"left join {facts} as record on counted.record_key = record.{type}_key" if facts else ""
    shown = "".join(f"{'record' if facts else 'counted'}.{column}, " for column in columns)
    return _RECORD.format(type=type, noun=plain(type), columns=shown, joined=joined)


def _counts(listed: pl.DataFrame) -> tuple[bool, bool]:
    """Whether each row is one of the denominator, and whether each is, besides, in the numerator or is not."""
    is_one_each = (listed["denominator"] == 1).all()
    return is_one_each, is_one_each and listed["numerator"].is_in([0.0, 1.0]).all()
