"""Months into figures: what is mature is a line, what is still coming in is an open dot that promises nothing."""

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
    height: int = 340,
) -> go.Figure:
    """A KPI's months with axes: `month_on`, `value`, `is_mature`; `events` (`event_on`, `label`) are dotted upright lines."""
    figure = _months(months, unit)
    _yardsticks(figure, target, benchmark, labelled=True)
    for event in events.iter_rows(named=True) if events is not None else ():
        figure.add_vline(event["event_on"], line={"color": QUIET_TEXT, "dash": "dot", "width": 1})
        figure.add_annotation(
            x=event["event_on"], y=1, yref="paper", text=event["label"], showarrow=False, xanchor="left", yanchor="top", xshift=4
        )
    figure.update_layout(template=TEMPLATE, height=height, showlegend=bool((~months["is_mature"]).any()))
    figure.update_xaxes(tickformat="%b\n%Y")
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
    figure.update_traces(hovertemplate=f"%{{x|%b %Y}}: %{{y:{hover_format(unit)}}}<extra></extra>")
    return figure


def _yardsticks(
    figure: go.Figure, target: float | None, benchmark: tuple[float, float] | None, *, labelled: bool = False
) -> None:
    label = {"font": {"color": QUIET_TEXT, "size": 12}}
    if benchmark is not None:
        text = {"annotation": {**label, "text": "Benchmark"}, "annotation_position": "top left"} if labelled else {}
        figure.add_hrect(*benchmark, fillcolor=GOOD, opacity=0.16, line_width=0, layer="below", **text)
    if target is not None:
        text = {"annotation": {**label, "text": "Target"}, "annotation_position": "bottom right"} if labelled else {}
        figure.add_hline(target, line={"color": GOOD, "dash": "dash", "width": 1.5}, **text)
