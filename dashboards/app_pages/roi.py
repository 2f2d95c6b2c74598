"""The program's effects with their certainty, its costs and its value."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.figures.comparisons import bars, intervals, stack, tornado
from dashboards.figures.style import OWN, PENDING
from dashboards.figures.wording import DESIGN_NAMES, as_plain_markdown, each, plain
from dashboards.kpis.claims import LEGEND, claims
from dashboards.kpis.metric import baseline_cases
from dashboards.layout.exhibits import figure, say, section, table
from dashboards.layout.page import is_published, not_available, open_page
from dashboards.store.published import Publication, ask
from models.few_cases import MARK
from models.wording import amount, month, span

GRADES = {
    "A": "A: randomised",
    "B": "B: sites that joined at different times",
    "C": "C: synthetic control or series",
    "D": "D: described, not caused",
    "none": "No causal number",
}
UNIT_NAMES = {"share": "percentage points", "usd": "dollars"}
_MARKS = "In brackets: the grade of evidence. Green, red: significant. Blue: not significant. Grey: a description, not an effect."
_EFFECTS = "select * from delivery.fct_program_effects where program_name = ? and is_chosen order by grade, outcome_name"
_TRIED = """
    select outcome_name, design, grade, estimate, interval_low, interval_high, unit, assumptions, refused_reason
    from delivery.fct_program_effects
    where program_name = ?
    order by outcome_name, grade
"""
_RETURNS = "select * from delivery.fct_program_returns where program_name = ? order by scenario"
_VALUES = "select * from delivery.fct_program_value where program_name = ? and scenario = ? order by kind, category, year"
_SENSITIVITY = """
    select * from delivery.fct_program_sensitivity where program_name = ? and scenario = ? order by swing_rank limit 12
"""
_OWNERSHIP = """
    select *
    from delivery.fct_program_ownership_costs
    where program_name = ? and scenario = ?
    order by category = 'total', category, year
"""
_BASELINES = """
    select kpis.kpi_name, kpis.unit, kpis.scoring, kpis.time_basis,
        coalesce(locations.location_name, 'All sites') as site, baselines.go_live_on,
        baselines.first_month_on, baselines.last_month_on, baselines.n_months,
        baselines.numerator, baselines.denominator,
        baselines.value, baselines.interval_low, baselines.interval_high, baselines.is_small,
        baselines.is_final, baselines.is_restated,
        baselines.restatement_reason, left(baselines.data_hash, 8) as hash
    from marts.fct_baselines as baselines
    inner join marts.dim_kpis as kpis using (kpi_code)
    left join marts.dim_locations as locations on baselines.location_key = locations.location_key
    where kpis.is_headline
    order by kpis.display_order, site
