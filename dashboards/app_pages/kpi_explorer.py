"""Any KPI by month, site, provider, payer and segment, against another period, with the records behind it."""

import polars as pl
import streamlit as st

from dashboards.access.roles import current_viewer
from dashboards.figures.comparisons import bars, small_multiples
from dashboards.figures.trends import first_and_last, trend
from dashboards.figures.wording import DOMAIN_NAMES, as_plain_markdown
from dashboards.kpis.drill import behind
from dashboards.kpis.metric import benchmark, metric, rests_on, target
from dashboards.kpis.months import CATALOG, DIMENSIONS, first_month, go_lives, months_of, since
from dashboards.kpis.notes import draw_notes, goals, marks, notes_on
from dashboards.kpis.periods import members, newest
from dashboards.kpis.rate_and_mix import draw_rate_and_mix
from dashboards.layout.address import say_unknown
from dashboards.layout.exhibits import figure, say, table
from dashboards.layout.filters import filters, option_of
from dashboards.layout.page import current_sheet, empty, not_available, open_page
from dashboards.outreach.patient_drawer import draw_open, open_drawer
from dashboards.store.published import ask
from models.few_cases import FEW_CASES, FEWER
from models.wording import amount, counted, month, period, span

SPLITS = {"Nothing": "all"} | {name: slice_type for slice_type, (name, _) in DIMENSIONS.items()}
COMPARISONS = {"The period before": "before", "A year before": "year_before", "Baseline": "baseline"}
MOST_SLICES = 12

publication = open_page("KPI explorer", "Any KPI over time, by site, provider, payer and segment, with the records behind it.")
catalog = {f"{DOMAIN_NAMES[row['domain']]} · {row['kpi_name']}": row for row in ask(publication, CATALOG).iter_rows(named=True)}

for key, options in (("kpi", catalog), ("split", SPLITS), ("compare", COMPARISONS)):
    say_unknown(key, options)
wide, split, compare = st.columns([2, 1, 1])
kpi = catalog[wide.selectbox("KPI", list(catalog), key="kpi", bind="query-params")]
split_by = SPLITS[split.selectbox("Split by", list(SPLITS), key="split", bind="query-params")]
compared_with = compare.selectbox("Compare with", list(COMPARISONS), key="compare", bind="query-params")
chosen = filters(publication, provider=True, payer=True, segment=True)
current_sheet().filters = chosen.said
unit, code = kpi["unit"], kpi["kpi_code"]

if not kpi["is_available"]:
    not_available(kpi["kpi_name"], kpi["unavailable_reason"])
    st.stop()
shown = newest(publication, chosen, chosen.months, (code,)).get(code)
if shown is None or shown["value"] is None:
    empty(
        f"{kpi['kpi_name']} has no mature month for {as_plain_markdown(chosen.said)}. Choose fewer filters, or a longer period."
    )
    st.stop()

first, last = shown["first_month_on"], shown["last_month_on"]
against = COMPARISONS[compared_with]
back = 12 if against == "year_before" else chosen.months
months = months_of(publication, chosen, code)
then_last = first_month(last, back + 1)
then = since(months, then_last, chosen.months)
then_name = (
    f"{counted(shown['n_baseline_sites'], 'site')} before go-live; the same now: {amount(shown.get('like_for_like_value'), unit)}"
    if against == "baseline"
    else period(first_month(then_last, chosen.months), then_last)
)

with st.container(border=True):
    value, before, aim, usual = st.columns(4)
    with value:
        metric(kpi, shown, against, note="")
    before.metric(
        compared_with,
        amount(shown[f"{against}_value"], unit),
        help=f"Sum over sum, {then_name}. Empty: not on record, or two filters meet, whose slice is compared with nothing.",
    )
    aim.metric("Target", amount(kpi["target"], unit))
    usual.metric(
        "Benchmark",
        span(kpi["benchmark_low"], kpi["benchmark_high"], unit),
        help=f"{kpi['benchmark_source']} ({kpi['benchmark_year']})"
        if kpi["benchmark_source"]
        else "None is known that fits the definition.",
    )
    on = as_plain_markdown(chosen.said)
    say(f"{rests_on(kpi, shown)}, {on}. {target(kpi, shown)}. Compared with {then_name}. {kpi['formula']}")

