"""Who stays, who comes back, where new patients come from and what they cost."""

import polars as pl
import streamlit as st

from dashboards.figures.comparisons import bars, curves
from dashboards.figures.trends import first_and_last, trend
from dashboards.figures.wording import as_plain_markdown
from dashboards.kpis.metric import below, metric, rests_on
from dashboards.kpis.months import CATALOG, go_lives, months_of, since
from dashboards.kpis.periods import dated, newest
from dashboards.kpis.rates import rate, survival
from dashboards.layout.exhibits import figure, say, table
from dashboards.layout.filters import filters
from dashboards.layout.page import current_sheet, empty, not_available, open_page
from dashboards.store.published import ask
from models.few_cases import FEW_CASES, FEW_IN_DENOMINATOR, MARK
from models.wording import amount, counted, period

TILES = ("patient_retention_rate", "patient_attrition_rate", "new_patient_share", "reactivated_patient_share")
FEWEST_SEEN = 10
"""A share of fewer patients says nothing: a cohort of one was seen 0 % or 100 %."""
ACQUISITION = "new_patient_acquisition_cost"
LEAD_SOURCES = {
    "paid_search": "Paid search",
    "social": "Social media",
    "website": "Website",
    "patient_referral": "Patient referral",
    "physician_referral": "Physician referral",
    "event": "Event",
    "mail": "Mailing",
}
_COHORTS = """
    select cohort_on, quarters_since, sum(n_patients) as n_patients, sum(n_visited) as n_visited, sum(n_at_risk) as n_at_risk,
        sum(n_lapsed) as n_lapsed
    from marts.fct_patient_cohorts
    where cast(? as bigint) is null or location_key = ?
    group by all
    order by cohort_on, quarters_since
"""
_SOURCES = """
    select lead_source, sum(n_leads) as n_leads, sum(n_converted) as n_converted, sum(n_new_patients) as n_new_patients,
        cast(sum(spend_usd) as double) as spend_usd, cast(sum(collected_usd) as double) as collected_usd
    from marts.fct_lead_sources
    where month_on between ? and ?
        and (cast(? as bigint) is null or location_key = ?)
    group by all
    order by n_new_patients desc, n_leads desc
"""


publication = open_page("Retention", "Who stays, who comes back, where new patients come from and what they cost.")
chosen = filters(publication)
current_sheet().filters = chosen.said
catalog = {row["kpi_code"]: row for row in ask(publication, CATALOG).iter_rows(named=True)}
periods = newest(publication, chosen, chosen.months, TILES)
tiles = []
for column, code in zip(st.columns(len(TILES)), TILES, strict=True):
    kpi, shown = catalog[code], periods.get(code)
    with column, st.container(border=True, height="stretch"):
        metric(kpi, shown)
        below(rests_on(kpi, shown))
    tiles.append((kpi["kpi_name"], amount(shown["value"] if shown else None, kpi["unit"]), rests_on(kpi, shown)))
current_sheet().tiles(tiles)

stayed, left_now = periods.get("patient_retention_rate"), periods.get("patient_attrition_rate")
if stayed and left_now and stayed["value"] is not None and left_now["value"] is not None:
    say(
        f"**Two questions, which do not add up to 100 %.** Retention follows those seen 18 months earlier: "
        f"{amount(stayed['value'], 'share')} of them came back in time. Attrition counts, of all active patients, those "
        f"who lapse: {amount(left_now['value'], 'share')} a month, about {amount(12 * left_now['value'], 'share')} a year. "
        "A patient who comes often counts in retention every month; one who lapses counts in attrition once."
    )

retained = months_of(publication, chosen, "patient_retention_rate")
if not retained.is_empty():
    drawn = since(retained, first_and_last(retained["month_on"])[1], max(chosen.months, 12))
    figure(
        trend(
            drawn,
            unit="share",
            target=catalog["patient_retention_rate"]["target"],
            events=go_lives(publication, chosen).filter(pl.col("event_on") >= drawn["month_on"].min()),
            height=300,
        ),
        title=f"Share of patients who came back within 18 months, {chosen.said}",
        alt="Patient retention rate by month.",
        data=drawn.drop("slice_key", "slice_name"),
        name="patient_retention_rate_by_month",
        note="Open dots: still coming in.",
    )

cohorts = ask(publication, _COHORTS, (chosen.location_key, chosen.location_key))
if cohorts.is_empty():
    not_available("Cohorts", "new patients can be identified only when the history exceeds the time that a patient stays active")