"""


def _side_by_side(returns: pl.DataFrame) -> pl.DataFrame:
    """One row per scenario: its returns, each with the interval from the 5th to the 95th percentile of the draws."""
    return pl.DataFrame(
        [
            {
                "scenario": plain(row["scenario"]),
                "npv": amount(row["npv_p50_usd"], "usd"),
                "npv_interval": f"{amount(row['npv_p5_usd'], 'usd')} to {amount(row['npv_p95_usd'], 'usd')}",
                "roi": amount(row["roi_p50"], "share"),
                "roi_interval": f"{amount(row['roi_p5'], 'share')} to {amount(row['roi_p95'], 'share')}",
                "pays": amount(row["npv_positive_share"], "share"),
                "irr": row["irr_note"] if row["irr"] is None else amount(row["irr"], "share"),
                "payback": f"month {row['payback_month']} of {row['horizon_months']}"
                if row["payback_month"]
                else "does not pay back within the horizon",
                "delay": amount(row["cost_of_delay_usd"], "usd"),
            }
            for row in returns.iter_rows(named=True)
        ],
        infer_schema_length=None,
    )


def _value_statement(publication: Publication, program: str) -> None:
    """All scenarios' returns side by side, the value of one by category and year, and its assumptions in an expander."""
    returns = ask(publication, _RETURNS, (program,))
    if returns.is_empty():
        not_available(
            "The value statement",
            "the CRM delivered no program costs to compare its effects with",
        )
        return
    n_draws, n_months, n_observed = returns.select(pl.max("n_draws", "horizon_months", "observed_months")).row(0)
    say(f"**{as_plain_markdown(returns.sort(pl.col('scenario') != 'base')['statement'][0])}**")
    table(
        _side_by_side(returns),
        title="The scenarios side by side",
        columns={
            "scenario": "Scenario",
            "npv": st.column_config.TextColumn("Net present value", help="Median of the draws, at the first month."),
            "npv_interval": "Value, 90 % interval",
            "roi": st.column_config.TextColumn("Return on cost", help="Net present value ÷ present value of costs, median."),
            "roi_interval": "Return, 90 % interval",
            "pays": st.column_config.TextColumn("Chance that it pays", help="Share of draws with a value above zero."),
            "irr": st.column_config.TextColumn("Internal rate of return", help="A year, of the mean monthly cash flows."),
            "payback": st.column_config.TextColumn("Money back in", help="Median."),
            "delay": "A month's delay costs",
        },
        name="scenarios",
        note=f"{n_draws:,} draws each, over {n_months} months, {n_observed} of them observed.",
    )
    scenarios = returns["scenario"].to_list()
    start = scenarios.index("base") if "base" in scenarios else 0
    scenario = st.segmented_control(
        "Scenario", scenarios, default=scenarios[start], key="scenario", bind="query-params", format_func=plain
    )
    chosen = returns.filter(pl.col("scenario") == (scenario or scenarios[start])).row(0, named=True)
    values = ask(publication, _VALUES, (program, chosen["scenario"]))
    values = values.with_columns(label=each(values["category"], plain))
    if chosen["scenario"] != "base":
        say(as_plain_markdown(chosen["statement"]))
    zero = values.filter((pl.col("kind") == "benefit") & ~pl.col("is_counted")).unique("label", maintain_order=True)
    for row in zero.iter_rows(named=True):
        say(f"**{row['label']}**: {as_plain_markdown(row['basis'])}.")
    yearly = values.group_by("year", "kind").agg(pl.col("amount_mean_usd").sum()).sort("year")
    signed = yearly.with_columns(
        amount_mean_usd=pl.when(pl.col("kind") == "cost").then(-pl.col("amount_mean_usd")).otherwise(pl.col("amount_mean_usd")),
        label="Year " + pl.col("year").cast(pl.String),
    )
    left, right = st.columns(2)
    with left:
        figure(
            stack(
                signed,
                x="label",
                value="amount_mean_usd",
                part="kind",
                parts={"benefit": "Benefits", "cost": "Costs"},
                unit="usd",
                colours={"benefit": OWN, "cost": PENDING},
            ),
            title=f"Benefits and costs by year of the program, {plain(chosen['scenario']).lower()} scenario",
            alt="Bars of mean benefits above and costs below zero, by year of the program.",
            data=signed,
            name="value_by_year",
            note="Means of the draws, undiscounted. Years beyond the data are projected.",
        )
    with right:
        totals = (
            values.filter(pl.col("kind") == "benefit")
            .group_by("category", "label")
            .agg(pl.col("amount_mean_usd").sum(), pl.col("is_counted", "is_significant").any())
            .sort("amount_mean_usd", "label", descending=[True, False])
            .with_columns(
                label=pl.when(pl.col("is_counted") & ~pl.col("is_significant")).then(pl.col("label") + " (?)").otherwise("label")
            )
        )
        figure(
            bars(totals, label="label", value="amount_mean_usd", unit="usd"),
            title=f"Where the benefit comes from, {plain(chosen['scenario']).lower()} scenario",
            alt="Bars of mean benefit over the horizon, by category.",
            data=totals,
            name="value_by_category",
            note="(?): the effect behind it cannot be told from chance. A benefit without a causal effect counts as zero.",
        )
    _ownership(publication, program, chosen)
    with st.expander("Assumptions, and the statement line by line"):
        _grounds(publication, program, chosen, values)