notes = notes_on(publication, code)
happened = pl.concat([go_lives(publication, chosen), marks(notes)], how="vertical_relaxed")
drawn = months.filter(pl.col("month_on") >= first)
begins_on, ends_on = first_and_last(drawn["month_on"])
earlier = then.with_columns(month_on=pl.col("month_on").dt.offset_by(f"{back}mo")) if against != "baseline" else None
figure(
    trend(
        drawn,
        unit=unit,
        target=kpi["target"],
        benchmark=benchmark(kpi),
        events=happened.filter(pl.col("event_on") >= first),
        goals=goals(notes),
        earlier=earlier,
        has_holidays=True,
    ),
    title=f"{kpi['kpi_name']} by month, {chosen.said}",
    alt=f"{kpi['kpi_name']} by month from {month(begins_on)} to {month(ends_on)}; "
    f"the period comes to {amount(shown['value'], unit)}.",
    data=drawn.drop("slice_key", "slice_name"),
    name=f"{code}_by_month",
    note="Line: complete and mature months. Open dots: still coming in (triangles: beyond the scale). Grey: the year-end "
    "holidays; marks: federal holidays.",
)

if against != "baseline":
    draw_rate_and_mix(publication, chosen, kpi, shown, against, then_last)
draw_notes(publication, kpi, notes, last)

if split_by != "all":
    slices = months_of(publication, chosen, code, split_by).filter(pl.col("month_on") >= first)
    ranked = members(publication, chosen, shown, split_by).sort("value", descending=kpi["direction"] == "higher")
    name = DIMENSIONS[split_by][0].lower()
    keys, ranked = ranked["slice_key"].to_list(), ranked.drop("slice_key")
    slice_names = ranked["slice_name"].to_list()

    def narrow(place: int) -> None:
        """Show the chosen slice alone, and what is within it."""
        one, choice = option_of(split_by, keys[place], slice_names[place])
        st.session_state[one] = choice  # its parameter in the address is Streamlit's to write

    if ranked.is_empty():
        empty(f"No {name} has a mature month in this period.")
    else:
        left, right = st.columns([1, 1])
        with left:
            figure(
                bars(
                    ranked,
                    label="slice_name",
                    value="value",
                    unit=unit,
                    reference=shown["value"],
                    reference_name=chosen.said.capitalize(),
                    n=None if kpi["scoring"] == "ratio" else "denominator",
                ),
                title=f"{kpi['kpi_name']} by {name}, the best first, {period(first, last)}",
                alt=f"{kpi['kpi_name']} of each {name}; the best is {ranked['slice_name'][0]}.",
                data=ranked,
                name=f"{code}_by_{name}",
                note=FEW_CASES if ranked["is_small"].any() else "",
            )
        with right:
            table(
                ranked,
                title=f"Choose a {name} to see it alone",
                on_choose=narrow,
                columns={
                    "slice_name": name.capitalize(),
                    "numerator": st.column_config.NumberColumn("Numerator", format="localized"),
                    "denominator": st.column_config.NumberColumn("Denominator", format="localized"),
                    "value": st.column_config.NumberColumn("Value", format="percent" if unit == "share" else "%.1f"),
                    "is_small": st.column_config.CheckboxColumn("Few cases", help=f"Of its KPI, {FEWER}."),
                    "first_month_on": None,
                    "last_month_on": None,
                },
                name=f"{code}_parts_by_{name}",
            )
        most = ranked.sort("denominator", descending=True)["slice_name"][:MOST_SLICES].to_list()
        figure(
            small_multiples(slices.filter(pl.col("slice_name").is_in(most)), unit=unit, target=kpi["target"]),
            title=f"{kpi['kpi_name']} of each {name} by month, on the same axes",
            alt=f"One small line chart for each {name}, with {kpi['kpi_name']} by month.",
            data=slices,
            name=f"{code}_months_by_{name}",
            note=f"The {MOST_SLICES} with the largest denominators." if len(ranked) > MOST_SLICES else "",
        )

behind(publication, current_viewer(), kpi, chosen, first, last, open_drawer)
draw_open(publication)
