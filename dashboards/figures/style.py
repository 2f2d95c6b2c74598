"""The style of all charts: colours with a meaning, and the Plotly template.

The colours are the names that Streamlit's own theme puts into a figure; the browser replaces them by the colours of
`server/.streamlit/config.toml`, light or dark, so that a figure follows a change of theme at once.
`on_paper` does the same for a file.
"""

import re
import textwrap
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import plotly.io as pio
import polars as pl

from models.wording import amount

OWN, BAD, GOOD = "#000001", "#000002", "#000003"
"""The practice's own value; bad or missed; good or met."""
CATEGORIES = ("#000001", "#000004", "#000005", "#000006", "#000007", "#000008", "#000009")
"""Kinds that are neither good nor bad, in the order of their use."""
PENDING = "#000010"
"""Not counted yet, or for comparison only."""
SEQUENCE = tuple(f"#{index:06d}" for index in range(11, 21))
"""From little to much."""
QUIET_TEXT, TEXT, GROUND = "#000036", "#000037", "#000038"
_AXIS, _AXIS_TITLE = {"tickfont": {"color": TEXT}}, {"font": {"color": TEXT}}

TEMPLATE = go.layout.Template(
    layout=go.Layout(
        colorway=CATEGORIES,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        font={"size": 13},
        hoverlabel={"align": "left"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": {"text": ""}},
        bargap=0.3,
        xaxis={"automargin": True, "showgrid": False, "zeroline": False, "title": {"standoff": 8}},
        yaxis={"automargin": True, "showgrid": True, "zeroline": False, "title": {"standoff": 8}},
    )
)
pio.templates["caregap"] = TEMPLATE

_MARKUP = re.compile(r"<(?!/?(?:b|br|extra)>)")
"""Markup other than line breaks, bold and the end of a hover text."""
LINE = 26
MODE_BAR = ["zoom2d", "pan2d", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "resetScale2d"]
_CONFIG = Path(__file__).resolve().parents[1] / "server" / ".streamlit" / "config.toml"


def drawn(traces: list[dict[str, Any]], **layout: Any) -> go.Figure:
    """The figure of these traces in the common style.

    It is made at once and not changed: Plotly checks a whole figure in 3 ms, and takes 2 to 8 ms for each later `update_…`,
    `add_hline` or `make_subplots`.
    """
    # Streamlit's own template, which goes before ours, writes an axis in a grey whose contrast is 3.8 where 4.5 is asked for.
    axes = {"xaxis", "yaxis"} | {name for name in layout if name[1:5] == "axis"}
    written = {name: _AXIS | _titled(layout.get(name, {})) for name in axes}
    drawn_traces, around = _plain(traces), _plain({**layout, **written})
    return go.Figure(drawn_traces, {"template": TEMPLATE, "font": {"color": TEXT}, **around})


def _plain(part: Any) -> Any:
    """A part of a figure with every name in it as text: to Plotly, `<a href=…>` in a label is a link that can be clicked."""
    match part:
        case str():
            return _MARKUP.sub("&lt;", part)
        case dict():
            return {name: _plain(value) for name, value in part.items()}
        case list() | tuple():
            return [_plain(value) for value in part]
        case pl.Series():
            return _plain(part.to_list()) if part.dtype in (pl.String, pl.List, pl.Enum, pl.Categorical) else part
    return part


def _titled(axis: dict[str, Any]) -> dict[str, Any]:
    return axis | {"title": axis["title"] | _AXIS_TITLE} if "title" in axis else axis


def across(y: float, **line: object) -> dict[str, Any]:
    """A shape: a line at this height over the whole width."""
    return {"type": "line", "xref": "x domain", "x0": 0, "x1": 1, "yref": "y", "y0": y, "y1": y, "line": line}


def upright(x: float | date, **line: object) -> dict[str, Any]:
    """A shape: a line at this place over the whole height."""
    return {"type": "line", "xref": "x", "x0": x, "x1": x, "yref": "y domain", "y0": 0, "y1": 1, "line": line}


def folded(name: str, width: int = LINE) -> str:
    """A name beside a chart in lines: on a telephone Plotly cuts off what takes more than half of its chart, about 26 letters."""
    return "<br>".join(textwrap.wrap(name, width))


def room(names: list[str], each: int) -> int:
    """Pixels that names beside a chart take, `each` for one of a single line."""
    return sum(each + 18 * name.count("<br>") for name in names)


def tick_format(unit: str) -> str:
    """How an axis writes a value of this unit, in d3's language: a share as 12%, dollars as $1,234.

    With up to three digits where the ticks need them: with none, an axis from 69 % to 71 % wrote 70% twice.
    """
    return {"share": ".3~%", "usd": "$,.2~f"}.get(unit, ",.3~f")


THOUSANDS = "$,.5~s"
"""How an axis writes large sums of dollars: $12.5k."""


def written(values: pl.Series, unit: str) -> list[str]:
    """The values as a label or a hover text writes them, as pages do: Plotly's own format has a hyphen for a minus."""
    return [amount(value, unit) for value in values]


def mode_bar(name: str, title: str = "", source: str = "") -> dict[str, Any]:
    """Plotly's settings for a chart: nothing but the PNG download, under the name of the exhibit, at twice the size, with `title`
    and `source` (whose data, up to which day) above the chart (`dashboards/figures/png.py`).
    """
    return {
        "displaylogo": False,
        "modeBarButtonsToRemove": MODE_BAR,
        "toImageButtonOptions": {"format": "png", "filename": name, "scale": 2, "title": title, "source": source},
    }


def on_paper(specification: str) -> str:
    """A figure's JSON with the colours of the light theme in place of their names, for a file that no Streamlit draws."""
    light = tomllib.loads(_CONFIG.read_text(encoding="utf-8"))["theme"]["light"]
    colours = {f"#{index:06d}": colour for index, colour in enumerate(light["chartCategoricalColors"], start=1)}
    colours |= {f"#{index:06d}": colour for index, colour in enumerate(light["chartSequentialColors"], start=11)}
    colours |= {QUIET_TEXT: light["grayTextColor"], TEXT: light["textColor"], GROUND: light["backgroundColor"]}
    for name, colour in colours.items():
        specification = specification.replace(name, colour)
    return specification
