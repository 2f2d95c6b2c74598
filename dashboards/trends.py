"""Months into figures: what is mature is a line, what is still coming in is an open dot that promises nothing."""

from datetime import date, timedelta

import plotly.graph_objects as go
import polars as pl

from dashboards.charts import GOOD, OWN, PENDING, QUIET_TEXT, TEMPLATE, hover_format, tick_format


def sparkline(months: pl.DataFrame, *, target: float | None, benchmark: tuple[float, float] | None, unit: str) -> go.Figure:
    """A KPI's months, without axes: `month_on`, `value`, `is_mature`. The target is a dashed line, the benchmark a band."""
    figure = _months(months, unit)
    _yardsticks(figure, target, benchmark)
    figure.update_layout(template=TEMPLATE, height=84, margin={"l": 0, "r": 0, "t": 4, "b": 0}, showlegend=False)
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=False, fixedrange=True)
    return figure


def trend(
    months: pl.DataFrame,
    *,
    unit: str,
    target: float | None = None,
    benchmark: tuple[float, float] | None = None,
    events: pl.DataFrame | None = None,
    earlier: pl.DataFrame | None = None,
    has_holidays: bool = False,
    height: int = 360,
) -> go.Figure:
    """A KPI's months with axes: `month_on`, `value`, `is_mature`. `events` (`event_on`, `label`) are dotted upright lines, the
    months of `earlier`, moved onto the same axis, a thin dotted line, and the weeks of the year-end holidays a grey band.
    """
    figure = _months(months, unit)
    if earlier is not None and not earlier.is_empty():
        figure.add_scatter(
            x=earlier["month_on"],
            y=earlier["value"],
            mode="lines",
            line={"color": PENDING, "width": 1.5, "dash": "dot"},
            name="Compared period",
            hovertemplate=f"Compared period: %{{y:{hover_format(unit)}}}<extra></extra>",
        )
    for year in sorted(set(months["month_on"].dt.year())) if has_holidays else ():
        figure.add_vrect(date(year, 11, 20), date(year + 1, 1, 2), fillcolor=PENDING, opacity=0.12, line_width=0, layer="below")
    _yardsticks(figure, target, benchmark)
    if target is not None:
        figure.add_scatter(x=[None], y=[None], mode="lines", line={"color": GOOD, "dash": "dash", "width": 1.5}, name="Target")
    if benchmark is not None:
        band = {"color": GOOD, "symbol": "square", "size": 12, "opacity": 0.3}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=band, name="Benchmark")
    for event in events.iter_rows(named=True) if events is not None else ():
        figure.add_vline(event["event_on"], line={"color": QUIET_TEXT, "dash": "dot", "width": 1})
        figure.add_annotation(
            x=event["event_on"], y=1, yref="paper", text=event["label"], showarrow=False, xanchor="left", yanchor="top", xshift=4
        )
    figure.update_layout(template=TEMPLATE, height=height, showlegend=True)
    half_a_month = timedelta(days=15)
    figure.update_xaxes(
        tickformat="%b\n%Y", range=[months["month_on"].min() - half_a_month, months["month_on"].max() + half_a_month]
    )
    figure.update_yaxes(tickformat=tick_format(unit), rangemode="tozero" if unit != "points" else "normal")
    return figure


def _months(months: pl.DataFrame, unit: str) -> go.Figure:
    mature, pending = months.filter(pl.col("is_mature")), months.filter(~pl.col("is_mature"))
    figure = go.Figure(
        [
            go.Scatter(
                x=mature["month_on"],
                y=mature["value"],
                mode="lines+markers" if len(mature) < 4 else "lines",
                line={"color": OWN, "width": 2.5},
                name="Complete",
            ),
            go.Scatter(
                x=pending["month_on"],
                y=pending["value"],
                mode="markers",
                marker={"color": PENDING, "symbol": "circle-open", "size": 7, "line": {"width": 2}},
                name="Still coming in",
            ),
        ]
    )
    figure.update_traces(cliponaxis=False, hovertemplate=f"%{{x|%b %Y}}: %{{y:{hover_format(unit)}}}<extra></extra>")
    return figure


def _yardsticks(figure: go.Figure, target: float | None, benchmark: tuple[float, float] | None) -> None:
    if benchmark is not None:
        figure.add_hrect(*benchmark, fillcolor=GOOD, opacity=0.16, line_width=0, layer="below")
    if target is not None:
        figure.add_hline(target, line={"color": GOOD, "dash": "dash", "width": 1.5})
