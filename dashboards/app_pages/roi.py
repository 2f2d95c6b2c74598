"""The program's effects with their certainty, its costs and its value."""

import polars as pl
import streamlit as st

from dashboards.figures.comparisons import bars, intervals, stack, tornado
from dashboards.figures.style import OWN, PENDING
from dashboards.figures.wording import DESIGN_NAMES, each, plain
from dashboards.layout.exhibits import figure, say, section, table
from dashboards.layout.page import is_published, not_available, open_page
from dashboards.store.published import Publication, ask
from models.wording import amount, effect, month

GRADES = {
    "A": "A: randomised",
    "B": "B: sites that joined at different times",
    "C": "C: synthetic control or series",
    "D": "D: described, not caused",
    "none": "No causal number",
}
UNIT_NAMES = {"share": "percentage points", "usd": "dollars"}
_LEGEND = (
    "In brackets: the grade of evidence. Green, red: significant. Blue: not significant. Grey: a description, not an effect."
)
VERDICTS = {"within": "As claimed", "above": "More than claimed", "below": "Less than claimed", "opposite": "The other way"}
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
_CLAIMS = """
    select claims.*, kpis.kpi_name, kpis.unit
    from marts.fct_program_claims as claims
    inner join marts.dim_kpis as kpis using (kpi_code)
    order by claims.display_order
"""
_BASELINES = """
    select kpis.kpi_name, kpis.unit, coalesce(locations.location_name, 'All sites') as site, baselines.go_live_on,
        baselines.first_month_on, baselines.last_month_on,
        baselines.numerator / nullif(baselines.denominator, 0) as value, baselines.is_final, baselines.is_restated,
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
        note=f"{returns['n_draws'].max():,} draws each, over {returns['horizon_months'].max()} months, "
        f"{returns['observed_months'].max()} of them observed.",
    )
    scenarios = returns["scenario"].to_list()
    start = scenarios.index("base") if "base" in scenarios else 0
    scenario = st.segmented_control(
        "Scenario", scenarios, default=scenarios[start], key="scenario", bind="query-params", format_func=plain
    )
    chosen = returns.filter(pl.col("scenario") == (scenario or scenarios[start])).row(0, named=True)
    if chosen["benefits_missing"]:
        missing = ", ".join(plain(word).lower() for word in chosen["benefits_missing"].split())
        say(f"Counted as zero, for want of a causal effect: **{missing}**.")
    values = ask(publication, _VALUES, (program, chosen["scenario"]))
    values = values.with_columns(label=each(values["category"], plain))
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
            .agg(pl.col("amount_mean_usd").sum(), pl.col("is_counted").any())
            .sort("amount_mean_usd", descending=True)
        )
        figure(
            bars(totals, label="label", value="amount_mean_usd", unit="usd"),
            title=f"Where the benefit comes from, {plain(chosen['scenario']).lower()} scenario",
            alt="Bars of mean benefit over the horizon, by category.",
            data=totals,
            name="value_by_category",
            note="A benefit without a causal effect counts as zero.",
        )
    with st.expander("Assumptions, and the statement line by line"):
        _grounds(publication, program, chosen["scenario"], values)


def _grounds(publication: Publication, program: str, scenario: str, values: pl.DataFrame) -> None:
    """The influence of each assumption, and every line of the value statement with its derivation."""
    sensitivity = ask(publication, _SENSITIVITY, (program, scenario))
    if not sensitivity.is_empty():
        named = sensitivity.with_columns(label=each(sensitivity["assumption"], plain))
        figure(
            tornado(named, label="label", low="npv_low_usd", high="npv_high_usd", centre=named["npv_central_usd"][0]),
            title=f"{named['label'][0]} matters most to the net present value",
            alt="Tornado chart: net present value at the low and the high end of each assumption, the widest first.",
            data=named,
            name="sensitivity",
            note="Each assumption at its 5th and 95th percentile, all others at their centre.",
        )
    table(
        values.select(
            pl.col("kind").str.to_titlecase(),
            "label",
            "year",
            pl.col("^amount_p.*_usd$"),
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
                note=_LEGEND if len(rows) == max(len(part) for _, part in parts) else "",
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
if is_published(publication, "marts.fct_program_claims"):
    claims = ask(publication, _CLAIMS)
    said = [
        {
            "Claim": row["claim_name"],
            "Claimed": f"{effect(row['claimed_low'], row['change_type'], row['unit'])} to "
            f"{effect(row['claimed_high'], row['change_type'], row['unit'])}",
            "Before": amount(row["value_before"], row["unit"]),
            "After": amount(row["value_after"], row["unit"]),
            "Change": effect(row["change"], row["change_type"], row["unit"]),
            "Verdict": VERDICTS.get(row["verdict"], "Cannot be said"),
            "Why not": row["not_shown_reason"],
        }
        for row in claims.iter_rows(named=True)
    ]
    table(
        pl.DataFrame(said, infer_schema_length=None),
        title="Nine claims, and before and after at the sites of the program",
        name="board_claims",
        note="Before and after, not cause and effect: it includes all other changes. The program's effects are shown above.",
    )
else:
    not_available("The claims", "this publication is older than their comparison")

section("Baseline")
frozen = ask(publication, _BASELINES) if is_published(publication, "marts.fct_baselines") else pl.DataFrame()
if frozen.is_empty():
    not_available("Baselines", "no site has a day of go-live with mature months before it")
else:
    shown = frozen.with_columns(
        value=pl.Series([amount(*row) for row in frozen.select("value", "unit").iter_rows()]),
        months=pl.format("{} – {}", each(frozen["first_month_on"], month), each(frozen["last_month_on"], month)),
    )
    with st.expander(f"Where each site stood before its program, frozen: {len(shown):,} baselines of headline KPIs"):
        table(
            shown.select(
                "kpi_name", "site", "go_live_on", "months", "value", "is_final", "is_restated", "restatement_reason", "hash"
            ),
            title="Baselines of the headline KPIs",
            columns={
                "kpi_name": "KPI",
                "site": "Site",
                "go_live_on": st.column_config.DateColumn("Go-live"),
                "months": "Months",
                "value": "Baseline",
                "is_final": "Frozen",
                "is_restated": "Restated",
                "restatement_reason": "Why",
                "hash": st.column_config.TextColumn("Data hash", help="First digits of the hash of its rows."),
            },
            name="baselines",
            note="A baseline stays when data change; the value from today's data is shown as restated.",
        )
