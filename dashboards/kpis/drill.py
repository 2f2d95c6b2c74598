"""From a KPI to what it is counted from, by site and provider, and row by row as far as the viewer's role goes."""

from datetime import date

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import Viewer
from dashboards.figures.wording import plain
from dashboards.kpis.rows import ROWS, WITHOUT_ROWS, Rows
from dashboards.layout.exhibits import section, table
from dashboards.layout.filters import Filters
from dashboards.layout.page import not_available
from dashboards.store.published import Publication, ask

MOST_ROWS = 500
_PARTS = """
    select coalesce(locations.location_name, 'Site unknown') as site,
        coalesce(providers.provider_name, 'No provider') as provider,
        sum(kpis.numerator) as numerator, sum(kpis.denominator) as denominator,
        sum(kpis.numerator) / nullif(sum(kpis.denominator), 0) as value
    from (select * from marts.fct_kpis where kpi_code = ? and is_mature and month_on between ? and ? and {restriction}) as kpis
    left join marts.dim_locations as locations using (location_key)
    left join marts.dim_providers as providers on kpis.provider_key = providers.provider_key
    group by all
    order by denominator desc
"""
_LISTED = """
    select facts.patient_key, facts.day, patients.mrn, locations.location_name as site, providers.provider_name as provider,
        {columns}, facts.added_to_numerator as added
    from (
        select *, {day} as day, {numerator} as added_to_numerator
        from {table}
        where ({condition}) and {day} >= ? and {day} < ?::date + interval 1 month and {restriction}
    ) as facts
    left join marts.dim_patients as patients on facts.patient_key = patients.patient_key
    left join marts.dim_locations as locations on facts.location_key = locations.location_key
    left join marts.dim_providers as providers on facts.provider_key = providers.provider_key
    order by added {order}, day desc
    limit {most}
"""


def behind(publication: Publication, viewer: Viewer, kpi: dict, chosen: Filters, first_month: date, last_month: date) -> None:
    """Draw what lies behind `kpi` from `first_month` to the end of `last_month`: its parts, and for a role with patient data,
    when asked, the rows that it is counted from; where it has none, why. Each list that is shown is a line of the audit log.
    """
    section("What lies behind it")
    restriction, parameters = chosen.where("location_key", "provider_key", "payer_class", "patient_segment")
    parts = ask(publication, _PARTS.format(restriction=restriction), (kpi["kpi_code"], first_month, last_month, *parameters))
    rows = ROWS.get(kpi["kpi_code"])
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
        },
        name=f"{kpi['kpi_code']}_by_site_and_provider",
        height=min(38 + 35 * len(parts), 388),
        note=f"Denominator: {rows.noun}." if rows and rows.denominator == "1" else "",
    )
    if rows is None:
        not_available("Row by row", WITHOUT_ROWS.get(kpi["kpi_code"], "no rows of it are published"))
    elif not viewer.may_see_patients:
        st.caption(f"The {rows.noun} themselves are listed for roles with patient data.")
    elif st.toggle(f"List the {rows.noun}", key="rows", bind="query-params"):
        _list(publication, kpi, rows, restriction, (first_month, last_month, *parameters))
    else:
        st.caption("Each time that rows are listed, the audit log gets a line.")


def _list(publication: Publication, kpi: dict, rows: Rows, restriction: str, values: tuple) -> None:
    # What weighs against the practice comes first: the missed appointments, the gaps that are open.
    order = "desc" if kpi["direction"] == "lower" else "asc"
    listed = ask(publication, _LISTED.format(**rows._asdict(), restriction=restriction, order=order, most=MOST_ROWS), values)
    if rows.is_share:
        listed = listed.with_columns(pl.col("added") == 1)
    patients, listed = listed["patient_key"].to_list(), listed.drop("patient_key")
    record("patient_viewed", subject=f"behind {kpi['kpi_code']}", n_rows=len(listed), patients=patients)
    table(
        listed,
        patients=patients,
        title=f"The {rows.noun}, those to look at first on top",
        columns={name: plain(name) for name in listed.columns}
        | {"mrn": "Record number", "added": "In numerator" if rows.is_share else "Adds to numerator"},
        name=f"{kpi['kpi_code']}_rows",
        note=f"The first {MOST_ROWS}; narrower filters show the others." if len(listed) == MOST_ROWS else "",
    )
