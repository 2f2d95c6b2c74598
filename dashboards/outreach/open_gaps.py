"""Lists the patients with an open gap in a measure, for roles with patient data."""

from collections.abc import Callable

import polars as pl
import streamlit as st

from dashboards.access.audit_log import record
from dashboards.access.roles import Viewer
from dashboards.figures.languages import _, sentence
from dashboards.figures.wording import each
from dashboards.layout.address import SWITCH, say_unknown
from dashboards.layout.exhibits import section, table
from dashboards.layout.filters import Filters
from dashboards.store.published import Publication, ask
from dashboards.store.restrictions import restricted

MOST_ROWS = 500
_OPEN = """
    select gaps.patient_key,
        patients.last_name || ', ' || patients.first_name as patient, patients.mrn, locations.location_name as site,
        providers.provider_name as provider, gaps.opened_on, gaps.n_days_open,
        gaps.close_by_on, gaps.is_actionable_today,
        cast(timezone(?, gaps.next_appointment_at) as date) as next_appointment_on, gaps.reason, gaps.next_action
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


def patients_behind(
    publication: Publication, viewer: Viewer, measures: pl.DataFrame, chosen: Filters, open_patient: Callable[[int], None]
) -> None:
    """Draw the patients with an open gap in the chosen measure of `measures` (`measure_code`, `measure`); who chooses one opens
    it. Each list shown is recorded in the audit log.
    """
    section(_("Patients behind a rate"))
    if not viewer.may_see_patients:
        st.caption(_("The patients with an open gap are listed for roles with patient data."))
        return
    names = {row["measure_code"]: f"{row['measure_code']} {sentence(row['measure'])}" for row in measures.iter_rows(named=True)}
    say_unknown("measure", names, names.__getitem__)
    say_unknown("patients", SWITCH)
    code = st.selectbox(_("Measure"), list(names), format_func=lambda one: names[one], key="measure", bind="query-params")
    if not st.toggle(_("List the patients with an open gap"), key="patients", bind="query-params"):
        st.caption(_("Each listing is recorded in the audit log."))
        return
    restriction, parameters = chosen.where("location_key", "provider_key", "payer_class")
    listed = ask(publication, _OPEN.format(restriction=restriction, most=MOST_ROWS), (publication.time_zone, code, *parameters))
    listed = listed.filter(~pl.col("patient_key").is_in(restricted(publication)))
    patients = listed["patient_key"].to_list()
    record("patient_viewed", subject=f"open gaps of {code}", n_rows=len(listed), patients=patients)
    notes = (
        _("The first {n}; narrower filters show the others.", n=MOST_ROWS) if len(listed) == MOST_ROWS else "",
        _("Choose a row to see its patient.") if patients else "",
    )
    table(
        listed.drop("patient_key").with_columns(each(listed["reason"], sentence), each(listed["next_action"], sentence)),
        patients=patients,
        title=_("Patients with an open gap in {measure}, what can be done today first", measure=names[code]),
        columns={
            "patient": _("Patient"),
            "mrn": _("Record number"),
            "site": _("Site"),
            "provider": _("Provider"),
            "opened_on": _("Open since"),
            "n_days_open": _("Days open"),
            "close_by_on": _("Close by"),
            "is_actionable_today": _("Can be acted on today"),
            "next_appointment_on": _("Next visit"),
            "reason": st.column_config.TextColumn(_("Why it is open"), width="large"),
            "next_action": st.column_config.TextColumn(_("What closes it"), width="large"),
        },
        name=f"open_gaps_{code}",
        on_choose=lambda place: open_patient(patients[place]),
        note=" ".join(filter(None, notes)),
    )
