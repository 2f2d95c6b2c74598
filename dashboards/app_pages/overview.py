"""The practice at a glance: one tile per headline KPI, against target, benchmark, the quarter before and the baseline."""

import polars as pl
import streamlit as st

from dashboards.figures.style import mode_bar
from dashboards.figures.trends import sparkline
from dashboards.figures.wording import amount, change, definition, month, period
from dashboards.kpis.movements import movements, sentences
from dashboards.kpis.tiles import Tile, tiles
from dashboards.layout.exhibits import say
from dashboards.layout.exports import offer
from dashboards.layout.filters import filters
from dashboards.layout.page import current_sheet, open_page

COLUMNS = 4


def _benchmark(tile: Tile) -> tuple[float, float] | None:
    low, high = tile.catalog["benchmark_low"], tile.catalog["benchmark_high"]
    return None if low is None or high is None else (low, high)


def _yardsticks(tile: Tile) -> str:
    """Baseline and benchmark, in a line; the words for what is missing too."""
    unit, benchmark = tile.catalog["unit"], _benchmark(tile)
    since = (change(tile.value, tile.baseline, unit) or "").replace("-", "−")
    return "  \n".join(
        (
            "No baseline" if tile.baseline is None else f"Baseline {amount(tile.baseline, unit)}, since then {since}",
            f"Benchmark {amount(benchmark[0], unit)} to {amount(benchmark[1], unit)}" if benchmark else "No benchmark",
        )
    )


def _verdict(tile: Tile) -> str:
    target = amount(tile.catalog["target"], tile.catalog["unit"])
    match tile.meets_target:
        case True:
            return f":green[:material/check_circle: Target met] · {target}"
        case False:
            return f":orange[:material/flag: Target missed] · {target}"
        case None:
            return ":gray[No target set]"


def _show(tile: Tile) -> None:
    catalog, unit = tile.catalog, tile.catalog["unit"]
    st.metric(
        catalog["kpi_name"],
        amount(tile.value, unit),
        change(tile.value, tile.prior, unit),
        delta_color="inverse" if catalog["direction"] == "lower" else "normal",
        delta_description="on the quarter before" if tile.prior is not None else None,
        help=definition(catalog),
    )
    if tile.value is None:
        st.caption(f"Not available: {catalog['unavailable_reason'] or 'no mature month yet'}")
        return
    st.markdown(_verdict(tile))
    st.plotly_chart(
        sparkline(tile.months, target=catalog["target"], benchmark=_benchmark(tile), unit=unit),
        key=f"months_{catalog['kpi_code']}",
        config=mode_bar(catalog["kpi_code"]) | {"displayModeBar": False},
        alt=f"{catalog['kpi_name']} by month, up to {month(tile.months['month_on'].max())}; now {amount(tile.value, unit)}.",
    )
    st.caption(f"{period(tile.first_month, tile.last_month)}  \n{_yardsticks(tile)}")


publication = open_page(
    "Overview",
    "The headline KPIs against targets, benchmarks, the quarter before and the baseline.",
    has_reports=True,
)
chosen = filters(publication, period=False)
every = tiles(publication, chosen)
shown = [tile for tile in every if tile.catalog["is_headline"]]

better, worse = sentences(movements(every))
with st.container(border=True):
    st.header("What moved", anchor=False)
    say(f":green[:material/trending_up:] {better}")
    say(f":orange[:material/trending_down:] {worse}")

for start in range(0, len(shown), COLUMNS):
    for column, tile in zip(st.columns(COLUMNS), shown[start : start + COLUMNS], strict=False):
        with column, st.container(border=True, height="stretch"):
            _show(tile)
current_sheet().tiles(
    [
        (
            tile.catalog["kpi_name"],
            amount(tile.value, tile.catalog["unit"]),
            f"{period(tile.first_month, tile.last_month)}. Target {amount(tile.catalog['target'], tile.catalog['unit'])}. "
            + _yardsticks(tile).replace("  \n", ". "),
        )
        for tile in shown
    ]
)
with st.container(horizontal=True, horizontal_alignment="distribute"):
    st.caption(
        "Line: months that are complete and mature. Open dots: months whose claims or outcomes are still coming in; they never "
        "count as a fall. Dashed: target. Green band: benchmark.",
        width="stretch",
    )
    columns = ("kpi_code", "month_on", "is_mature", "numerator", "denominator", "value")
    offer(pl.concat(tile.months.select(columns) for tile in shown), "headline_kpis")
