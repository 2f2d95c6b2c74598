"""Things side by side into figures: bars, stacks, heat maps, curves, intervals."""

import plotly.graph_objects as go
import polars as pl

from dashboards.charts import (
    BAD,
    CATEGORIES,
    GOOD,
    GROUND,
    OWN,
    PENDING,
    QUIET_TEXT,
    SEQUENCE,
    TEMPLATE,
    hover_format,
    tick_format,
)

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
"""Curves differ in their dashes too, for who does not tell the colours apart."""


def bars(
    data: pl.DataFrame,
    *,
    label: str,
    value: str,
    unit: str,
    reference: float | None = None,
    reference_name: str = "Practice",
    height: int | None = None,
    is_upright: bool = False,
) -> go.Figure:
    """One bar a row of `data`, in its order, its value written beside it; `reference` is a dashed line across all."""
    names, values = data[label].to_list(), data[value].to_list()
    texts = {
        "texttemplate": f"%{{{'y' if is_upright else 'x'}:{hover_format(unit)}}}",
        "textposition": "auto",
        "insidetextanchor": "start",
        "insidetextfont": {"color": GROUND},
        "cliponaxis": False,
    }
    hover = f"%{{{'x' if is_upright else 'y'}}}: %{{{'y' if is_upright else 'x'}:{hover_format(unit)}}}<extra></extra>"
    if is_upright:
        bar = go.Bar(x=names, y=values, marker_color=OWN, hovertemplate=hover, **texts)
    else:
        bar = go.Bar(x=values, y=names, orientation="h", marker_color=OWN, hovertemplate=hover, **texts)
    chart = go.Figure([bar])
    line = {"color": QUIET_TEXT, "dash": "dash", "width": 1.5}
    label_of = {"annotation_text": reference_name, "annotation_font": {"color": QUIET_TEXT, "size": 12}}
    if reference is not None and is_upright:
        chart.add_hline(reference, line=line, **label_of)
    elif reference is not None:
        chart.add_vline(
            reference, line={"color": QUIET_TEXT, "dash": "dash", "width": 1.5}, annotation_position="top", **label_of
        )
    chart.update_layout(
        template=TEMPLATE, height=height or (300 if is_upright else 70 + 30 * max(len(names), 3)), showlegend=False
    )
    if is_upright:
        chart.update_yaxes(tickformat=tick_format(unit), rangemode="tozero")
        chart.update_xaxes(type="category")
    else:
        chart.update_yaxes(autorange="reversed", showgrid=False, type="category", ticksuffix="  ")
        chart.update_xaxes(visible=False)
        chart.update_layout(margin={"l": 8, "r": 64, "t": 24, "b": 4})
    return chart


def stack(
    data: pl.DataFrame, *, x: str, value: str, part: str, parts: dict[str, str], unit: str, colours: dict[str, str] | None = None
) -> go.Figure:
    """Stacked bars over `x`: one colour a part, in the order of `parts` (code → name)."""
    chart = go.Figure()
    for index, (code, name) in enumerate(parts.items()):
        rows = data.filter(pl.col(part) == code)
        colour = (colours or {}).get(code, CATEGORIES[index % len(CATEGORIES)])
        chart.add_bar(
            x=rows[x],
            y=rows[value],
            name=name,
            marker_color=colour,
            hovertemplate=f"{name}, %{{x}}: %{{y:{hover_format(unit)}}}<extra></extra>",
        )
    chart.update_layout(template=TEMPLATE, barmode="relative", height=340, bargap=0.2)
    if data.schema[x] == pl.String:
        chart.update_xaxes(categoryorder="array", categoryarray=data[x].unique(maintain_order=True).to_list())
    chart.update_yaxes(tickformat=tick_format(unit))
    if data.schema[x] == pl.Date:
        chart.update_xaxes(tickformat="%b\n%Y")
        chart.update_traces(hovertemplate=None)
        for trace in chart.data:
            trace.hovertemplate = f"{trace.name}, %{{x|%b %Y}}: %{{y:{hover_format(unit)}}}<extra></extra>"
    return chart


