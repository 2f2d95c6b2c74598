"""The rows behind a KPI are those that it is the sum of, in every month and slice, in the golden practice and in the sample."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.sql.connection import open_file

pytestmark = pytest.mark.usefixtures("golden_warehouse")

SWITCHED_OFF = {"care_gap_closure_rate", "days_to_gap_closure", "preventive_care_rate"}
"""Of the golden practice: its measures are switched off, since it has no value sets."""
NOT_YET_MATURE = {
    "cahps_access",
    "cahps_communication",
    "cahps_coordination",
    "cahps_office_staff",
    "cahps_provider_rating",
    "cost_to_collect",
    "minutes_per_closed_gap",
    "net_promoter_score",
    "referral_conversion_rate",
    "referral_leakage_rate",
    "satisfaction_score",
}
"""Of the golden practice: all that they count is of its last weeks, and a page shows mature months alone."""
UNUSED_CHANNELS = {"outreach_booking_mail", "outreach_booking_portal", "outreach_reach_mail", "outreach_reach_portal"}
"""Neither practice sends letters or portal messages; the sample reminds by e-mail only, and delivers no costs of billing."""
WITHOUT_ROWS = {
    # Half a year of charges is too little for bad debt.
    "golden": SWITCHED_OFF | NOT_YET_MATURE | UNUSED_CHANNELS | {"bad_debt_rate"},
    "sample": UNUSED_CHANNELS | {"outreach_booking_email", "cost_to_collect"},
}

FACTS = {
    "appointment": "fct_appointments",
    "encounter": "fct_encounters",
    "touch": "fct_touches",
    "outreach_task": "fct_outreach_tasks",
    "survey_answer": "fct_survey_answers",
    "care_gap_month": "fct_care_gap_months",
    "claim": "fct_claims",
    "charge": "fct_charges",
    "payment": "fct_payments",
}
"""Record type → the published table of its records."""

_SHOWN = """
    select *
    from (select distinct kpi_code, month_on from marts.fct_kpis where is_mature)
    qualify row_number() over (partition by kpi_code order by month_on desc) <= 24
"""
_SLICE = "kpi_code, month_on, location_key, provider_key, payer_class, patient_segment"
_DIFFERING = f"""
    with shown as ({_SHOWN}),
    published as (
        select {_SLICE}, numerator, denominator
        from marts.fct_kpis
        inner join shown using (kpi_code, month_on)
    ),
    counted as (
        select {_SLICE.replace("month_on", "cast(date_trunc('month', day_on) as date) as month_on")},
            sum(numerator) as numerator, sum(denominator) as denominator
        from marts.fct_kpi_rows
        group by all
    ),
    both_ways as (
        select {_SLICE}, numerator, denominator from published
        union all
        select {_SLICE}, -numerator, -denominator from counted
    )
    select {_SLICE}
    from both_ways
    group by all
    having abs(sum(numerator)) > 1e-6 or abs(sum(denominator)) > 1e-6
    order by all
"""


@pytest.fixture(params=["golden", "sample"])
def practice(request: pytest.FixtureRequest) -> Iterator[tuple[str, duckdb.DuckDBPyConnection]]:
    """The golden practice as it was built, and the sample as it was published."""
    if request.param == "golden":
        yield request.param, request.getfixturevalue("golden")
    else:
        published: Path = request.getfixturevalue("sample_warehouse")
        with open_file(published, read_only=True) as connection:
            yield request.param, connection


def test_the_rows_of_a_month_add_up_to_the_month_in_every_slice(practice):
    _, warehouse = practice
    assert warehouse.execute(_DIFFERING).fetchall() == []


def test_every_kpi_has_its_rows_or_says_why_it_has_none(practice):
    name, warehouse = practice
    said = warehouse.execute("""
        select kpi_code, unavailable_reason, coalesce(bool_or(is_mature), false)
        from marts.dim_kpis
        left join marts.fct_kpis using (kpi_code)
        where kpi_code not in (select kpi_code from marts.fct_kpi_rows)
        group by all
    """).fetchall()
    assert {code for code, _, _ in said} == WITHOUT_ROWS[name]
    young = NOT_YET_MATURE if name == "golden" else set()
    assert {code for code, reason, _ in said if reason} == WITHOUT_ROWS[name] - young
    assert {code for code, _, is_mature in said if is_mature} == set()


@pytest.mark.parametrize(("type", "fact"), FACTS.items())
def test_a_row_finds_its_record_and_names_its_patient(practice, type: str, fact: str):
    """What a page joins to show a record's status or amount; another patient's would show one person's data as another's."""
    _, warehouse = practice
    n_lost, n_of_others = warehouse.execute(
        f"""
        select count(*) filter (where record.{type}_key is null), count(*) filter (
            where record.{type}_key is not null and counted.patient_key is distinct from record.patient_key
        )
        from marts.fct_kpi_rows as counted
        left join marts.{fact} as record on counted.record_key = record.{type}_key
        where counted.record_type = ?
        """,
        [type],
    ).fetchone()
    assert (n_lost, n_of_others) == (0, 0)


def test_every_other_row_is_of_no_published_fact(practice):
    _, warehouse = practice
    types = {type for (type,) in warehouse.execute("select distinct record_type from marts.fct_kpi_rows").fetchall()}
    assert types - FACTS.keys() <= {"patient", "therapy", "referral", "snapshot", "spend", "balance"}
