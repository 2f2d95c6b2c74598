"""The answer first: whether the program paid off, the board's metrics, what moved, and one tile for each headline KPI."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.figures.style import mode_bar
from dashboards.figures.trends import first_and_last, sparkline
from dashboards.figures.wording import DOMAIN_NAMES, as_plain_markdown
from dashboards.kpis.claims import LEGEND_IN_SHORT, claims, in_short
from dashboards.kpis.metric import baseline, below, benchmark, metric, rests_on, since, target, within_chance
from dashboards.kpis.months import CATALOG, months_of
from dashboards.kpis.movements import movements, sentences
from dashboards.kpis.periods import QUARTER, Period, newest
from dashboards.layout.exhibits import say, table
from dashboards.layout.exports import offer
from dashboards.layout.filters import Filters, filters
from dashboards.layout.links import lead_to
from dashboards.layout.page import current_sheet, is_published, open_page
from dashboards.store.published import Publication, ask
from models.wording import amount, month, span

COLUMNS = 4
MONTHS_DRAWN = 24
_VERDICTS = """
    select program_name, statement
    from delivery.fct_program_returns
    where scenario = 'base'
    order by npv_p50_usd desc, program_name
"""


def _yardsticks(kpi: dict[str, Any], shown: Period | None) -> tuple[str, str]:
    """Baseline and benchmark, or the words for a missing one."""
    band = benchmark(kpi)
    return baseline(kpi, shown), f"Benchmark {span(*band, kpi['unit'])}" if band else "No benchmark"


def _change(kpi: dict[str, Any], shown: Period | None) -> list[str]:
    """The change in words; nothing where there is none."""
    said = since(kpi, shown, "before") if shown else ""
    if not shown or not said:
        return []
    chance = within_chance(shown, "before")
    return [f"{said} on the quarter before" + (f", {chance}" if chance else "")]


def _verdict(publication: Publication) -> list[str]:
    """Say whether each program paid off, by how much, how sure that is and what to do next. Returns the programs."""
    if is_published(publication, "delivery.fct_program_returns"):
        verdicts = ask(publication, _VERDICTS)
    else:
        verdicts = pl.DataFrame(schema={"program_name": pl.String, "statement": pl.String})
    with st.container(border=True):
        st.header("Did it pay off?", anchor=False)
        for name, statement in verdicts.iter_rows():
            answer, _, rest = statement.partition(". ")
            whose = f"{as_plain_markdown(name)}: " if len(verdicts) > 1 else ""
            say(f"{whose}**{as_plain_markdown(answer)}.** {as_plain_markdown(rest)}")
        if verdicts.is_empty():
            say("Not known: no program has both costs on record and a site that joined it. The KPIs below stand on their own.")
        lead_to("roi", "How this was worked out, and what would change it")
    return verdicts["program_name"].to_list()


def _board(publication: Publication, programs: list[str]) -> None:
    """The metrics that vendors promise to move, of each program; without one, of the practice."""
    for program in programs or [""]:
        claimed = claims(publication, program or None)
        if claimed is not None and len(claimed):
            table(
                in_short(claimed),
                title="The board's metrics" + (f", {program}" if len(programs) > 1 else ""),
                name="board_metrics" + (f"_{program}" if len(programs) > 1 else ""),
                note=LEGEND_IN_SHORT,
                is_wrapped=True,
                figures=claimed,
            )


def _show(kpi: dict[str, Any], shown: Period | None, months: pl.DataFrame, chosen: Filters) -> None:
    metric(kpi, shown, note="on the quarter before")
    if shown is None or shown["value"] is None:
        below(rests_on(kpi, shown))
        return
    st.markdown(target(kpi, shown))
    _, newest_on = first_and_last(months["month_on"])
    st.plotly_chart(
        sparkline(months, target=kpi["target"], benchmark=benchmark(kpi), unit=kpi["unit"]),
        key=f"months_{kpi['kpi_code']}",
        config=mode_bar(kpi["kpi_code"]) | {"displayModeBar": False},
        alt=f"{kpi['kpi_name']} by month, up to {month(newest_on)}; now {amount(shown['value'], kpi['unit'])}.",
    )
    below(rests_on(kpi, shown), *_yardsticks(kpi, shown))
    lead_to(
        "kpi_explorer",
        "What is behind it",
        kpi=f"{DOMAIN_NAMES[kpi['domain']]} · {kpi['kpi_name']}",
        split="Site",
        period=f"{QUARTER} months",
        site=chosen.names.get("site"),
    )


publication = open_page(
    "Overview",
    "Whether the engagement program pays off, and where the practice stands.",
    has_reports=True,
)
programs = _verdict(publication)
_board(publication, programs)
chosen = filters(publication, period=False)
headline = [row for row in ask(publication, CATALOG).iter_rows(named=True) if row["is_headline"]]
periods = newest(publication, chosen, QUARTER, tuple(kpi["kpi_code"] for kpi in headline))
months = months_of(publication, chosen).group_by("kpi_code", maintain_order=True).tail(MONTHS_DRAWN)
drawn = months.partition_by("kpi_code", as_dict=True)

better, worse = sentences(movements(publication, chosen))
with st.container(border=True):
    st.header("What moved", anchor=False)
    say(f":green[:material/trending_up:] {better}")
    say(f":orange[:material/trending_down:] {worse}")

for start in range(0, len(headline), COLUMNS):
    for column, kpi in zip(st.columns(COLUMNS), headline[start : start + COLUMNS], strict=False):
        with column, st.container(border=True, height="stretch"):
            _show(kpi, periods.get(kpi["kpi_code"]), drawn.get((kpi["kpi_code"],), months.clear()), chosen)
current_sheet().tiles(
    [
        (
            kpi["kpi_name"],
            amount(shown["value"] if shown else None, kpi["unit"]),
            ". ".join((rests_on(kpi, shown), *_change(kpi, shown), target(kpi, shown), *_yardsticks(kpi, shown))),
        )
        for kpi in headline
        for shown in [periods.get(kpi["kpi_code"])]
    ]
)
with st.container(horizontal=True, horizontal_alignment="distribute"):
    st.caption(
        "Line: months that are complete and mature. Open dots: months whose claims or outcomes are still coming in; they never "
        "count as a fall, and one beyond the scale of the mature months is an open triangle at its edge. Dashed: target. Green "
        "band: benchmark. Baseline: the same sites in the same months before the program.",
        width="stretch",
    )
    columns = ("kpi_code", "month_on", "is_mature", "numerator", "denominator", "value")
    offer(months.filter(pl.col("kpi_code").is_in([kpi["kpi_code"] for kpi in headline])).select(columns), "headline_kpis")
