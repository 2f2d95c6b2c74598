"""From a KPI to the visits, claims or gaps behind it, as far as the viewer's role goes."""

from dataclasses import dataclass
from datetime import date

import streamlit as st

from dashboards.access import Viewer
from dashboards.audit_log import record
from dashboards.data import Publication, ask
from dashboards.exhibits import table
from dashboards.filters import Filters

MOST_ROWS = 500


@dataclass(frozen=True)
class Fact:
    """Where the rows behind a KPI are: their table, their name, the day that counts, what brings a row in, its columns."""

    table: str
    noun: str
    day: str
    condition: str
    columns: str
    counted: str


_APPOINTMENT = "final_status as status, lead_time_days, booked_via, is_telehealth, is_late_cancellation"
_CLAIM = "payer_name, claim_status as status, initial_denial_reason, billed_usd, payer_paid_usd, balance_usd"
FACTS = {
    "no_show_rate": Fact("fct_appointments", "appointments due", "starts_on", "is_due", _APPOINTMENT, "final_status = 'no_show'"),
    "late_cancellation_rate": Fact(
        "fct_appointments", "appointments due", "starts_on", "is_due", _APPOINTMENT, "coalesce(is_late_cancellation, false)"
    ),
    "booking_lead_time": Fact("fct_appointments", "appointments due", "starts_on", "is_due", _APPOINTMENT, "true"),
    "telehealth_share": Fact(
        "fct_encounters", "completed visits", "started_on", "is_completed_visit", "class_code, is_telehealth", "is_telehealth"
    ),
    "clean_claim_rate": Fact(
        "fct_claims", "claims first sent", "first_submitted_on", "claim_status <> 'void'", _CLAIM, "is_clean_claim"
    ),
    "initial_denial_rate": Fact(
        "fct_claims",
        "claims first answered",
        "least(initially_denied_on, first_remitted_on)",
        "claim_status <> 'void'",
        _CLAIM,
        "is_initially_denied",
    ),
}


def behind(publication: Publication, viewer: Viewer, kpi: dict, chosen: Filters, first_month: date, last_month: date) -> None:
    """Draw what lies behind `kpi` from `first_month` to the end of `last_month`: rows for a role with patient data, else counts.

    Each list of rows that is shown is a line of the audit log.
    """
    fact = FACTS.get(kpi["kpi_code"])
    if fact is None:
        return
    st.subheader("What lies behind it", anchor=False)
    restriction, parameters = chosen.where("location_key", "provider_key", "payer_class", "patient_segment")
    values = (first_month, last_month, *parameters)
    if not viewer.may_see_patients:
        _counts(publication, fact, kpi, restriction, values)
        return
    scope = f"{fact.condition} and {fact.day} >= ? and {fact.day} < ?::date + interval 1 month and {restriction}"
    if not st.toggle(f"List the {fact.noun}", key="rows", bind="query-params"):
        st.caption("Each time that rows are listed, the audit log gets a line.")
        return
    rows = ask(
        publication,
        f"""
        select facts.{fact.day if fact.day.isidentifier() else "service_on"} as day, patients.mrn,
            locations.location_name as site, providers.provider_name as provider, {fact.columns}, {fact.counted} as is_counted
        from (select * from marts.{fact.table} where {scope}) as facts
        left join marts.dim_patients as patients using (patient_key)
        left join marts.dim_locations as locations on facts.location_key = locations.location_key
        left join marts.dim_providers as providers on facts.provider_key = providers.provider_key
        order by is_counted desc, day desc
        limit {MOST_ROWS}
        """,
        values,
    )
    record("patient_viewed", subject=f"behind {kpi['kpi_code']}", n_rows=len(rows))
    table(
        rows,
        title=f"The {fact.noun}, those in the numerator first",
        columns={"is_counted": "In numerator"},
        name=f"{kpi['kpi_code']}_rows",
        note=f"The newest {MOST_ROWS}." if len(rows) == MOST_ROWS else "",
    )


def _counts(publication: Publication, fact: Fact, kpi: dict, restriction: str, values: tuple) -> None:
    """By site and provider, how many; no row of a single patient. They are the parts of the figure above, and sum to it."""
    counts = ask(
        publication,
        f"""
        select locations.location_name as site, providers.provider_name as provider, sum(parts.denominator) as n,
            sum(parts.numerator) as counted
        from (
            select * from marts.fct_kpis
            where kpi_code = ? and is_complete_month and is_mature and month_on between ? and ? and {restriction}
        ) as parts
        left join marts.dim_locations as locations on parts.location_key = locations.location_key
        left join marts.dim_providers as providers on parts.provider_key = providers.provider_key
        group by all
        order by counted desc, n desc, site, provider
        """,
        (kpi["kpi_code"], *values),
    )
    whole = {"format": "localized"}
    table(
        counts,
        title=f"The {fact.noun}, by site and provider",
        columns={
            "site": "Site",
            "provider": "Provider",
            "n": st.column_config.NumberColumn(fact.noun.capitalize(), **whole),
            "counted": st.column_config.NumberColumn("In the numerator" if kpi["unit"] == "share" else "Days in all", **whole),
        },
        name=f"{kpi['kpi_code']}_counts",
        note="Single visits and claims are listed for roles with patient data.",
    )
