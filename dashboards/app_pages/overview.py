"""Where the practice stands: one tile a headline KPI, against target, benchmark and the quarter before."""

import streamlit as st

from dashboards.charts import mode_bar
from dashboards.kpi_tiles import Tile, tiles
from dashboards.page import open_page
from dashboards.trends import sparkline
from dashboards.wording import amount, change, month

COLUMNS = 4


def _benchmark(tile: Tile) -> str:
    catalog = tile.catalog
    low, high = catalog["benchmark_low"], catalog["benchmark_high"]
    if low is None or high is None:
        return "no benchmark"
    return f"benchmark {amount(low, catalog['unit'])} to {amount(high, catalog['unit'])}"


def _definition(tile: Tile) -> str:
    catalog = tile.catalog
    parts = [
        catalog["formula"],
        f"Not counted: {catalog['exclusions']}" if catalog["exclusions"] else "",
        f"Source: {catalog['source']}",
    ]
    return "\n\n".join(part for part in parts if part)


def _show(tile: Tile) -> None:
    catalog, unit = tile.catalog, tile.catalog["unit"]
    is_lower_better = catalog["direction"] == "lower"
    st.metric(
        catalog["kpi_name"],
        amount(tile.value, unit),
        change(tile.value, tile.prior, unit),
        delta_color="inverse" if is_lower_better else "normal",
        help=_definition(tile),
    )
    if tile.value is None:
        st.caption(f"Not available: {catalog['unavailable_reason'] or 'no mature month yet'}")
        return
    verdict = {True: ":green[:material/check: target met]", False: ":orange[:material/flag: target missed]"}.get(
        tile.meets_target
    )
    st.markdown(f"{verdict} · target {amount(catalog['target'], unit)}" if verdict else "no target set")
    low, high = catalog["benchmark_low"], catalog["benchmark_high"]
    st.plotly_chart(
        sparkline(
            tile.months,
            target=catalog["target"],
            benchmark=None if low is None or high is None else (low, high),
            unit=unit,
        ),
        key=f"months_{catalog['kpi_code']}",
        config=mode_bar(catalog["kpi_code"]) | {"displayModeBar": False},
        alt=f"{catalog['kpi_name']} by month, up to {month(tile.months['month_on'].max())}; now {amount(tile.value, unit)}.",
    )
    st.caption(f"{month(tile.first_month)} to {month(tile.last_month)}, against the three months before · {_benchmark(tile)}")


publication = open_page("Overview", "Where the practice stands, against its targets, its benchmarks and the quarter before.")
shown = tiles(publication)
for start in range(0, len(shown), COLUMNS):
    for column, tile in zip(st.columns(COLUMNS), shown[start : start + COLUMNS], strict=False):
        with column, st.container(border=True, height="stretch"):
            _show(tile)

st.caption(
    "Line: months that are complete and mature. Open dots: months whose claims or outcomes are still coming in; they never count "
    "as a fall. Dashed: target. Green band: benchmark."
)
