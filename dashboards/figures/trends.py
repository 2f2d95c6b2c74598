"""Charts by month: mature months as a line, immature ones as open dots, or as open triangles at the edge that they lie beyond."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards.figures.languages import _
from dashboards.figures.style import GOOD, OWN, PENDING, QUIET_TEXT, across, drawn, tick_format, upright, written
from models.chart_scale import scale
from models.holidays import federal_holidays

_FOOT = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
"""A separate axis for marks at the foot of a chart, independent of the values."""
_GOAL = {"color": OWN, "dash": "dashdot", "width": 1.5}
FEW_MONTHS = 8
_TARGET = {"color": GOOD, "dash": "dash", "width": 1.5}


def first_and_last(days: pl.Series) -> tuple[date, date]:
    """The first and the last of some days, of which there is at least one."""
    first, last = days.to_frame("day").select(first=pl.min("day"), last=pl.max("day")).row(0)
    return first, last


def sparkline(months: pl.DataFrame, *, target: float | None, benchmark: tuple[float, float] | None, unit: str) -> go.Figure:
    """A KPI's months, without axes: `month_on`, `value`, `is_mature`. The target is a dashed line, the benchmark a band."""
    return drawn(
        _months(months, unit, reach(months, [target, *(benchmark or ())])),
        height=84,
        margin={"l": 0, "r": 0, "t": 4, "b": 0},
        showlegend=False,
        shapes=_yardsticks(target, benchmark),
        xaxis={"visible": False, "fixedrange": True},
        yaxis={"visible": False, "fixedrange": True},
    )


def trend(
    months: pl.DataFrame,
    *,
    unit: str,
    target: float | None = None,
    benchmark: tuple[float, float] | None = None,
    events: pl.DataFrame | None = None,
    earlier: pl.DataFrame | None = None,
    goals: Sequence[float] = (),
    has_holidays: bool = False,
    height: int = 360,
) -> go.Figure:
    """A KPI's months with axes: `month_on`, `value`, `is_mature`. `events` (`event_on`, `label`) are dotted upright lines, the
    `goals` level ones, the months of `earlier`, moved onto the same axis, a thin dotted line; with `has_holidays` the weeks of
    the year-end holidays are a grey band, and each federal holiday is a mark at the foot, named on hover.
    """
    marks = [target, *(benchmark or ()), *goals, *(earlier["value"] if earlier is not None else ())]
    rangemode = "tozero" if unit != "points" else "normal"
    traces, happened = (
        _months(months, unit, reach(months, [*marks, *([0.0] if rangemode == "tozero" else [])])),
        list(events.iter_rows(named=True)) if events is not None else [],
    )
    if earlier is not None and not earlier.is_empty():
        traces.append(
            {
                "type": "scatter",
                "x": earlier["month_on"].to_list(),
                "y": earlier["value"].to_list(),
                "mode": "lines",
                "line": {"color": PENDING, "width": 1.5, "dash": "dot"},
                "name": _("Compared period"),
                "text": written(earlier["value"], unit),
                "hovertemplate": f"{_('Compared period')}: %{{text}}<extra></extra>",
            }
        )
    if target is not None:
        traces.append({"type": "scatter", "x": [None], "y": [None], "mode": "lines", "line": _TARGET, "name": _("Target")})
    if goals:
        traces.append({"type": "scatter", "x": [None], "y": [None], "mode": "lines", "line": _GOAL, "name": _("Goal")})
    if benchmark is not None:
        band = {"color": GOOD, "symbol": "square", "size": 12, "opacity": 0.3}
        traces.append({"type": "scatter", "x": [None], "y": [None], "mode": "markers", "marker": band, "name": _("Benchmark")})
    half_a_month = timedelta(days=15)
    first, last = first_and_last(months["month_on"])
    middle = first + (last - first) / 2
    if has_holidays:
        traces.append(_federal_holidays(first - half_a_month, last + half_a_month))
    return drawn(
        traces,
        height=height,
        showlegend=True,
        shapes=[
            *(_holidays(year) for year in sorted(set(months["month_on"].dt.year())) if has_holidays),
            *_yardsticks(target, benchmark),
            *(across(goal, **_GOAL) for goal in goals),
            *(upright(event["event_on"], color=QUIET_TEXT, dash="dot", width=1) for event in happened),
        ],
        annotations=[
            # At the foot, where rates are rare, and stacked, since sites join soon after one another.
            {"x": event["event_on"], "y": 0, "yref": "paper", "text": event["label"].replace("<", "&lt;"), "showarrow": False}
            | {"yanchor": "bottom", "yshift": 8 + 14 * (place % 4)}
            | ({"xanchor": "right", "xshift": -4} if event["event_on"] > middle else {"xanchor": "left", "xshift": 4})
            for place, event in enumerate(happened)
        ],
        xaxis={
            "tickformat": "%b\n%Y",
            # Room for the mark of the first and the last month, which the picture's edge would cut in half.
            "range": [first - timedelta(days=5), last + timedelta(days=5)],
            # Of a few months Plotly marks the weeks, and writes the same month beside each.
            **({"dtick": "M1"} if len(months["month_on"].unique()) <= FEW_MONTHS else {}),
        },
        yaxis={"tickformat": tick_format(unit), "rangemode": rangemode},
        **({"yaxis2": _FOOT} if has_holidays else {}),
    )


