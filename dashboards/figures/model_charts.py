"""Charts of a risk model: calibration, subgroups, decision curve and importances."""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards.figures.style import CATEGORIES, OWN, QUIET_TEXT, across, drawn, folded, room, tick_format, upright
from models.wording import signs_in

ACTED_ON = {"model": "Patients named by the model", "everybody": "Everybody", "nobody": "Nobody"}


def reliability(points: pl.DataFrame) -> go.Figure:
    """Observed rate over predicted risk: `x_value`, `y_value`, `low`, `high`, `n_rows`. On the diagonal: calibrated."""
    diagonal = {
        "type": "scatter",
        "x": [0, 1],
        "y": [0, 1],
        "mode": "lines",
        "line": {"color": QUIET_TEXT, "dash": "dot", "width": 1.5},
        "name": "True risks",
        "hoverinfo": "skip",
    }
    own = {
        "type": "scatter",
        "x": points["x_value"].to_list(),
        "y": points["y_value"].to_list(),
        "customdata": points.select("n_rows", "low", "high").rows(),
        "error_y": _interval(points, "y_value"),
        "mode": "lines+markers",
        "line": {"color": OWN, "width": 2},
        "marker": {"color": OWN, "size": 8},
        "name": "This model",
        "hovertemplate": "Predicted %{x:.0%}, observed %{y:.0%} (%{customdata[1]:.0%} to %{customdata[2]:.0%})<extra></extra>",
    }
    highest = points.select(pl.max_horizontal(pl.max("x_value", "high", "y_value"))).item() * 1.05
    axis = {"tickformat": tick_format("share"), "range": [0, min(highest, 1)]}
    return drawn(
        [diagonal, own],
        height=360,
        xaxis=axis | {"title": {"text": "Predicted risk"}},
        yaxis=axis | {"title": {"text": "Observed rate"}},
    )


def decision(points: pl.DataFrame) -> go.Figure:
    """Net benefit over the threshold (Vickers and Elkin 2006): `series`, `x_value`, `y_value`."""
    parts = points.partition_by("series", as_dict=True, maintain_order=True)
    traces = [
        {
            "type": "scatter",
            "x": one["x_value"].to_list(),
            "y": one["y_value"].to_list(),
            "mode": "lines",
            "line": {"color": OWN, "width": 2.5, "dash": "solid"}
            if series == "model"
            else {"color": CATEGORIES[number + 1], "width": 1.5, "dash": "dash"},
            "name": ACTED_ON.get(series, series),
            "text": [signs_in(f"{benefit:.3f}") for benefit in one["y_value"]],
            "hovertemplate": "Threshold %{x:.0%}: %{text}<extra>%{fullData.name}</extra>",
        }
        for number, ((series,), one) in enumerate(parts.items())
    ]
    return drawn(
        traces,
        height=360,
        shapes=[across(0, color=QUIET_TEXT, width=1, dash="dot")],
        xaxis={"title": {"text": "Risk threshold for a contact"}, "tickformat": tick_format("share")},
        yaxis={
            "title": {"text": "Net benefit"},
            "range": [min(-0.02, points.filter(pl.col("series") == "model").select(pl.min("y_value")).item()), None],
        },
    )


def subgroups(rows: pl.DataFrame, whole: float | None) -> go.Figure:
    """A metric of each subgroup with its interval, against everybody: `label`, `value`, `low`, `high`."""
    dots = {
        "type": "scatter",
        "x": rows["value"].to_list(),
        "y": rows["label"].to_list(),
        "error_x": _interval(rows, "value"),
        "mode": "markers",
        "marker": {"color": OWN, "size": 9},
        "customdata": rows.select("low", "high").rows(),
        "hovertemplate": "%{y}: %{x:.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f})<extra></extra>",
    }
    everybody = {"text": "Everybody", "showarrow": False, "font": {"color": QUIET_TEXT, "size": 12}}
    return drawn(
        [dots],
        height=90 + 32 * len(rows),
        showlegend=False,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        shapes=[] if whole is None else [upright(whole, color=QUIET_TEXT, dash="dot", width=1.5)],
        annotations=[] if whole is None else [everybody | {"x": whole, "y": 1, "yref": "paper", "yanchor": "bottom"}],
        xaxis={"tickformat": ".2f", "showgrid": True},
        yaxis={"autorange": "reversed", "showgrid": False},
    )


def importances(rows: pl.DataFrame) -> go.Figure:
    """Each input's mean contribution to the risk: `description`, `importance`, largest first."""
    names = [folded(name.rstrip(".")) for name in rows["description"]]
    bar = {
        "type": "bar",
        "x": rows["importance"].to_list(),
        "y": names,
        "orientation": "h",
        "marker": {"color": OWN},
        "hovertemplate": "%{y}: %{x:.2f}<extra></extra>",
    }
    return drawn(
        [bar],
        # A label of three lines needs the room of three: fifteen of 30 px each ran into each other.
        height=80 + room(names, 30),
        showlegend=False,
        xaxis={"title": {"text": "Mean absolute contribution to the log-odds"}, "showgrid": True},
        yaxis={"autorange": "reversed", "showgrid": False, "ticksuffix": "  "},
    )


def _interval(rows: pl.DataFrame, value: str) -> dict[str, Any]:
    """Error bars from `low` to `high` around `value`; none if an end is unknown."""
    return {
        "array": (rows["high"] - rows[value]).fill_null(0).to_list(),
        "arrayminus": (rows[value] - rows["low"]).fill_null(0).to_list(),
        "thickness": 1.5,
        "width": 4,
        "color": OWN,
    }
