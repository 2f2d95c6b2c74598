"""Charts of a program's money."""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards.figures.style import OWN, QUIET_TEXT, SEQUENCE, THOUSANDS, across, drawn, upright, written


def so_far(months: pl.DataFrame, payback_month: int | None) -> go.Figure:
    """Benefits less costs up to each month's end: `month_on`, the percentiles `net_so_far_p5_usd`, `_p50_` and `_p95_`, and
    `is_projected`; an upright line at the month in which the money is back."""
    days = months["month_on"].to_list()
    edge = {"type": "scatter", "x": days, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    seen = months.filter(~pl.col("is_projected"))
    ahead = months.filter(pl.col("is_projected") | (pl.col("month_number") == len(seen)))
    traces: list[dict[str, Any]] = [
        edge | {"y": months["net_so_far_p95_usd"].to_list()},
        edge
        | {
            "y": months["net_so_far_p5_usd"].to_list(),
            "fill": "tonexty",
            "fillcolor": SEQUENCE[1],
            "name": "90 % interval",
            "showlegend": True,
        },
        *(
            {
                "type": "scatter",
                "x": rows["month_on"].to_list(),
                "y": rows["net_so_far_p50_usd"].to_list(),
                "mode": "lines",
                "name": name,
                "line": {"color": OWN, "width": 2.5, "dash": dash},
                "text": written(rows["net_so_far_p50_usd"], "usd"),
                "hovertemplate": "%{x|%b %Y}: %{text}<extra></extra>",
            }
            for rows, name, dash in ((seen, "Median, observed", "solid"), (ahead, "Median, projected", "dot"))
            if len(rows)
        ),
    ]
    shapes = [across(0, color=QUIET_TEXT, width=1)]
    if payback_month:
        shapes.append(upright(days[payback_month - 1], color=OWN, width=1, dash="dash"))
    return drawn(traces, height=340, shapes=shapes, xaxis={"tickformat": "%b\n%Y"}, yaxis={"tickformat": THOUSANDS})
