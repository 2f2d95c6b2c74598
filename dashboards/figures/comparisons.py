"""Charts that compare: bars, stacks, heat maps, curves, intervals."""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards.figures.style import (
    BAD,
    CATEGORIES,
    GOOD,
    GROUND,
    OWN,
    PENDING,
    QUIET_TEXT,
    SEQUENCE,
    THOUSANDS,
    across,
    drawn,
    folded,
    room,
    tick_format,
    upright,
    written,
)
from dashboards.figures.trends import open_dots, reach
from models.few_cases import MARK
from models.wording import amount, span

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
"""Curves also differ in their dashes, for colour-blind readers."""
_NAMES_DOWN = {"autorange": "reversed", "showgrid": False, "type": "category", "ticksuffix": "  "}
_ZERO = upright(0, color=QUIET_TEXT, width=1)


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
    n: str | None = None,
) -> go.Figure:
    """One bar per row of `data`, in its order, its value written beside it; `reference` is a dashed line across all.

    Of a rate or mean, `n` is the column of its cases, which stand beside the name. Where `data` has `is_small`, few cases have a
    mark.
    """
    names, values = data[label].to_list(), data[value].to_list()
    if not is_upright:
        names = [folded(str(name)) for name in names]
    marks = [MARK if is_small else "" for is_small in data["is_small"]] if "is_small" in data.columns else [""] * len(names)
    if n:
        marks = [f" (n = {cases:,.0f}{mark})" for cases, mark in zip(data[n], marks, strict=True)]
    names = [f"{name}{mark}" for name, mark in zip(names, marks, strict=True)]
    long, short = ("y", "x") if is_upright else ("x", "y")
    bar = {
        "type": "bar",
        "orientation": "v" if is_upright else "h",
        long: values,
        short: names,
        "marker": {"color": OWN},
        "text": written(data[value], unit),
        "hovertemplate": f"%{{{short}}}: %{{text}}<extra></extra>",
        "textposition": "auto",
        "insidetextanchor": "start",
        "insidetextfont": {"color": GROUND},
        "cliponaxis": False,
    }
    said = {"text": reference_name, "showarrow": False, "font": {"color": QUIET_TEXT, "size": 12}, "yanchor": "bottom"}
    dashed = {"color": QUIET_TEXT, "dash": "dash", "width": 1.5}
    if is_upright:
        return drawn(
            [bar],
            height=height or 300,
            showlegend=False,
            shapes=[] if reference is None else [across(reference, **dashed)],
            annotations=[]
            if reference is None
            else [said | {"xref": "x domain", "x": 1, "xanchor": "right", "yref": "y", "y": reference}],
            xaxis={"type": "category"},
            yaxis={"tickformat": tick_format(unit), "rangemode": "tozero"},
        )
    return drawn(
        [bar],
        height=height or 70 + max(room(names, 30), 90),
        showlegend=False,
        margin={"l": 8, "r": 64, "t": 24, "b": 4},
        shapes=[] if reference is None else [upright(reference, **dashed)],
        annotations=[]
        if reference is None
        else [said | {"xref": "x", "x": reference, "xanchor": "center", "yref": "y domain", "y": 1}],
        xaxis={"visible": False},
        yaxis=_NAMES_DOWN,
    )


def stack(
    data: pl.DataFrame, *, x: str, value: str, part: str, parts: dict[str, str], unit: str, colours: dict[str, str] | None = None
) -> go.Figure:
    """Stacked bars over `x`: one colour per part, in the order of `parts` (code → name)."""
    is_month, traces = data.schema[x] == pl.Date, []
    by_part = data.partition_by(part, as_dict=True)
    for index, (code, name) in enumerate(parts.items()):
        rows = by_part.get((code,), data.clear())
        traces.append(
            {
                "type": "bar",
                "x": rows[x].to_list(),
                "y": rows[value].to_list(),
                "name": name,
                "marker": {"color": (colours or {}).get(code, CATEGORIES[index % len(CATEGORIES)])},
                "text": written(rows[value], unit),
                "textposition": "none",
                "hovertemplate": f"{name}, %{{x{'|%b %Y' if is_month else ''}}}: %{{text}}<extra></extra>",
            }
        )
    axis: dict[str, Any] = {"tickformat": "%b\n%Y"} if is_month else {}
    if data.schema[x] == pl.String:
        axis = {"categoryorder": "array", "categoryarray": data[x].unique(maintain_order=True).to_list()}
    return drawn(traces, barmode="relative", height=340, bargap=0.2, xaxis=axis, yaxis={"tickformat": tick_format(unit)})


