"""Lists the patients with an open gap in a measure, for roles with patient data."""

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import Viewer
from dashboards.layout.exhibits import section, table
from dashboards.layout.filters import Filters
from dashboards.store.published import Publication, ask
from dashboards.store.restrictions import restricted

MOST_ROWS = 500
_OPEN = """
    select gaps.patient_key,
        patients.mrn, locations.location_name as site, providers.provider_name as provider, gaps.opened_on, gaps.n_days_open,
        gaps.close_by_on, gaps.is_actionable_today, cast(gaps.next_appointment_at as date) as next_appointment_on, gaps.reason,
        gaps.next_action
    from (
        select * from marts.fct_care_gaps
        where gap_status = 'open' and measure_code = ? and {restriction}
    ) as gaps
    left join marts.dim_patients as patients using (patient_key)
    left join marts.dim_locations as locations on gaps.location_key = locations.location_key
    left join marts.dim_providers as providers on gaps.provider_key = providers.provider_key
    order by gaps.is_actionable_today desc, gaps.n_days_open desc nulls last, patients.mrn
    limit {most}
"""


def patients_behind(publication: Publication, viewer: Viewer, measures: pl.DataFrame, chosen: Filters) -> None:
    """Draw the patients with an open gap in the chosen measure of `measures` (`measure_code`, `measure`).

    Each list shown is recorded in the audit log.
    """
    section("Patients behind a rate")
    if not viewer.may_see_patients:
        st.caption("The patients with an open gap are listed for roles with patient data.")
        return
    names = {row["measure_code"]: f"{row['measure_code']} {row['measure']}" for row in measures.iter_rows(named=True)}
    code = st.selectbox("Measure", list(names), format_func=lambda one: names[one], key="measure", bind="query-params")
    if not st.toggle("List the patients with an open gap", key="patients", bind="query-params"):
        st.caption("Each listing is recorded in the audit log.")
        return
    restriction, parameters = chosen.where("location_key", "provider_key", "payer_class")
    listed = ask(publication, _OPEN.format(restriction=restriction, most=MOST_ROWS), (code, *parameters))
    listed = listed.filter(~pl.col("patient_key").is_in(restricted(publication)))
    patients = listed["patient_key"].to_list()
    record("patient_viewed", subject=f"open gaps of {code}", n_rows=len(listed), patients=patients)
    table(
        listed.drop("patient_key"),
        patients=patients,
        title=f"Patients with an open gap in {names[code]}, what can be done today first",
        columns={
            "mrn": "Record number",
            "site": "Site",
            "provider": "Provider",
            "opened_on": "Open since",
            "n_days_open": "Days open",
            "close_by_on": "Close by",
            "is_actionable_today": "Can be acted on today",
            "next_appointment_on": "Next visit",
            "reason": st.column_config.TextColumn("Why it is open", width="large"),
            "next_action": st.column_config.TextColumn("What closes it", width="large"),
        },
        name=f"open_gaps_{code}",
        note=f"The first {MOST_ROWS}; narrower filters show the others." if len(listed) == MOST_ROWS else "",
    )
