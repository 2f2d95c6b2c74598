"""The program's money: costs, benefits and what is left, by year and month by month."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.figures.comparisons import bars, stack
from dashboards.figures.program_charts import so_far
from dashboards.figures.style import OWN, PENDING
from dashboards.figures.wording import as_plain_markdown, each, plain
from dashboards.layout.exhibits import figure, say, table
from dashboards.layout.page import is_published, not_available
from dashboards.program.answer import beside, payback
from dashboards.store.published import Publication, ask
from models.wording import amount, month, projected_years, span

_VALUES = "select * from delivery.fct_program_value where program_name = ? and scenario = ? order by kind, category, year"
_MONTHS = "select * from delivery.fct_program_months where program_name = ? and scenario = ? order by month_number"
_OWNERSHIP = """
    select *
    from delivery.fct_program_ownership_costs
    where program_name = ? and scenario = ?
    order by category = 'total', category, year
"""


def values(publication: Publication, chosen: dict[str, Any]) -> pl.DataFrame:
    """The lines of a scenario's value (`fct_program_value`), with a `label`."""
    rows = ask(publication, _VALUES, (chosen["program_name"], chosen["scenario"]))
    return rows.with_columns(label=each(rows["category"], plain))


def money(publication: Publication, chosen: dict[str, Any], lines: pl.DataFrame) -> None:
    """Draw a scenario's money: by year, so far month by month, where the benefit comes from, and the cost of owning it."""
    _by_year(lines, chosen)
    left, right = st.columns(2)
    with left:
        _so_far(publication, chosen)
    with right:
        _sources(lines, chosen)
    _ownership(publication, chosen)


def _by_year(lines: pl.DataFrame, chosen: dict[str, Any]) -> None:
    observed_months = chosen["observed_months"]
    yearly = lines.group_by("year", "kind").agg(pl.col("amount_mean_usd").sum()).sort("year")
    of = {
        kind: rows.sort("year")["amount_mean_usd"].to_list()
        for (kind,), rows in yearly.partition_by("kind", as_dict=True).items()
    }
    years = sorted(set(yearly["year"]))
    # In whole dollars, as they are written, so that what is shown adds up.
    benefits, costs = ([round(value) for value in of.get(kind, [0.0] * len(years))] for kind in ("benefit", "cost"))
    net = [benefit - cost for benefit, cost in zip(benefits, costs, strict=True)]
    ends = {year: "" if 12 * year <= observed_months else ", projected" for year in years}
    if observed_months % 12:
        ends[observed_months // 12 + 1] = ", in part projected"
    rows = {"Benefits": benefits, "Costs": [-cost for cost in costs], "Net": net}
    table(
        pl.DataFrame(
            {"": list(rows)}
            | {
                f"Year {year}{ends[year]}": [amount(amounts[place], "usd") for amounts in rows.values()]
                for place, year in enumerate(years)
            }
            | {"All years": [amount(sum(amounts), "usd") for amounts in rows.values()]}
        ),
        title="Money by year of the program",
        name="money_by_year",
        figures=yearly,
        note=f"All years: {beside(sum(net), chosen)}. These are means of the draws, which add up where medians do not, and money "
        "of later years counts in full, where the answer discounts it.",
        is_wrapped=True,
    )
    signed = yearly.with_columns(
        amount_mean_usd=pl.when(pl.col("kind") == "cost").then(-pl.col("amount_mean_usd")).otherwise(pl.col("amount_mean_usd")),
        label="Year " + pl.col("year").cast(pl.String),
    )
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
        title="Benefits and costs by year",
        alt="Bars of mean benefits above and costs below zero, by year of the program.",
        data=signed,
        name="value_by_year",
    )


def _so_far(publication: Publication, chosen: dict[str, Any]) -> None:
    if not is_published(publication, "delivery.fct_program_months"):
        not_available("The money month by month", "this publication is older than it")
        return
    months = ask(publication, _MONTHS, (chosen["program_name"], chosen["scenario"]))
    if months.is_empty():
        not_available("The money month by month", "no month of the program is on record")
        return
    last = months.row(-1, named=True)
    figure(
        so_far(months, chosen["payback_month"]),
        title=f"Money so far: {payback(chosen)[:1].lower()}{payback(chosen)[1:]} in balance",
        alt=f"Benefits less costs so far, month by month, with a band from the 5th to the 95th percentile; after "
        f"{len(months)} months {amount(last['net_so_far_p50_usd'], 'usd')}.",
        data=months,
        name="money_so_far",
        note=f"After {len(months)} months {beside(last['net_so_far_p50_usd'], chosen)}: a median as well, but later money counts "
        f"in full. 90 % interval {span(last['net_so_far_p5_usd'], last['net_so_far_p95_usd'], 'usd')}. Dotted: projected.",
    )


def _sources(lines: pl.DataFrame, chosen: dict[str, Any]) -> None:
    totals = (
        lines.filter(pl.col("kind") == "benefit")
        .group_by("category", "label", "basis")
        .agg(pl.col("amount_mean_usd").sum(), pl.col("is_counted", "is_significant").any())
        .sort("amount_mean_usd", "label", descending=[True, False])
    )
    counted = totals.filter("is_counted").with_columns(
        label=pl.when(~pl.col("is_significant")).then(pl.col("label") + " (?)").otherwise("label")
    )
    if counted.is_empty():
        not_available("Where the benefit comes from", "no benefit is counted in this scenario")
    else:
        figure(
            bars(counted, label="label", value="amount_mean_usd", unit="usd"),
            title="Where the benefit comes from",
            alt=f"Bars of mean benefit over {chosen['horizon_months']} months, by category.",
            data=counted,
            name="value_by_category",
            note="(?): the effect behind it cannot be told from chance.",
        )
    for row in totals.filter(~pl.col("is_counted")).iter_rows(named=True):
        say(f"**{row['label']}**: {as_plain_markdown(row['basis'][:1].lower() + row['basis'][1:])}.")


def _ownership(publication: Publication, chosen: dict[str, Any]) -> None:
    """Total cost of ownership: each category by year, and after three and five years, as spent and discounted."""
    if not is_published(publication, "delivery.fct_program_ownership_costs"):
        not_available("The total cost of ownership", "this publication is older than it")
        return
    costs = ask(publication, _OWNERSHIP, (chosen["program_name"], chosen["scenario"]))
    if costs.is_empty():
        not_available("The total cost of ownership", "the CRM delivered no costs of the program")
        return
    named = costs.with_columns(label=each(costs["category"], plain))
    by_year = named.pivot("year", index="label", values="amount_usd", maintain_order=True)
    after = {
        f"{kind}_{year}": named.filter(pl.col("year") == year)[f"{kind}_so_far_usd"]
        for year in (3, 5)
        for kind in ("amount", "discounted")
    }
    titles = {
        "amount_3": "3 years",
        "discounted_3": "3 years, discounted",
        "amount_5": "5 years",
        "discounted_5": "5 years, discounted",
    }
    table(
        by_year.with_columns(**after),
        title="Total cost of ownership over three and five years",
        columns={"label": "Cost"}
        | {str(year): st.column_config.NumberColumn(f"Year {year}", format="$%,.0f") for year in range(1, 6)}
        | {name: st.column_config.NumberColumn(title, format="$%,.0f") for name, title in titles.items()},
        name="ownership_costs",
        is_wrapped=True,
        note=f"Costs alone, without what they brought. Years count from {month(chosen['starts_on'])}."
        + (f" {projected_years(chosen['observed_months'])}" if named["is_projected"].any() else ""),
    )