def heat_map(
    data: pl.DataFrame, *, x: str, y: str, value: str, count: str, unit: str, x_title: str = "", height: int = 340
) -> go.Figure:
    """A grid of values, `x` and `y` in the order in which they first come; `count` is said on hover; no row, no cell."""
    columns, rows = data[x].unique(maintain_order=True).to_list(), data[y].unique(maintain_order=True).to_list()
    cells = {(row[y], row[x]): (row[value], row[count]) for row in data.iter_rows(named=True)}
    grid = [[cells.get((down, across), (None, None)) for across in columns] for down in rows]
    chart = go.Figure(
        go.Heatmap(
            x=[str(name) for name in columns],
            y=[str(name) for name in rows],
            z=[[cell[0] for cell in line] for line in grid],
            customdata=[[cell[1] for cell in line] for line in grid],
            colorscale=[(index / (len(SEQUENCE) - 1), colour) for index, colour in enumerate(SEQUENCE)],
            xgap=2,
            ygap=2,
            hovertemplate=f"%{{y}}, %{{x}}: %{{z:{hover_format(unit)}}} of %{{customdata:,}}<extra></extra>",
            hoverongaps=False,
            colorbar={"tickformat": tick_format(unit), "thickness": 10, "outlinewidth": 0},
        )
    )
    chart.update_layout(template=TEMPLATE, height=height)
    chart.update_xaxes(type="category", title=x_title)
    chart.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return chart


def curves(data: pl.DataFrame, *, x: str, value: str, curve: str | None = None, unit: str, x_title: str) -> go.Figure:
    """Steps over `x`, one a value of `curve`; each is named in the legend."""
    chart = go.Figure()
    names = data[curve].unique(maintain_order=True).to_list() if curve else [None]
    for index, name in enumerate(names):
        rows = data if name is None else data.filter(pl.col(curve) == name)
        said = "" if name is None else f"{name}: "
        chart.add_scatter(
            x=rows[x],
            y=rows[value],
            name="" if name is None else str(name),
            mode="lines",
            line={"shape": "hv", "width": 2.5, "color": CATEGORIES[index % len(CATEGORIES)], "dash": DASHES[index % len(DASHES)]},
            hovertemplate=f"{said}%{{y:{hover_format(unit)}}} after %{{x}}<extra></extra>",
        )
    chart.update_layout(template=TEMPLATE, height=340, showlegend=len(names) > 1)
    chart.update_xaxes(title=x_title)
    chart.update_yaxes(tickformat=tick_format(unit), range=[0, 1.02] if unit == "share" else None)
    return chart


