"""The practice at a glance: one tile per headline KPI, against target, benchmark, the quarter before and the baseline."""

from typing import Any

import polars as pl
import streamlit as st

from dashboards.figures.style import mode_bar
from dashboards.figures.trends import first_and_last, sparkline
from dashboards.kpis.metric import baseline, below, metric, rests_on, target
from dashboards.kpis.months import CATALOG, months_of
from dashboards.kpis.movements import movements, sentences
from dashboards.kpis.periods import QUARTER, Period, newest
from dashboards.layout.exhibits import say
from dashboards.layout.exports import offer
from dashboards.layout.filters import filters
from dashboards.layout.page import current_sheet, open_page
from dashboards.store.published import ask
from models.wording import amount, month, span

COLUMNS = 4
MONTHS_DRAWN = 24


def _benchmark(kpi: dict[str, Any]) -> tuple[float, float] | None:
    low, high = kpi["benchmark_low"], kpi["benchmark_high"]
    return None if low is None or high is None else (low, high)


def _yardsticks(kpi: dict[str, Any], shown: Period | None) -> tuple[str, str]:
    """Baseline and benchmark, or the words for a missing one."""
    benchmark = _benchmark(kpi)
    return baseline(kpi, shown), f"Benchmark {span(*benchmark, kpi['unit'])}" if benchmark else "No benchmark"


def _show(kpi: dict[str, Any], shown: Period | None, months: pl.DataFrame) -> None:
    metric(kpi, shown, note="on the quarter before")
    if shown is None or shown["value"] is None:
        below(rests_on(kpi, shown))
        return
    st.markdown(target(kpi, shown))
    _, newest_on = first_and_last(months["month_on"])
    st.plotly_chart(
        sparkline(months, target=kpi["target"], benchmark=_benchmark(kpi), unit=kpi["unit"]),
        key=f"months_{kpi['kpi_code']}",
        config=mode_bar(kpi["kpi_code"]) | {"displayModeBar": False},
        alt=f"{kpi['kpi_name']} by month, up to {month(newest_on)}; now {amount(shown['value'], kpi['unit'])}.",
    )
    below(rests_on(kpi, shown), *_yardsticks(kpi, shown))


publication = open_page(
    "Overview",
    "The headline KPIs against targets, benchmarks, the quarter before and the baseline.",
    has_reports=True,
)
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
            _show(kpi, periods.get(kpi["kpi_code"]), drawn.get((kpi["kpi_code"],), months.clear()))
current_sheet().tiles(
    [
        (
            kpi["kpi_name"],
            amount(shown["value"] if shown else None, kpi["unit"]),
            ". ".join(
                (rests_on(kpi, shown), f"Target {amount(kpi['target'], kpi['unit'])}", *_yardsticks(kpi, shown)),
            ),
        )
        for kpi in headline
        for shown in [periods.get(kpi["kpi_code"])]
    ]
)
with st.container(horizontal=True, horizontal_alignment="distribute"):
    st.caption(
        "Line: months that are complete and mature. Open dots: months whose claims or outcomes are still coming in; they never "
        "count as a fall. Dashed: target. Green band: benchmark. Baseline: the same sites in the same months before the program.",
        width="stretch",
    )
    columns = ("kpi_code", "month_on", "is_mature", "numerator", "denominator", "value")
    offer(months.filter(pl.col("kpi_code").is_in([kpi["kpi_code"] for kpi in headline])).select(columns), "headline_kpis")
