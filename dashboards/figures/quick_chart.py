"""Charts that analysts draw from a query result."""

from itertools import islice

import plotly.graph_objects as go
import polars as pl

from dashboards.figures.style import drawn

KINDS = ("Bar", "Line", "Points")
MAX_GROUPS = 7
"""The number of colours that all readers can distinguish."""
MAX_POINTS = 5_000


def measures(rows: pl.DataFrame) -> list[str]:
    """The columns that can be on the vertical axis."""
    return [name for name, dtype in rows.schema.items() if dtype.is_numeric()]


def quick_chart(rows: pl.DataFrame, kind: str, x: str, y: str, group: str | None = None) -> go.Figure:
    """`y` over `x`, one colour for each value of `group`, of which the first seven are drawn; in the order of the rows."""
    rows = rows.head(MAX_POINTS)
    parts = rows.partition_by(group, as_dict=True, maintain_order=True) if group else {("",): rows}
    traces = [
        {"type": "bar" if kind == "Bar" else "scatter", "x": part[x].to_list(), "y": part[y].to_list(), "name": str(name)}
        | ({} if kind == "Bar" else {"mode": "lines+markers" if kind == "Line" else "markers"})
        for (name,), part in islice(parts.items(), MAX_GROUPS)
    ]
    # A code or a key is no quantity on the axis, though it is written in digits.
    across = {"type": "category"} if rows.schema[x] == pl.String else {}
    return drawn(
        traces,
        height=360,
        showlegend=len(parts) > 1,
        xaxis={"title": {"text": x}} | across,
        yaxis={"title": {"text": y}},
    )