def reach(months: pl.DataFrame, marks: Sequence[float | None]) -> tuple[float, float]:
    """The lowest and the highest value that a chart of months (`value`, `is_mature`) and these marks has a place for."""
    mature, pending = (months.filter(pl.col("is_mature") == is_mature)["value"] for is_mature in (True, False))
    return scale(mature, marks, pending)


def open_dots(values: pl.Series, unit: str, low: float, high: float) -> dict[str, Any]:
    """The part of a trace that marks values as not final: each in its place, or where it lies beyond `low` or `high`, as a
    triangle at that edge which says so on hover."""
    places = [None if value is None else min(max(value, low), high) for value in values]
    beyond = [value is not None and not low <= value <= high for value in values]
    shapes = {True: "triangle-up-open", False: "triangle-down-open"}
    return {
        "y": places,
        "text": [
            f"{said} ({_('beyond the scale')})" if is_beyond else said
            for said, is_beyond in zip(written(values, unit), beyond, strict=True)
        ],
        "mode": "markers",
        "marker": {
            "color": PENDING,
            "symbol": [
                shapes[value > high] if is_beyond and value is not None else "circle-open"
                for value, is_beyond in zip(values, beyond, strict=True)
            ],
            "size": 7,
            "line": {"width": 2},
        },
    }


def _months(months: pl.DataFrame, unit: str, edges: tuple[float, float]) -> list[dict[str, Any]]:
    mature, pending = months.filter(pl.col("is_mature")), months.filter(~pl.col("is_mature"))
    both = {"type": "scatter", "cliponaxis": False, "hovertemplate": "%{x|%b %Y}: %{text}<extra></extra>"}
    return [
        both
        | {
            "x": mature["month_on"].to_list(),
            "y": mature["value"].to_list(),
            "text": written(mature["value"], unit),
            "mode": "lines+markers" if len(mature) < 4 else "lines",
            "line": {"color": OWN, "width": 2.5},
            "name": _("Complete"),
        },
        both
        | {
            "x": pending["month_on"].to_list(),
            "name": _("Still coming in"),
            **open_dots(pending["value"], unit, *edges),
        },
    ]


def _yardsticks(target: float | None, benchmark: tuple[float, float] | None) -> list[dict[str, Any]]:
    shapes = []
    if benchmark is not None:
        low, high = benchmark
        shapes.append(_band(GOOD, 0.16) | {"xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": low, "y1": high})
    if target is not None:
        shapes.append(across(target, **_TARGET))
    return shapes


def _federal_holidays(first: date, last: date) -> dict[str, Any]:
    named = federal_holidays(first, last)
    return {
        "type": "scatter",
        "x": list(named),
        "y": [0] * len(named),
        "yaxis": "y2",
        "text": list(named.values()),
        "mode": "markers",
        "marker": {"color": PENDING, "symbol": "triangle-up", "size": 7},
        "cliponaxis": False,
        "name": _("Federal holidays"),
        "hovertemplate": "%{text}, %{x|%-d %b %Y}<extra></extra>",
    }


def _holidays(year: int) -> dict[str, Any]:
    days = {"x0": date(year, 11, 20), "x1": date(year + 1, 1, 2)}
    return _band(PENDING, 0.12) | {"xref": "x", **days, "yref": "y domain", "y0": 0, "y1": 1}


def _band(colour: str, opacity: float) -> dict[str, Any]:
    return {"type": "rect", "fillcolor": colour, "opacity": opacity, "line": {"width": 0}, "layer": "below"}