def _ownership(publication: Publication, program: str, chosen: dict[str, Any]) -> None:
    """Total cost of ownership: each category by year, and after three and five years, as spent and discounted."""
    if not is_published(publication, "delivery.fct_program_ownership_costs"):
        not_available("The total cost of ownership", "this publication is older than it")
        return
    costs = ask(publication, _OWNERSHIP, (program, chosen["scenario"]))
    if costs.is_empty():
        not_available("The total cost of ownership", "the CRM delivered no costs of the program")
        return
    named = costs.with_columns(label=each(costs["category"], plain))
    by_year = named.pivot("year", index="label", values="amount_usd", maintain_order=True)
    so_far = {
        f"{kind}_{year}": named.filter(pl.col("year") == year)[f"{kind}_so_far_usd"]
        for year in (3, 5)
        for kind in ("amount", "discounted")
    }
    projected = named.filter("is_projected").select(pl.min("year")).item()
    table(
        by_year.with_columns(**so_far),
        title=f"Total cost of ownership over three and five years, {plain(chosen['scenario']).lower()} scenario",
        columns={"label": "Cost"}
        | {str(year): st.column_config.NumberColumn(f"Year {year}", format="$%,.0f") for year in range(1, 6)}
        | {
            "amount_3": st.column_config.NumberColumn("3 years", format="$%,.0f"),
            "discounted_3": st.column_config.NumberColumn("3 years, discounted", format="$%,.0f"),
            "amount_5": st.column_config.NumberColumn("5 years", format="$%,.0f"),
            "discounted_5": st.column_config.NumberColumn("5 years, discounted", format="$%,.0f"),
        },
        name="ownership_costs",
        note=f"Years count from {month(chosen['starts_on'])}. From year {projected} on months are projected."
        if projected
        else f"Years count from {month(chosen['starts_on'])}.",
    )


def _grounds(publication: Publication, program: str, chosen: dict[str, Any], values: pl.DataFrame) -> None:
    """The influence of each assumption, and every line of the value statement with its derivation."""
    sensitivity = ask(publication, _SENSITIVITY, (program, chosen["scenario"]))
    if not sensitivity.is_empty():
        named = sensitivity.with_columns(label=each(sensitivity["assumption"], plain))
        figure(
            tornado(named, label="label", low="npv_low_usd", high="npv_high_usd", centre=named["npv_central_usd"][0]),
            title=f"{named['label'][0]} matters most to the net present value",
            alt="Tornado chart: net present value at the low and the high end of each assumption, the widest first.",
            data=named,
            name="sensitivity",
            note="Each assumption at its 5th and 95th percentile, all others at their centre. With all at their centre it is "
            f"{amount(named['npv_central_usd'][0], 'usd')}; the median of the draws, which is shown above, is "
            f"{amount(chosen['npv_p50_usd'], 'usd')}.",
        )
    table(
        values.select(
            pl.col("kind").str.to_titlecase(),
            "label",
            "year",
            pl.col("^amount_p.*_usd$"),
            "grade",
            "is_significant",
            "is_projected",
            "basis",
            "traced_by",
        ),
        title="The value statement, line by line",
        columns={
            "kind": st.column_config.TextColumn("Kind", width="small"),
            "label": "Category",
            "year": "Year",
            "amount_p5_usd": st.column_config.NumberColumn("5th percentile", format="$%,.0f"),
            "amount_p50_usd": st.column_config.NumberColumn("Median", format="$%,.0f"),
            "amount_p95_usd": st.column_config.NumberColumn("95th percentile", format="$%,.0f"),
            "grade": "Grade",
            "is_significant": st.column_config.CheckboxColumn("Told from chance", help="Empty: a cost, or no causal effect."),
            "is_projected": "Projected",
            "basis": "How it was made",
            "traced_by": st.column_config.TextColumn("Query", help="Run it on the SQL page to see the rows behind the number."),
        },
        name="value_statement",
        is_printed=False,
    )