def heat_map(
    data: pl.DataFrame, *, x: str, y: str, value: str, count: str, unit: str, x_title: str = "", height: int = 340
) -> go.Figure:
    """A grid of values, `x` and `y` in the order in which they first come; `count` is shown on hover; no row, no cell."""
    columns, rows = data[x].unique(maintain_order=True).to_list(), data[y].unique(maintain_order=True).to_list()
    cells = {(down, along): (shown, n) for down, along, shown, n in data.select(y, x, value, count).iter_rows()}
    grid = [[cells.get((down, along), (None, None)) for along in columns] for down in rows]
    return drawn(
        [
            {
                "type": "heatmap",
                "x": [str(name) for name in columns],
                "y": [str(name) for name in rows],
                "z": [[cell[0] for cell in line] for line in grid],
                "text": [[amount(shown, unit) for shown, _ in line] for line in grid],
                "customdata": [[cell[1] for cell in line] for line in grid],
                "colorscale": [(index / (len(SEQUENCE) - 1), colour) for index, colour in enumerate(SEQUENCE)],
                "xgap": 2,
                "ygap": 2,
                "hovertemplate": "%{y}, %{x}: %{text} of %{customdata:,}<extra></extra>",
                "hoverongaps": False,
                "colorbar": {"tickformat": tick_format(unit), "thickness": 10, "outlinewidth": 0},
            }
        ],
        height=height,
        xaxis={"type": "category", "title": {"text": x_title}},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
    )


def curves(data: pl.DataFrame, *, x: str, value: str, curve: str | None = None, unit: str, x_title: str) -> go.Figure:
    """Steps over `x`, one per value of `curve`; each is named in the legend."""
    parts = data.partition_by(curve, as_dict=True, maintain_order=True) if curve else {("",): data}
    traces = [
        {
            "type": "scatter",
            "x": rows[x].to_list(),
            "y": rows[value].to_list(),
            "name": str(name),
            "mode": "lines",
            "line": {"shape": "hv", "width": 2.5, "color": CATEGORIES[index % len(CATEGORIES)]}
            | {"dash": DASHES[index % len(DASHES)]},
            "text": written(rows[value], unit),
            "hovertemplate": f"{f'{name}: ' if curve else ''}%{{text}} after %{{x}}<extra></extra>",
        }
        for index, ((name,), rows) in enumerate(parts.items())
    ]
    return drawn(
        traces,
        height=340,
        showlegend=len(traces) > 1,
        xaxis={"title": {"text": x_title}},
        yaxis={"tickformat": tick_format(unit)} | ({"range": [0, 1.02]} if unit == "share" else {}),
    )


_HALF_A_TELEPHONE = 18
"""Letters of a line that half of a telephone has room for."""


