"""The chart that an analyst draws from a result, without a word of Python."""

from itertools import islice

import plotly.graph_objects as go
import polars as pl

from dashboards.charts import TEMPLATE

KINDS = ("Bar", "Line", "Points")
MAX_GROUPS = 7
"""As many as there are colours that everybody tells apart."""
MAX_POINTS = 5_000


def measures(rows: pl.DataFrame) -> list[str]:
    """The columns that can stand on the upright axis."""
    return [name for name, dtype in rows.schema.items() if dtype.is_numeric()]


def quick_chart(rows: pl.DataFrame, kind: str, x: str, y: str, group: str | None = None) -> go.Figure:
    """`y` over `x`, one colour for each value of `group`, of which the first seven are drawn; in the order of the rows."""
    rows = rows.head(MAX_POINTS)
    parts = rows.partition_by(group, as_dict=True, maintain_order=True) if group else {("",): rows}
    figure = go.Figure(layout={"template": TEMPLATE, "height": 360})
    for (name,), part in islice(parts.items(), MAX_GROUPS):
        across, up = part[x].to_list(), part[y].to_list()
        label = str(name)
        if kind == "Bar":
            figure.add_bar(x=across, y=up, name=label)
        else:
            figure.add_scatter(x=across, y=up, name=label, mode="lines+markers" if kind == "Line" else "markers")
    figure.update_layout(showlegend=len(parts) > 1)
    # A code or a key is no quantity on the axis, though it is written in digits.
    figure.update_xaxes(title_text=x, type="category" if rows.schema[x] == pl.String else None)
    figure.update_yaxes(title_text=y)
    return figure