def small_multiples(data: pl.DataFrame, *, unit: str, target: float | None = None, columns: int = 3) -> go.Figure:
    """One small trend a slice (`slice_name`, `month_on`, `value`, `is_mature`), all on the same axes so that they compare."""
    from plotly.subplots import make_subplots

    names = data["slice_name"].unique(maintain_order=True).to_list()
    n_rows = -(-len(names) // columns)
    chart = make_subplots(
        rows=n_rows,
        cols=columns,
        shared_xaxes=True,
        shared_yaxes="all",
        subplot_titles=names,
        vertical_spacing=min(0.12, 0.4 / n_rows),
        horizontal_spacing=0.04,
    )
    for index, name in enumerate(names):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        rows = data.filter(pl.col("slice_name") == name)
        for is_mature, mode, colour in ((True, "lines", OWN), (False, "markers", PENDING)):
            part = rows.filter(pl.col("is_mature") == is_mature)
            chart.add_scatter(
                x=part["month_on"],
                y=part["value"],
                mode=mode,
                line={"color": colour, "width": 2},
                marker={"color": colour, "symbol": "circle-open", "size": 6, "line": {"width": 2}},
                cliponaxis=False,
                hovertemplate=f"{name}, %{{x|%b %Y}}: %{{y:{hover_format(unit)}}}<extra></extra>",
                **place,
            )
    if target is not None:
        chart.add_hline(target, line={"color": GOOD, "dash": "dash", "width": 1.5})
    chart.update_layout(template=TEMPLATE, height=60 + 170 * n_rows, showlegend=False, margin={"t": 32})
    chart.update_annotations(font={"size": 13})
    chart.update_yaxes(tickformat=tick_format(unit), rangemode="tozero" if unit != "points" else "normal", nticks=4)
    chart.update_xaxes(tickformat="%b %y", nticks=4)
    return chart


def intervals(
    data: pl.DataFrame, *, label: str, estimate: str, low: str, high: str, unit: str, is_causal: str, direction: str
) -> go.Figure:
    """Estimates with their intervals, one a row. Green or red where the interval leaves out zero, by which `direction` is better;
    blue where it does not; grey where `is_causal` is false, whatever the interval.
    """
    chart, form = go.Figure(), hover_format(unit)
    for row in data.iter_rows(named=True):
        colour = OWN
        if not row[is_causal]:
            colour = PENDING
        elif row[low] > 0 or row[high] < 0:
            colour = GOOD if (row[estimate] > 0) == (row[direction] == "higher") else BAD
        chart.add_scatter(
            x=[row[estimate]],
            y=[row[label]],
            mode="markers",
            marker={"color": colour, "size": 10},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [row[high] - row[estimate]],
                "arrayminus": [row[estimate] - row[low]],
                "color": colour,
                "thickness": 2,
                "width": 6,
            },
            customdata=[(row[low], row[high])],
            hovertemplate=f"%{{y}}: %{{x:{form}}} (%{{customdata[0]:{form}}} to %{{customdata[1]:{form}}})<extra></extra>",
        )
    chart.add_vline(0, line={"color": QUIET_TEXT, "width": 1})
    chart.update_layout(template=TEMPLATE, height=90 + 34 * len(data), showlegend=False)
    chart.update_xaxes(tickformat=tick_format(unit), showgrid=True, nticks=6, tickangle=0)
    chart.update_yaxes(autorange="reversed", showgrid=False, type="category", ticksuffix="  ")
    return chart


def tornado(data: pl.DataFrame, *, label: str, low: str, high: str, centre: float) -> go.Figure:
    """What each assumption does to a sum of dollars: from `low` to `high`, around `centre`, the widest on top."""
    chart = go.Figure()
    for bound, name, colour in ((low, "At its low end", CATEGORIES[1]), (high, "At its high end", OWN)):
        chart.add_bar(
            y=data[label],
            x=data[bound] - centre,
            base=centre,
            orientation="h",
            name=name,
            marker_color=colour,
            customdata=data[bound],
            hovertemplate=f"%{{y}}, {name.lower()}: %{{customdata:$,.0f}}<extra></extra>",
        )
    chart.add_vline(0, line={"color": QUIET_TEXT, "width": 1})
    chart.update_layout(template=TEMPLATE, barmode="overlay", height=90 + 28 * max(len(data), 3))
    chart.update_xaxes(tickformat="$,.2~s", showgrid=True)
    chart.update_yaxes(autorange="reversed", showgrid=False, type="category", ticksuffix="  ")
    return chart


def waterfall(steps: list[tuple[str, float, bool]]) -> go.Figure:
    """From one sum to the next: name, amount (negative: taken off), and whether it is a total."""
    chart = go.Figure(
        go.Waterfall(
            x=[name for name, _, _ in steps],
            y=[amount for _, amount, _ in steps],
            measure=["total" if is_total else "relative" for _, _, is_total in steps],
            texttemplate="%{delta:$,.3~s}",
            textposition="outside",
            cliponaxis=False,
            increasing={"marker": {"color": OWN}},
            decreasing={"marker": {"color": PENDING}},
            totals={"marker": {"color": OWN}},
            connector={"line": {"color": QUIET_TEXT, "width": 1}},
            hovertemplate="%{x}: %{delta:$,.0f}<extra></extra>",
        )
    )
    chart.update_layout(template=TEMPLATE, height=360, showlegend=False, margin={"t": 28})
    chart.update_yaxes(tickformat="$,.2~s")
    chart.update_xaxes(tickangle=0)
    return chart