def _effects(publication: Publication, program: str) -> None:
    """The program's effects: the chosen design of each outcome, with interval and grade."""
    effects = ask(publication, _EFFECTS, (program,)).drop_nulls("estimate")
    if effects.is_empty():
        not_available("What the program changed", "no design found enough sites, months or patients to estimate from")
        return
    table(
        effects.select(
            "outcome_name",
            "statement",
            grade=pl.col("grade").replace_strict(GRADES, default=pl.col("grade")),
            design=pl.col("design").replace_strict(DESIGN_NAMES, default=pl.col("design")),
            assumptions="assumptions",
        ),
        title="Conclusion and evidence for each outcome",
        columns={
            "outcome_name": "Outcome",
            "statement": st.column_config.TextColumn("What may be said", width="large"),
            "grade": "Grade of evidence",
            "design": "Design",
            "assumptions": st.column_config.TextColumn("Checks", width="large"),
        },
        name="effects",
        row_height=68,
        height=min(38 + 68 * len(effects), 582),
    )
    known = effects.drop_nulls("interval_low").with_columns(label=pl.col("outcome_name") + " (" + pl.col("grade") + ")")
    parts = sorted(known.partition_by("unit", as_dict=True).items(), key=lambda part: -len(part[1]))
    columns = [st.container(), *(column for _ in parts[1::2] for column in st.columns(2))]
    for column, ((unit,), rows) in zip(columns, parts, strict=False):
        with column:
            figure(
                intervals(
                    rows,
                    label="label",
                    estimate="estimate",
                    low="interval_low",
                    high="interval_high",
                    unit=unit,
                    is_causal="is_causal",
                    direction="direction",
                ),
                title=f"What changed, in {UNIT_NAMES.get(unit, unit)}",
                alt="Estimates with intervals. " + " ".join(rows["statement"].to_list()),
                data=rows,
                name=f"effects_{unit}",
                note=_MARKS if len(rows) == max(len(part) for _, part in parts) else "",
            )


publication = open_page(
    "Return on investment", "The effects of the engagement program with their certainty, its costs and its value."
)
if is_published(publication, "delivery.fct_program_effects"):
    programs = ask(publication, "select distinct program_name from delivery.fct_program_effects order by 1")[
        "program_name"
    ].to_list()
else:
    programs = []
if programs:
    program = programs[0] if len(programs) == 1 else st.selectbox("Program", programs, key="program", bind="query-params")
    section("Value of the program")
    _value_statement(publication, program)
    section("What it changed")
    _effects(publication, program)
    with st.expander("Every attempted design, with the reason where there is no number"):
        table(
            ask(publication, _TRIED, (program,)),
            title="Designs that were tried",
            columns={
                "outcome_name": "Outcome",
                "design": "Design",
                "grade": "Grade",
                "estimate": st.column_config.NumberColumn("Estimate", format="%.3f"),
                "interval_low": st.column_config.NumberColumn("From", format="%.3f"),
                "interval_high": st.column_config.NumberColumn("To", format="%.3f"),
                "unit": "Unit",
                "assumptions": "Checks",
                "refused_reason": "Why no number",
            },
            name="designs_tried",
            is_printed=False,
        )
else:
    not_available("Effects and value", "the CRM delivered no program, or this publication is older than its estimates")

section("Vendor claims, beside this practice's results")
board = claims(publication, program if programs else None)
if board is not None:
    table(
        pl.DataFrame(board, infer_schema_length=None),
        title="What vendors commonly claim, and what is found here",
        name="board_claims",
        note=LEGEND,
    )
else:
    not_available("The claims", "this publication is older than their comparison")

section("Baseline")
frozen = ask(publication, _BASELINES) if is_published(publication, "marts.fct_baselines") else pl.DataFrame()
if frozen.is_empty():
    not_available("Baselines", "no site has a day of go-live with mature months before it")
else:
    shown = frozen.with_columns(
        value=pl.Series([amount(row["value"], row["unit"]) + MARK * row["is_small"] for row in frozen.iter_rows(named=True)]),
        n=pl.Series([baseline_cases(row) for row in frozen.iter_rows(named=True)]),
        interval=pl.Series([span(*row) for row in frozen.select("interval_low", "interval_high", "unit").iter_rows()]),
        months=pl.format("{} – {}", each(frozen["first_month_on"], month), each(frozen["last_month_on"], month)),
    )
    with st.expander(f"Where each site stood before its program, frozen: {len(shown):,} baselines of headline KPIs"):
        table(
            shown.select(
                "kpi_name",
                "site",
                "go_live_on",
                "months",
                "value",
                "n",
                "interval",
                "is_final",
                "is_restated",
                "restatement_reason",
                "hash",
            ),
            title="Baselines of the headline KPIs",
            columns={
                "kpi_name": "KPI",
                "site": "Site",
                "go_live_on": st.column_config.DateColumn("Go-live"),
                "months": "Months",
                "value": "Baseline",
                "n": "Cases",
                "interval": "95 % interval",
                "is_final": "Frozen",
                "is_restated": "Restated",
                "restatement_reason": "Why",
                "hash": st.column_config.TextColumn("Data hash", help="First digits of the hash of its rows."),
            },
            name="baselines",
            note="†: few cases. A baseline does not change when data do: what today's data would give shows as restated.",
        )
