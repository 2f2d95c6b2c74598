"""What is known of a risk model, as figures: whether its risks are true, whom it serves, and whether acting on it helps."""

import plotly.graph_objects as go
import polars as pl

from dashboards.charts import CATEGORIES, OWN, QUIET_TEXT, TEMPLATE

ACTED_ON = {"model": "Those whom the model names", "everybody": "Everybody", "nobody": "Nobody"}


def reliability(points: pl.DataFrame) -> go.Figure:
    """Observed rate over predicted risk: `x_value`, `y_value`, `low`, `high`, `n_rows`. On the line, the risks are true."""
    figure = go.Figure()
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": QUIET_TEXT, "dash": "dot", "width": 1.5},
        name="True risks",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=points["x_value"],
        y=points["y_value"],
        customdata=points.select("n_rows", "low", "high").rows(),
        error_y={
            "array": (points["high"] - points["y_value"]).fill_null(0),
            "arrayminus": (points["y_value"] - points["low"]).fill_null(0),
            "thickness": 1.5,
            "width": 4,
            "color": OWN,
        },
        mode="lines+markers",
        line={"color": OWN, "width": 2},
        marker={"color": OWN, "size": 8},
        name="This model",
        hovertemplate="Predicted %{x:.0%}, observed %{y:.0%} (%{customdata[1]:.0%} to %{customdata[2]:.0%})<extra></extra>",
    )
    highest = max(points["x_value"].max(), points["high"].max() or 0, points["y_value"].max()) * 1.05
    figure.update_layout(template=TEMPLATE, height=360)
    figure.update_xaxes(title="Predicted risk", tickformat=".0%", range=[0, min(highest, 1)])
    figure.update_yaxes(title="Observed rate", tickformat=".0%", range=[0, min(highest, 1)])
    return figure


def decision(points: pl.DataFrame) -> go.Figure:
    """Net benefit over the threshold (Vickers and Elkin 2006): `series`, `x_value`, `y_value`."""
    figure = go.Figure()
    for number, series in enumerate(points["series"].unique(maintain_order=True)):
        one = points.filter(pl.col("series") == series)
        colour = OWN if series == "model" else CATEGORIES[number + 1]
        figure.add_scatter(
            x=one["x_value"],
            y=one["y_value"],
            mode="lines",
            line={"color": colour, "width": 2.5 if series == "model" else 1.5, "dash": "solid" if series == "model" else "dash"},
            name=ACTED_ON.get(series, series),
            hovertemplate="Threshold %{x:.0%}: %{y:.3f}<extra>%{fullData.name}</extra>",
        )
    figure.add_hline(0, line={"color": QUIET_TEXT, "width": 1, "dash": "dot"})
    figure.update_layout(template=TEMPLATE, height=360)
    figure.update_xaxes(title="Risk from which one would act", tickformat=".0%")
    figure.update_yaxes(
        title="Net benefit", range=[min(-0.02, points.filter(pl.col("series") == "model")["y_value"].min()), None]
    )
    return figure


def subgroups(rows: pl.DataFrame, whole: float | None) -> go.Figure:
    """A metric of each subgroup with its interval, against everybody: `label`, `value`, `low`, `high`."""
    figure = go.Figure(
        go.Scatter(
            x=rows["value"],
            y=rows["label"],
            error_x={
                "array": (rows["high"] - rows["value"]).fill_null(0),
                "arrayminus": (rows["value"] - rows["low"]).fill_null(0),
                "thickness": 1.5,
                "width": 4,
                "color": OWN,
            },
            mode="markers",
            marker={"color": OWN, "size": 9},
            customdata=rows.select("low", "high").rows(),
            hovertemplate="%{y}: %{x:.2f} (%{customdata[0]:.2f} to %{customdata[1]:.2f})<extra></extra>",
        )
    )
    if whole is not None:
        figure.add_vline(whole, line={"color": QUIET_TEXT, "dash": "dot", "width": 1.5})
        figure.add_annotation(
            x=whole,
            y=1,
            yref="paper",
            yanchor="bottom",
            text="Everybody",
            showarrow=False,
            font={"color": QUIET_TEXT, "size": 12},
        )
    figure.update_layout(
        template=TEMPLATE, height=90 + 32 * len(rows), showlegend=False, margin={"l": 8, "r": 8, "t": 28, "b": 8}
    )
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(tickformat=".2f", showgrid=True)
    return figure


def importances(rows: pl.DataFrame) -> go.Figure:
    """How much each input moves the risk: `description`, `importance`, largest first."""
    figure = go.Figure(
        go.Bar(
            x=rows["importance"],
            y=rows["description"],
            orientation="h",
            marker={"color": OWN},
            hovertemplate="%{y}: %{x:.2f}<extra></extra>",
        )
    )
    figure.update_layout(template=TEMPLATE, height=80 + 30 * len(rows), showlegend=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(title="Mean distance by which it moves the log-odds", showgrid=True)
    return figure