else:
    left, right = st.columns(2)
    with left:
        kept = survival(cohorts)
        few_new = kept["n_at_risk"][0] < FEW_IN_DENOMINATOR
        figure(
            curves(kept, x="months", value="share", unit="share", x_title="Months since the first visit"),
            title="How many new patients are still active, month after month",
            alt=f"Survival curve: {amount(kept['share'][-1], 'share')} active after {kept['months'][-1]} months.",
            data=kept,
            name="survival_of_new_patients",
            note=f"Kaplan and Meier, n = {kept['n_at_risk'][0]:,} new patients{MARK if few_new else ''}. Nobody can lapse "
            "before the longest gap of an active patient has passed." + (f" {FEW_CASES}" if few_new else ""),
        )
    with right:
        seen = (
            cohorts.filter(pl.col("n_patients") > 0)
            .with_columns(year=pl.col("cohort_on").dt.year().cast(pl.String), quarter=pl.col("quarters_since") + 1)
            .group_by("year", "quarter")
            .agg(pl.col("n_patients", "n_visited").sum())
            .with_columns(rate=rate("n_visited", "n_patients"))
            .filter(pl.col("n_patients") >= FEWEST_SEEN)
            .sort("year", "quarter")
        )
        if seen.is_empty():
            empty(f"No quarter of a cohort of {FEWEST_SEEN} patients or more is over yet.")
        else:
            figure(
                curves(seen, x="quarter", value="rate", curve="year", unit="share", x_title="Quarter since the first visit"),
                title="Share of each year's new patients seen in each quarter after the first visit",
                alt="One curve for each year of first visits: quarters since the first visit across, share with a visit up.",
                data=seen,
                name="cohorts",
                note=f"By the year of the first visit. Whole quarters with {FEWEST_SEEN} patients or more.",
            )

# A lead needs time to become a patient: the months are those of the KPI, which waits for it.
won = newest(publication, chosen, chosen.months, (ACQUISITION,)).get(ACQUISITION)
if won is None:
    not_available("Where patients come from", catalog[ACQUISITION]["unavailable_reason"] or "no month of it is mature yet")
    st.stop()
spent_in = period(won["first_month_on"], won["last_month_on"])
sources = ask(publication, _SOURCES, (won["first_month_on"], won["last_month_on"], chosen.location_key, chosen.location_key))
if sources.is_empty():
    not_available("Where patients come from", "the CRM delivered no leads and no marketing spend for this period and site")
else:
    named = sources.with_columns(
        source=pl.col("lead_source").replace_strict(LEAD_SOURCES, default=pl.col("lead_source")),
        conversion=rate("n_new_patients", "n_leads"),
        is_small=pl.col("n_new_patients") < FEW_IN_DENOMINATOR,
        cost_usd=rate("spend_usd", "n_new_patients"),
    ).drop("lead_source")
    paid = named.filter((pl.col("spend_usd") > 0) & pl.col("cost_usd").is_not_null()).sort("cost_usd")
    left, right = st.columns([1, 2])
    with left:
        if paid.is_empty():
            not_available("Cost of a new patient", "nothing was spent, or it brought no new patients")
        else:
            figure(
                bars(paid, label="source", value="cost_usd", unit="usd", n="n_new_patients"),
                title=f"Spent for each new patient who came as a lead, by source, {spent_in}",
                alt=f"Marketing spend for each new patient by lead source, from {amount(paid['cost_usd'][0], 'usd')}.",
                data=dated(paid, won),
                name="cost_by_source",
                note=f"{FEW_CASES} Spend ÷ new patients of the source; sources without spend are left out. The KPI acquisition "
                f"cost, {amount(won['value'], 'usd')}, divides by all new patients, those who were no lead too.",
            )
    with right:
        table(
            dated(
                named.select(
                    "source", "n_leads", "n_converted", "n_new_patients", "conversion", "spend_usd", "cost_usd", "collected_usd"
                ),
                won,
            ),
            title=f"Where new patients come from, leads of {spent_in}",
            columns={
                "first_month_on": None,
                "last_month_on": None,
                "source": "Source",
                "n_leads": "Leads",
                "n_converted": "Contacts",
                "n_new_patients": "New patients",
                "conversion": st.column_config.NumberColumn("Conversion", format="percent"),
                "spend_usd": st.column_config.NumberColumn("Spent", format="$%,.0f"),
                "cost_usd": st.column_config.NumberColumn("Cost of one", format="$%,.0f"),
                "collected_usd": st.column_config.NumberColumn("Collected", format="$%,.0f"),
            },
            name="lead_sources",
            note="Collected so far: what payers and patients have paid for these new patients. Later months have had less time.",
        )
    best = paid.head(1)
    if not best.is_empty():
        source, cost = as_plain_markdown(best["source"].item()), amount(best["cost_usd"].item(), "usd")
        patients = counted(best["n_new_patients"].item(), "new patient")
        say(f"{spent_in}: the cheapest source is **{source}**, {cost} for each of {patients}.")