def small_multiples(data: pl.DataFrame, *, unit: str, target: float | None = None, columns: int = 2) -> go.Figure:
    """One small trend a slice (`slice_name`, `month_on`, `value`, `is_mature`), all on the same axes so that they compare.

    Two beside each other and names in lines: on a telephone, three wrote their names and years over one another.
    """
    slices = data.partition_by("slice_name", as_dict=True, maintain_order=True)
    n_rows = -(-len(slices) // columns)
    gap_down, gap_across = min(0.12, 0.4 / n_rows), 0.04
    wide, high = (1 - gap_across * (columns - 1)) / columns, (1 - gap_down * (n_rows - 1)) / n_rows
    traces: list[dict[str, Any]] = []
    shapes, titles, axes = [], [], {}
    edges = reach(data, [target, None if unit == "points" else 0.0])
    for index, ((name,), rows) in enumerate(slices.items()):
        number = "" if index == 0 else str(index + 1)
        left, bottom = index % columns * (wide + gap_across), (n_rows - 1 - index // columns) * (high + gap_down)
        axes[f"xaxis{number}"] = {
            "anchor": f"y{number}",
            "domain": [left, left + wide],
            "matches": "x" if number else None,
            "showticklabels": index + columns >= len(slices),
            "tickformat": "%b %y",
            "nticks": 3,
        }
        axes[f"yaxis{number}"] = {
            "anchor": f"x{number}",
            "domain": [bottom, bottom + high],
            "matches": "y" if number else None,
            "showticklabels": index % columns == 0,
            "tickformat": tick_format(unit),
            "rangemode": "tozero" if unit != "points" else "normal",
            "nticks": 4,
        }
        titles.append(
            {
                "text": folded(str(name), _HALF_A_TELEPHONE),
                "showarrow": False,
                "font": {"size": 12},
                "xref": "paper",
                "x": left + wide / 2,
                "xanchor": "center",
            }
            | {"yref": "paper", "y": bottom + high, "yanchor": "bottom"}
        )
        for is_mature in (True, False):
            part = rows.filter(pl.col("is_mature") == is_mature)
            line = {"y": part["value"].to_list(), "text": written(part["value"], unit), "mode": "lines"}
            traces.append(
                {
                    "type": "scatter",
                    "x": part["month_on"].to_list(),
                    "xaxis": f"x{number}",
                    "yaxis": f"y{number}",
                    "line": {"color": OWN, "width": 2},
                    "cliponaxis": False,
                    "hovertemplate": f"{name}, %{{x|%b %Y}}: %{{text}}<extra></extra>",
                    **(line if is_mature else open_dots(part["value"], unit, *edges)),
                }
            )
        if target is not None:
            line = across(target, color=GOOD, dash="dash", width=1.5)
            shapes.append(line | {"xref": f"x{number} domain", "yref": f"y{number}"})
    return drawn(
        traces,
        height=60 + 200 * n_rows,
        showlegend=False,
        margin={"t": max((room([str(title["text"])], 32) for title in titles[:columns]), default=32)},
        annotations=titles,
        shapes=shapes,
        **axes,
    )


def intervals(
    data: pl.DataFrame, *, label: str, estimate: str, low: str, high: str, unit: str, is_causal: str, direction: str
) -> go.Figure:
    """Estimates with their intervals, one per row. Green or red if the interval excludes zero, by `direction`; blue if it
    does not; grey where `is_causal` is false, whatever the interval.
    """
    traces = []
    names = [folded(name) for name in data[label]]
    for name, row in zip(names, data.iter_rows(named=True), strict=True):
        colour = OWN
        if not row[is_causal]:
            colour = PENDING
        elif row[low] > 0 or row[high] < 0:
            colour = GOOD if (row[estimate] > 0) == (row[direction] == "higher") else BAD
        traces.append(
            {
                "type": "scatter",
                "x": [row[estimate]],
                "y": [name],
                "mode": "markers",
                "marker": {"color": colour, "size": 10},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [row[high] - row[estimate]],
                    "arrayminus": [row[estimate] - row[low]],
                    "color": colour,
                    "thickness": 2,
                    "width": 6,
                },
                "text": [f"{amount(row[estimate], unit)} ({span(row[low], row[high], unit)})"],
                "hovertemplate": "%{y}: %{text}<extra></extra>",
            }
        )
    return drawn(
        traces,
        height=90 + room(names, 34),
        showlegend=False,
        shapes=[_ZERO],
        xaxis={"tickformat": tick_format(unit), "showgrid": True, "nticks": 4, "tickangle": 0},
        yaxis=_NAMES_DOWN,
    )


def tornado(data: pl.DataFrame, *, label: str, low: str, high: str, centre: float) -> go.Figure:
    """What each assumption does to a sum of dollars: from `low` to `high`, around `centre`, the widest on top."""
    names = [folded(name) for name in data[label]]
    traces = [
        {
            "type": "bar",
            "y": names,
            "x": (data[bound] - centre).to_list(),
            "base": centre,
            "orientation": "h",
            "name": name,
            "marker": {"color": colour},
            "text": written(data[bound], "usd"),
            "textposition": "none",
            "hovertemplate": f"%{{y}}, {name.lower()}: %{{text}}<extra></extra>",
        }
        for bound, name, colour in ((low, "At its low end", CATEGORIES[1]), (high, "At its high end", OWN))
    ]
    return drawn(
        traces,
        barmode="overlay",
        height=90 + max(room(names, 28), 84),
        shapes=[_ZERO],
        xaxis={"tickformat": THOUSANDS, "showgrid": True},
        yaxis=_NAMES_DOWN,
    )


def waterfall(steps: list[tuple[str, float, bool]]) -> go.Figure:
    """From one sum to the next: name, amount (negative: taken off), and whether it is a total."""
    bar = {
        "type": "waterfall",
        "x": [name for name, _, _ in steps],
        "y": [value for _, value, _ in steps],
        "measure": ["total" if is_total else "relative" for _, _, is_total in steps],
        "text": [amount(value, "usd") for _, value, _ in steps],
        "texttemplate": "%{text}",
        "textposition": "outside",
        "cliponaxis": False,
        "increasing": {"marker": {"color": OWN}},
        "decreasing": {"marker": {"color": PENDING}},
        "totals": {"marker": {"color": OWN}},
        "connector": {"line": {"color": QUIET_TEXT, "width": 1}},
        "hovertemplate": "%{x}: %{text}<extra></extra>",
    }
    return drawn(
        [bar],
        height=360,
        showlegend=False,
        margin={"t": 28},
        xaxis={"tickangle": 0, "tickfont": {"size": 10}},
        yaxis={"tickformat": THOUSANDS},
    )
