"""Care gaps: rates by measure, site and provider; what is open, for how long, what closes, and what that is worth."""

import polars as pl
import streamlit as st

from dashboards.access.roles import current_viewer
from dashboards.figures.comparisons import bars, small_multiples, stack
from dashboards.figures.languages import _, between, day, month, period, sentence
from dashboards.figures.style import BAD, CATEGORIES, PENDING, SEQUENCE
from dashboards.figures.trends import first_and_last, trend
from dashboards.figures.wording import as_plain_markdown, each
from dashboards.kpis.metric import below, metric, rests_on
from dashboards.kpis.months import CATALOG, DIMENSIONS, go_lives, months_of
from dashboards.kpis.periods import QUARTER, members, newest
from dashboards.kpis.rates import rate
from dashboards.layout.exhibits import figure, say, table
from dashboards.layout.filters import filters
from dashboards.layout.page import current_sheet, empty, not_available, open_page
from dashboards.outreach.open_gaps import patients_behind
from dashboards.outreach.patient_drawer import draw_open, open_drawer
from dashboards.store.published import ask
from models.few_cases import FEW_CASES, FEWER, MARK, is_few, marked
from models.wording import amount

CLOSURE = "care_gap_closure_rate"
MONTHS_DRAWN = 24
AGES = {
    "0_to_30_days": "0–30 days",
    "31_to_90_days": "31–90 days",
    "91_to_180_days": "91–180 days",
    "181_to_365_days": "181–365 days",
    "over_365_days": "Over a year",
    "unknown": "Not seen opening",
}
AGE_COLOURS = {
    "0_to_30_days": SEQUENCE[3],
    "31_to_90_days": SEQUENCE[5],
    "91_to_180_days": SEQUENCE[7],
    "181_to_365_days": CATEGORIES[3],
    "over_365_days": BAD,
    "unknown": PENDING,
}
_COUNTS = """
    sum(n_eligible) as n_eligible, sum(n_met) as n_met, sum(n_open_gaps) as n_open, sum(n_closed_gaps) as n_closed,
    sum(n_closures) as n_closures, sum(n_closure_days) as n_closure_days, sum(n_not_assessable) as n_not_assessable,
    cast(sum(closure_incentive_usd) as double) as closure_usd, cast(sum(open_incentive_usd) as double) as open_usd
"""
_YEAR = """
    with parts as (
        select measure_code, location_key, provider_key, period_end_on, {counts}
        from marts.fct_measure_performance
        where period_type = 'year' and {condition}
            and period_end_on = (select max(period_end_on) from marts.fct_measure_performance where period_type = 'year')
        group by all
    )
    select parts.* exclude (location_key, provider_key), measures.title as measure, measures.topic, measures.is_chosen,
        coalesce(locations.location_name, 'Site unknown') as site,
        coalesce(providers.provider_name, 'No provider') as provider
    from parts
    inner join marts.dim_measures as measures using (measure_code)
    left join marts.dim_locations as locations on parts.location_key = locations.location_key
    left join marts.dim_providers as providers on parts.provider_key = providers.provider_key
    order by measure, site, provider
"""
_ROLLING = """
    with parts as (
        select measure_code, period_end_on as month_on, {counts}
        from marts.fct_measure_performance
        where period_type = 'rolling' and {condition}
        group by all
    )
    select parts.*, measures.title as measure
    from parts
    inner join marts.dim_measures as measures using (measure_code)
    order by measure, month_on
"""
_AGES = """
    select ages.measure_code, ages.age_band, sum(n_open_gaps) as n_open, sum(n_actionable) as n_actionable
    from marts.fct_open_gap_ages as ages
    where {condition}
    group by all
    order by all
"""


