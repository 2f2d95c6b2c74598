"""How the answer was found: every design that was tried, every line of the value, and what was frozen before the program."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.figures.wording import DESIGN_NAMES, each
from dashboards.kpis.metric import baseline_cases
from dashboards.layout.exhibits import table
from dashboards.layout.page import is_published, not_available
from dashboards.store.published import Publication, ask
from models.few_cases import FEW_CASES, MARK
from models.wording import ABSENT, amount, change, month, signs_in, span

_TRIED = """
    select outcome_name, design, grade, estimate, interval_low, interval_high, unit, assumptions, refused_reason
    from delivery.fct_program_effects
    where program_name = ?
    order by outcome_name, grade
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


def lines(values: pl.DataFrame) -> None:
    """Draw every line of a scenario's value with its derivation."""
    with st.expander("Every line of the value, and how it was made"):
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
                "traced_by": st.column_config.TextColumn(
                    "Query", help="Run it on the SQL page to see the rows behind the number."
                ),
            },
            name="value_statement",
            is_printed=False,
        )


def designs(publication: Publication, program: str) -> None:
    """Draw every design that was tried on every outcome."""
    with st.expander("Every attempted design, with the reason where there is no number"):
        tried = ask(publication, _TRIED, (program,))
        table(
            pl.DataFrame(
                [
                    {
                        "Outcome": row["outcome_name"],
                        "Design": DESIGN_NAMES.get(row["design"], row["design"]),
                        "Grade": ABSENT if row["grade"] == "none" else row["grade"],
                        "Estimate": change(row["estimate"], row["unit"]),
                        "From": change(row["interval_low"], row["unit"]),
                        "To": change(row["interval_high"], row["unit"]),
                        "Checks": signs_in(row["assumptions"]),
                        "Why no number": signs_in(row["refused_reason"] or ""),
                    }
                    for row in tried.iter_rows(named=True)
                ],
                infer_schema_length=None,
            ),
            title="Designs that were tried",
            name="designs_tried",
            figures=tried,
            is_printed=False,
        )


def baselines(publication: Publication) -> None:
    """Draw where each site stood before its program, frozen."""
    frozen = ask(publication, _BASELINES) if is_published(publication, "marts.fct_baselines") else pl.DataFrame()
    if frozen.is_empty():
        not_available("Baselines", "no site has a day of go-live with mature months before it")
        return
    shown = frozen.with_columns(
        value=pl.Series([_amount(row) for row in frozen.iter_rows(named=True)]),
        n=pl.Series([baseline_cases(row) for row in frozen.iter_rows(named=True)]),
        interval=pl.Series([span(*row) for row in frozen.select("interval_low", "interval_high", "unit").iter_rows()]),
        months=pl.format("{} – {}", each(frozen["first_month_on"], month), each(frozen["last_month_on"], month)),
    )
    columns = ("kpi_name", "site", "go_live_on", "months", "value", "n", "interval", "is_final", "is_restated")
    with st.expander(f"Where each site stood before its program, frozen: {len(shown):,} baselines of headline KPIs"):
        table(
            shown.select(*columns, "restatement_reason", "hash"),
            title="Baselines of the headline KPIs",
            columns={
                "kpi_name": "KPI",
                "site": "Site",
                "go_live_on": st.column_config.DateColumn("Go-live", format="D MMM YYYY"),
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
            figures=frozen,
            note=f"{FEW_CASES} A baseline does not change when data do: what today's data would give shows as restated.",
        )


def _amount(row: dict[str, Any]) -> str:
    return amount(row["value"], row["unit"]) + MARK * row["is_small"]
