"""Missed appointments by lead time, weekday, hour and reminder, to show where to begin."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.figures.comparisons import bars, heat_map
from dashboards.figures.trends import trend
from dashboards.figures.wording import as_plain_markdown
from dashboards.kpis.metric import metric, rests_on
from dashboards.kpis.months import CATALOG, go_lives, months_of, since
from dashboards.kpis.periods import dated, newest
from dashboards.kpis.rates import rated
from dashboards.layout.exhibits import figure, say
from dashboards.layout.filters import filters
from dashboards.layout.page import current_sheet, empty, open_page
from dashboards.store.published import ask
from models.few_cases import FEW_CASES
from models.wording import amount, period

WEEKDAYS = {1: "Mon", 2: "Tue", 3: "Wed", 4: "Thu", 5: "Fri", 6: "Sat", 7: "Sun"}
LEAD_TIMES = {
    "same_day": "Same day",
    "1_to_7_days": "1–7 days",
    "8_to_14_days": "8–14 days",
    "15_to_30_days": "15–30 days",
    "over_30_days": "Over 30 days",
    "unknown": "Not known",
}
REMINDERS = {
    "sms": "Text message",
    "email": "E-mail",
    "phone": "Telephone",
    "portal": "Portal",
    "mail": "Letter",
    "not_reached": "Sent, not received",
    "none": "No reminder",
}
# A rate of fewer appointments is too uncertain, and is left out of sentences.
LEAST = 10

_PATTERNS = """
    select month_on, day_of_week, hour_of_day, lead_time_band, reminder_channel, is_mature,
        sum(n_due) as n_due, sum(n_no_shows) as n_no_shows, sum(n_late_cancellations) as n_late_cancellations
    from marts.fct_appointment_patterns
    where cast(? as bigint) is null or location_key = ?
    group by all
"""


def _rates(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    return rated(rows, *by, numerator="n_no_shows", denominator="n_due", also=("n_late_cancellations",))


def _named(rows: pl.DataFrame, column: str, names: dict[str, Any]) -> pl.DataFrame:
    order = {code: place for place, code in enumerate(names)}
    return (
        rows.with_columns(place=pl.col(column).replace_strict(order, default=99))
        .sort("place")
        .drop("place")
        .with_columns(label=pl.col(column).replace_strict(names, default="Other", return_dtype=pl.String))
    )


def _rises(rates: pl.DataFrame) -> bool:
    """Whether the rate rises from band to band, of those with enough appointments."""
    known = rates.filter((pl.col("n_due") >= LEAST) & (pl.col("lead_time_band") != "unknown"))["rate"]
    return len(known) > 2 and bool((known.diff().drop_nulls() > 0).all())


publication = open_page("Appointments", "When appointments are missed: by lead time, weekday, hour and reminder.")
chosen = filters(publication)
current_sheet().filters = chosen.said
every = ask(publication, _PATTERNS, (chosen.location_key, chosen.location_key))
mature = every.filter("is_mature")
kpi = next(row for row in ask(publication, CATALOG).iter_rows(named=True) if row["kpi_code"] == "no_show_rate")
shown = newest(publication, chosen, chosen.months, ("no_show_rate",)).get("no_show_rate")
if shown is None or shown["value"] is None:
    empty("No month with appointments is mature yet. Choose another site, or wait until the running month's visits are in.")
    st.stop()
rows = since(mature, shown["last_month_on"], chosen.months)
of_months = period(shown["first_month_on"], shown["last_month_on"])
lead_times = _named(_rates(rows, "lead_time_band"), "lead_time_band", LEAD_TIMES)
reminders = _named(_rates(rows, "reminder_channel"), "reminder_channel", REMINDERS)

worst = _rates(rows, "lead_time_band").filter(pl.col("n_due") >= LEAST).sort("rate", descending=True).head(1)
with st.container(border=True):
    due, missed, share, late = st.columns(4)
    due.metric("Appointments due", f"{rows['n_due'].sum():,}", help="Completed, missed, or cancelled late by the patient.")
    missed.metric("No-shows", f"{rows['n_no_shows'].sum():,}")
    with share:
        metric(kpi, shown)
    late.metric("Late cancellations", f"{rows['n_late_cancellations'].sum():,}")
    if not worst.is_empty():
        label = LEAD_TIMES[worst["lead_time_band"].item()].lower()
        say(
            f"{rests_on(kpi, shown)}, {as_plain_markdown(chosen.said)}: most often missed are appointments with a "
            f"lead time of **{label}**, **{amount(worst['rate'].item(), 'share')}** of {worst['n_due'].item():,}."
        )

months = months_of(publication, chosen, "no_show_rate").filter(pl.col("month_on") >= shown["first_month_on"])
figure(
    trend(
        months,
        unit="share",
        events=go_lives(publication, chosen).filter(pl.col("event_on") >= rows["month_on"].min()),
        has_holidays=True,
        height=300,
    ),
    title=f"Share of appointments that were missed, by month, {chosen.said}",
    alt=f"No-show rate by month; {amount(shown['value'], 'share')} over the period.",
    data=months.drop("slice_key", "slice_name"),
    name="no_show_rate_by_month",
    note="Open dots: still coming in.",
)
left, right = st.columns(2)
with left:
    figure(
        bars(
            lead_times,
            label="label",
            value="rate",
            unit="share",
            reference=shown["value"],
            reference_name="All",
            n="n_due",
        ),
        title="The longer the wait for an appointment, the more often it is missed"
        if _rises(lead_times)
        else "Share missed by lead time",
        alt="No-show rate by days from booking to the appointment.",
        data=dated(lead_times, shown),
        name="no_shows_by_lead_time",
        note=f"{of_months}. {FEW_CASES}",
    )
with right:
    figure(
        bars(
            reminders,
            label="label",
            value="rate",
            unit="share",
            reference=shown["value"],
            reference_name="All",
            n="n_due",
        ),
        title="Share missed by the reminder that arrived last",
        alt="No-show rate by channel of the last reminder that arrived before the appointment.",
        data=dated(reminders, shown),
        name="no_shows_by_reminder",
        note=f"{of_months}. {FEW_CASES} Patients choose their channel and reminders differ in time: no cause and effect.",
    )
grid = _rates(rows.drop_nulls("hour_of_day"), "day_of_week", "hour_of_day").with_columns(
    weekday=pl.col("day_of_week").replace_strict(WEEKDAYS, return_dtype=pl.String),
    hour=pl.col("hour_of_day").cast(pl.String).str.zfill(2) + ":00",
)
figure(
    heat_map(grid, x="hour", y="weekday", value="rate", count="n_due", unit="share", x_title="Hour of the booked start"),
    title="Share missed by weekday and hour",
    alt="Heat map of the no-show rate: weekdays down, hours across, darker is more.",
    data=dated(grid, shown),
    name="no_shows_by_weekday_and_hour",
    note=f"{of_months}. Cells with few appointments vary widely; hover to see their number.",
)