def _rated(rows: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Sums by `by`, with `rate`: met over eligible; and days to closure."""
    counted = ("n_eligible", "n_met", "n_open", "n_closed", "n_closures", "n_closure_days", "n_not_assessable")
    # Without an agreement the value is null; a sum would make it zero.
    agreed = (pl.when(pl.col(usd).is_not_null().any()).then(pl.col(usd).sum()).alias(usd) for usd in ("closure_usd", "open_usd"))
    return (
        rows.group_by(*by, maintain_order=True)
        .agg(pl.col(counted).sum(), *agreed)
        .with_columns(
            rate=rate("n_met", "n_eligible"),
            days=rate("n_closure_days", "n_closures"),
        )
    )


publication = open_page(_("Care gaps"), _("Due care that is missing: where, for how long, and the value of closing the gaps."))
chosen = filters(publication, period=False, provider=True, payer=True)
current_sheet().filters = chosen.said
condition, parameters = chosen.where("location_key", "provider_key", "payer_class")
year = ask(publication, _YEAR.format(counts=_COUNTS, condition=condition), parameters)
if year.is_empty():
    empty(_("No measure has a patient in its denominator for {whom}. Choose fewer filters.", whom=as_plain_markdown(chosen.said)))
    st.stop()

rolling = ask(publication, _ROLLING.format(counts=_COUNTS, condition=condition), parameters)
measures = (
    _rated(year, "measure_code", "measure", "topic", "is_chosen").filter(pl.col("n_eligible") > 0).sort("n_open", descending=True)
)
totals = _rated(year.with_columns(every=pl.lit(0)), "every").row(0, named=True)
kpi = next(row for row in ask(publication, CATALOG).iter_rows(named=True) if row["kpi_code"] == CLOSURE)
kpi = kpi | {"kpi_name": _(kpi["kpi_name"])}
shown = newest(publication, chosen, QUARTER, (CLOSURE,)).get(CLOSURE)
ends_on = first_and_last(year["period_end_on"])[1]
so_far = _("reporting year {year}, up to the day of the data", year=ends_on.year)

with st.container(border=True):
    open_gaps, closure, closures, days, value = st.columns(5)
    open_gaps.metric(
        _("Open gaps in {year}", year=ends_on.year),
        f"{totals['n_open']:,}",
        help=_(
            "Patients in the denominator of a measure whose care is not done in the reporting year, as of the day of the data."
        ),
    )
    with closure:
        metric(kpi, shown, note=_("on the quarter before"))
        below(rests_on(kpi, shown))
    closures.metric(
        _("Closures in {year}", year=ends_on.year), f"{totals['n_closures']:,}", help=_("Times that an open gap was closed.")
    )
    days.metric(
        _("Days to closure in {year}", year=ends_on.year),
        between(amount(totals["days"], "days")),
        help=_("Mean, from opening to closing, of this year's closures."),
    )
    if totals["days"] is not None:
        with days:
            few = is_few(None, totals["n_closures"], "continuous_variable")
            below(f"n = {totals['n_closures']:,}" + (f"{MARK} {_('few cases')} ({_(FEWER)})" if few else ""))
    value.metric(
        _("Value of open gaps"),
        amount(totals["open_usd"] or None, "usd"),
        help=_("What payers would pay for the open gaps, by the incentives agreed. Empty: nothing is agreed."),
    )
    if not measures.is_empty():
        most = measures.row(0, named=True)
        say(
            _(
                "Reporting year to {day}, up to the day of the data, {whom}: most open gaps are in **{measure}** ({n} open, "
                "{share} of {eligible} met).",
                day=day(ends_on),
                whom=chosen.said,
                measure=sentence(most["measure"]),
                n=f"{most['n_open']:,}",
                share=amount(most["rate"], "share"),
                eligible=f"{most['n_eligible']:,}",
            )
        )

wanted = st.text_input(_("Find a measure"), placeholder=_("Code, name or topic"), key="wanted_measure").strip().lower()
searched = pl.concat_str("measure_code", "measure", "topic", separator=" ").str.to_lowercase()
said = measures.with_columns(each(measures["measure"], sentence), each(measures["topic"], _))
found = said.filter(searched.str.contains(wanted, literal=True))
if found.is_empty():
    say(_("No measure with a patient in its denominator has this in its code, name or topic."))
table(
    found.sort("is_chosen", "topic", "n_open", descending=[True, False, True])
    .with_columns(marked("n_met", "n_eligible"))
    .select(
        "topic",
        "measure_code",
        "measure",
        "rate",
        "few",
        "n_eligible",
        "n_open",
        "n_closures",
        "days",
        "open_usd",
        "n_not_assessable",
    ),
    title=_("Measures by topic, most open gaps first: {so_far}", so_far=so_far),
    columns={
        "topic": st.column_config.TextColumn(_("Topic"), width=175),
        "measure_code": st.column_config.TextColumn(_("Code"), width=70),
        "measure": st.column_config.TextColumn(_("Measure"), width=220),
        "rate": st.column_config.ProgressColumn(_("Met"), format="percent", min_value=0, max_value=1, width=105),
        "few": st.column_config.TextColumn(_("Few"), width=40, help=_("Fewer than 30 eligible, or fewer than 10 met.")),
        "n_eligible": st.column_config.NumberColumn(_("Eligible"), width=70),
        "n_open": st.column_config.NumberColumn(_("Open"), width=75),
        "n_closures": st.column_config.NumberColumn(_("Closed"), width=60, help=_("Times that an open gap was closed.")),
        "days": st.column_config.NumberColumn(
            _("Days"), format="%.0f", width=50, help=_("Mean, from opening to closing, of this year's closures.")
        ),
        "open_usd": st.column_config.NumberColumn(
            _("Value"),
            format="$%,.0f",
            width=65,
            help=_("What payers would pay for the open gaps, by the incentives agreed. Empty: nothing is agreed."),
        ),
        "n_not_assessable": st.column_config.NumberColumn(
            _("Not judged"), width=80, help=_("Data of this kind are missing: in no rate, and no gap.")
        ),
    },
    name="measures",
    note=_("Met: done ÷ eligible, after exclusions and exceptions; of an inverse measure, those not in its numerator.")
    + ("" if measures["is_chosen"].all() else f" {_('First the measures that the practice chose.')}"),
)

left, right = st.columns(2)
for column, slice_type in ((left, "location"), (right, "provider")):
    by = DIMENSIONS[slice_type][0].lower()
    closed_by = _("{kpi} by {by}", kpi=kpi["kpi_name"], by=_(by))
    ranked = members(publication, chosen, shown, slice_type).sort("value", descending=True) if shown else pl.DataFrame()
    with column:
        if shown is None or ranked.is_empty():
            not_available(closed_by, _("no month end with a care gap is mature yet"))
            continue
        figure(
            bars(
                ranked,
                label="slice_name",
                value="value",
                unit="share",
                reference=shown["value"],
                reference_name=_("All"),
                n="denominator",
            ),
            title=f"{closed_by}, {period(shown['first_month_on'], shown['last_month_on'])}",
            alt=f"{closed_by}; {_('{share} over all', share=amount(shown['value'], 'share'))}.",
            data=ranked,
            name=f"{CLOSURE}_by_{by}",
            note=f"{_('All measures together; who has more patients of one kind compares with care.')} {_(FEW_CASES)}",
        )

monthly = months_of(publication, chosen, CLOSURE).tail(MONTHS_DRAWN)
age_condition, age_parameters = chosen.where("location_key", "provider_key")
ages = ask(publication, _AGES.format(condition=age_condition), age_parameters)
left, right = st.columns(2)
with left:
    if monthly.is_empty():
        not_available(_("The course of care gaps"), _("no month end has been evaluated yet"))
    else:
        figure(
            trend(
                monthly,
                unit="share",
                target=kpi["target"],
                events=go_lives(publication, chosen).filter(pl.col("event_on") >= monthly["month_on"].min()),
                height=340,
            ),
            title=_("{kpi} at each month's end, {whom}", kpi=kpi["kpi_name"], whom=chosen.said),
            alt=_("{kpi} by month end, up to {month}.", kpi=kpi["kpi_name"], month=month(first_and_last(monthly["month_on"])[1])),
            data=monthly.drop("slice_key", "slice_name"),
            name=f"{CLOSURE}_by_month",
            note=_("Of the twelve months that end with each. Open dots: still coming in. Above: the mean of three month ends."),
        )
with right:
    if ages.is_empty():
        not_available(_("Ageing"), _("no gap is open"))
    else:
        named = ages.join(measures.select("measure_code", "n_eligible"), on="measure_code", how="inner")
        order = (
            named.group_by("measure_code", maintain_order=True)
            .agg(pl.col("n_open").sum())
            .sort("n_open", descending=True, maintain_order=True)["measure_code"]
            .to_list()
        )
        ages_named = {code: _(name) for code, name in AGES.items()}
        sorted_ages = named.sort(pl.col("measure_code").cast(pl.Enum(order)))
        figure(
            stack(
                sorted_ages,
                x="measure_code",
                value="n_open",
                part="age_band",
                parts=ages_named,
                unit="count",
                colours=AGE_COLOURS,
            ),
            title=_(
                "How long the gaps of {year} have been open: {n} can be acted on today",
                year=ends_on.year,
                n=f"{ages['n_actionable'].sum():,}",
            ),
            alt=_("Stacked bars: open gaps of each measure by how long they have been open."),
            data=sorted_ages,
            name="open_gaps_by_age",
            note=_("Can be acted on today: nothing ordered, no visit booked, still in time."),
        )

largest = measures.head(6)["measure_code"].to_list()
multiples = _rated(rolling.filter(pl.col("measure_code").is_in(largest)), "measure", "month_on").drop_nulls("rate")
multiples = multiples.with_columns(each(multiples["measure"], sentence))
if not multiples.is_empty():
    figure(
        small_multiples(
            multiples.sort("measure", "month_on").select(
                pl.col("measure").alias("slice_name"),
                "month_on",
                pl.col("rate").alias("value"),
                is_mature=pl.lit(False) if shown is None else pl.col("month_on") <= pl.lit(shown["last_month_on"]).dt.month_end(),
            ),
            unit="share",
        ),
        title=_("The six measures with most open gaps: met in the twelve months to each month's end"),
        alt=_("Six small line charts, one a measure, of the share of due care that was done."),
        data=multiples,
        name="measures_by_month",
        note=_("Open dots: still coming in."),
    )

patients_behind(publication, current_viewer(), measures, chosen, open_drawer)
draw_open(publication)
