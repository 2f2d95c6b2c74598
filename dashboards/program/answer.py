"""The first lines: whether the program paid off, how sure that is, and when the money is back."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.figures.wording import as_plain_markdown, dollars
from dashboards.layout.exhibits import say
from dashboards.layout.page import current_sheet
from dashboards.store.published import Publication, ask
from models.wording import amount, difference, named, span

BASE = "base"
_RETURNS = "select * from delivery.fct_program_returns where program_name = ? order by scenario <> 'base', scenario"


def returns(publication: Publication, program: str) -> pl.DataFrame:
    """One row per scenario, the base first; empty where no costs of the program are on record."""
    return ask(publication, _RETURNS, (program,))


def answer(chosen: dict[str, Any]) -> None:
    """Draw the answer of one scenario (a row of `returns`): a sentence, then four figures with their intervals."""
    first, _, rest = chosen["statement"].partition(". ")
    say(f"**{as_plain_markdown(first)}.** {as_plain_markdown(rest)}")
    tiles = [
        (
            "Net present value",
            amount(chosen["npv_p50_usd"], "usd"),
            _interval(chosen, "npv", "usd"),
            "Median, at the first month.",
        ),
        (
            "Return on cost",
            amount(chosen["roi_p50"], "share"),
            _interval(chosen, "roi", "share"),
            "Net present value ÷ present value of all costs, median.",
        ),
        (
            "Chance that it pays",
            amount(chosen["npv_positive_share"], "share"),
            f"of {chosen['n_draws']:,} draws",
            "Share of the draws whose net present value is above zero. Each takes effects, prices and assumptions from their "
            "ranges.",
        ),
        ("Money back", payback(chosen), f"{chosen['observed_months']} months are observed", "Median of the draws, undiscounted."),
    ]
    for column, (label, value, below, help_text) in zip(st.columns(len(tiles)), tiles, strict=True):
        column.metric(
            label,
            dollars(value),
            dollars(below),
            delta_color="off",
            delta_arrow="off",
            help=help_text,
            border=True,
            height="stretch",
        )
    current_sheet().tiles([(label, value, below) for label, value, below, _ in tiles])
    answered = amount(chosen["npv_p50_usd"], "usd")
    say(
        f"The answer is one total, **{answered}**. Others below add up something else, and say how far they are from it, and why."
    )


def beside(total: float, chosen: dict[str, Any]) -> str:
    """Another total than the answer's, and how far apart they are: −$22,250, $2,378 less than the answer above, −$19,872."""
    said, answered = amount(total, "usd"), amount(chosen["npv_p50_usd"], "usd")
    if said == answered:
        return f"{said}, as the answer above"
    apart = difference(total, chosen["npv_p50_usd"], "usd")
    return f"{said}, {apart[1:]} {'more' if apart.startswith('+') else 'less'} than the answer above, {answered}"


def payback(row: dict[str, Any]) -> str:
    """When the money is back: `month 14 of 36`, or `not within 36 months`."""
    if row["payback_month"]:
        return f"Month {row['payback_month']} of {row['horizon_months']}"
    return f"Not within {row['horizon_months']} months"


def a_month_later(row: dict[str, Any]) -> str:
    """What a month's delay of the start would have done: `saves $221`, or `costs $90`."""
    cost = row["cost_of_delay_usd"]
    return f"{'costs' if cost > 0 else 'saves'} {amount(abs(cost), 'usd')}"


def side_by_side(rows: pl.DataFrame) -> pl.DataFrame:
    """A line per question and a column per scenario, so that scenarios are read against each other."""
    lines: dict[str, list[str]] = {
        "Net present value": [_with_interval(row, "npv", "usd") for row in rows.iter_rows(named=True)],
        "Return on cost": [_with_interval(row, "roi", "share") for row in rows.iter_rows(named=True)],
        "Chance that it pays": [amount(row["npv_positive_share"], "share") for row in rows.iter_rows(named=True)],
        "Money back": [payback(row) for row in rows.iter_rows(named=True)],
        "Internal rate of return, a year": [
            "None: " + row["irr_note"] if row["irr"] is None else amount(row["irr"], "share")
            for row in rows.iter_rows(named=True)
        ],
        "Starting a month later": [a_month_later(row) for row in rows.iter_rows(named=True)],
        "Cash released once, not income": [amount(row["one_off_release_usd"], "usd") for row in rows.iter_rows(named=True)],
        "Staff hours saved": [amount(row["staff_hours_p50"], "hours") for row in rows.iter_rows(named=True)],
        "Counted as zero": [
            ", ".join(map(named, (row["benefits_missing"] or "").split())) or "nothing" for row in rows.iter_rows(named=True)
        ],
    }
    columns = {
        scenario.capitalize(): [values[place] for values in lines.values()] for place, scenario in enumerate(rows["scenario"])
    }
    return pl.DataFrame({"Scenario": list(lines), **columns})


def _interval(row: dict[str, Any], what: str, unit: str) -> str:
    end = "_usd" if unit == "usd" else ""
    return f"90 % interval {span(row[f'{what}_p5{end}'], row[f'{what}_p95{end}'], unit)}"


def _with_interval(row: dict[str, Any], what: str, unit: str) -> str:
    end = "_usd" if unit == "usd" else ""
    return f"{amount(row[f'{what}_p50{end}'], unit)} ({span(row[f'{what}_p5{end}'], row[f'{what}_p95{end}'], unit)})"
