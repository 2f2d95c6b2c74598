"""A table of a few rows whose cells wrap, for words that are to be read whole: Streamlit's own grid cuts a cell at the edge of
its column, and a column at that of the screen.
"""

from typing import Any

import polars as pl

from dashboards.layout.sheet import cells, headings, template

LOOK = """
<style>
.caregap-wrapped { container-type: inline-size; }
.caregap-wrapped table { border-collapse: collapse; width: 100%; font-size: 0.875rem; line-height: 1.4; }
.caregap-wrapped :is(th, td) {
  text-align: left; vertical-align: top; padding: 0.35rem 0.75rem 0.35rem 0; overflow-wrap: break-word; font-weight: 400;
  border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent);
}
.caregap-wrapped :is(th, td).number { text-align: right; font-variant-numeric: tabular-nums; }
.caregap-wrapped thead th, .caregap-wrapped tbody th { font-weight: 600; }
.caregap-wrapped tbody th { min-width: 7rem; }
@container (max-width: 320px) { .caregap-wrapped .narrow { @STACKED@ } }
@container (max-width: 560px) { .caregap-wrapped .middle { @STACKED@ } }
@container (max-width: 860px) { .caregap-wrapped .wide { @STACKED@ } }
</style>
""".replace(
    "@STACKED@",
    """
  &, tbody, tr, th, td { display: block; }
  thead { display: none; }
  tbody tr { padding: 0.5rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 18%, transparent); }
  :is(th, td), td.number { border: none; padding: 0.05rem 0; text-align: left; }
  td:not(:empty)::before { content: attr(data-label) ": "; opacity: 0.8; }
""",
)
"""Where a table's own place is too narrow for its columns, each row stands as lines, with the column's name before each value."""
_MOST = {"narrow": 3, "middle": 6}
"""Columns that a table may have and stand as one down to 320, down to 560 pixels."""


def wrapped(data: pl.DataFrame, title: str, columns: dict[str, Any], language: str) -> str:
    """The rows as HTML, with the headings and formats of `columns`, Streamlit's settings; the first column names its row."""
    shown = [name for name in data.columns if columns.get(name, name) is not None]
    settings = [columns.get(name) for name in shown]
    rows = data.select(shown)
    return template("wrapped.html.j2").render(
        title=title,
        width=next((width for width, most in _MOST.items() if len(shown) <= most), "wide"),
        headings=headings(rows, settings),
        rows=cells(rows, settings, language),
        zip=zip,
    )
