"""Frames into figures. A figure says one thing, in colours that are safe for colour blindness (Okabe and Ito, 2008)."""

import plotly.graph_objects as go
import polars as pl

INK, TARGET, BAND = "#0072B2", "#D55E00", "rgba(0, 158, 115, 0.15)"


def sparkline(
    months: pl.DataFrame,
    *,
    target: float | None,
    benchmark: tuple[float, float] | None,
    tick_format: str,
) -> go.Figure:
    """A KPI's months: `month_on`, `value`, `is_mature`. Mature months are a line, the others dots that promise nothing.

    The target is a dashed line, the benchmark a band.
    """
    mature = months.filter(pl.col("is_mature"))
    immature = months.filter(~pl.col("is_mature"))
    figure = go.Figure(
        [
            go.Scatter(x=mature["month_on"], y=mature["value"], mode="lines", line={"color": INK, "width": 2}, name="mature"),
            go.Scatter(
                x=immature["month_on"],
                y=immature["value"],
                mode="markers",
                marker={"color": INK, "symbol": "circle-open", "size": 6},
                name="not mature yet",
            ),
        ]
    )
    if benchmark is not None:
        figure.add_hrect(*benchmark, fillcolor=BAND, line_width=0)
    if target is not None:
        figure.add_hline(target, line={"color": TARGET, "dash": "dash", "width": 1})
    figure.update_traces(hovertemplate=f"%{{x|%b %Y}}: %{{y:{tick_format}}}<extra></extra>")
    figure.update_layout(
        height=90,
        margin={"l": 0, "r": 0, "t": 4, "b": 0},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=False, fixedrange=True)
    return figure
