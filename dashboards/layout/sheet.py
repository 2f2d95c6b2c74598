"""A page as one file: what it showed, from the same rows, in HTML that needs nothing else and prints well."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

import plotly.graph_objects as go
import polars as pl
from plotly.offline import get_plotlyjs

from dashboards.figures.style import on_paper

MOST_ROWS = 200
"""A table longer than this is for a spreadsheet, not for paper; the sheet says how many rows it left out."""

_STYLE = """
body { font: 15px/1.5 "Source Sans 3", "Segoe UI", system-ui, sans-serif; color: #17212B; }
/* As wide as paper is: a chart keeps the width that it was drawn with. */
body { width: 186mm; margin: 2rem auto; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.35rem; margin: 1.6rem 0 .4rem; break-after: avoid; }
section h2, section h3 { font-size: 1.1rem; margin: 0 0 .4rem; break-after: avoid; }
section { border: 1px solid #D5DDE5; border-radius: .5rem; padding: 1rem; margin: 1rem 0; break-inside: avoid; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .8rem; margin: 1rem 0; }
.tiles section { margin: 0; } .value { font-size: 1.5rem; font-weight: 600; } .quiet { color: #4A5866; font-size: .9rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } thead { display: table-header-group; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid #D5DDE5; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.synthetic { background: #FFF6DB; border-radius: .5rem; padding: .5rem 1rem; }
tr { break-inside: avoid; }
@page { size: letter; margin: 15mm; }
@media print {
  body { margin: 0; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section { padding: .5rem .7rem; margin: .5rem 0; }
  .tiles { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .5rem; }
  .value { font-size: 1.2rem; } .quiet { font-size: 8pt; margin: .2rem 0; }
  section:has(tbody tr:nth-child(13)) { break-inside: auto; }
  table { font-size: 8pt; } .modebar { display: none; }
}
"""
_DRAW = (
    "Plotly.newPlot(div, spec.data, Object.assign({}, spec.layout, {autosize: true}), {responsive: true, displaylogo: false});"
)


@dataclass
class Sheet:
    """What a page has shown so far: its head, and its blocks in order, each made into HTML when the page is taken away.

    To make them at every run took a tenth of a page's time, and few pages are taken away.
    """

    title: str
    practice_name: str
    as_of_on: date
    is_synthetic: bool
    filters: str = ""
    blocks: list[Callable[[], str]] = field(default_factory=list)
    patients: set[int] = field(default_factory=set)
    is_sectioned: bool = False

    @property
    def source(self) -> str:
        """Whose data, up to which day: for what leaves the page without it."""
        return f"{self.practice_name} · data as of {self.as_of_on:%-d %B %Y}{' · synthetic data' if self.is_synthetic else ''}"

    def section(self, title: str) -> None:
        """Begin a part, to which the exhibits that follow belong."""
        self.is_sectioned = True
        self.blocks.append(lambda: f"<h2>{html.escape(title)}</h2>")

    def say(self, markdown: str) -> None:
        """Add a paragraph; of its Markdown, bold survives."""
        plain = re.sub(r":\w+\[(.*?)\]", r"\1", re.sub(r":material/\w+:\s*", "", markdown))
        bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(plain))
        self.blocks.append(lambda: f"<p>{bold}</p>")

    def tiles(self, tiles: list[tuple[str, str, str]]) -> None:
        """Add a row of figures: label, value, and the line below it."""
        cells = "".join(
            f'<section>{html.escape(label)}<div class="value">{html.escape(value)}</div>'
            f'<div class="quiet">{html.escape(below)}</div></section>'
            for label, value, below in tiles
        )
        self.blocks.append(lambda: f'<div class="tiles">{cells}</div>')

    def figure(self, chart: go.Figure, title: str, alt: str, note: str) -> None:
        """Add a chart, drawn by the copy of Plotly that the file carries once."""
        heading = self._heading(title)
        self.blocks.append(lambda: _figure(chart, heading, alt, note))

    def table(self, data: pl.DataFrame, title: str, note: str, columns: dict | None = None) -> None:
        """Add a table, its first rows where there are many; `columns` are Streamlit's settings, for headings and formats."""
        left_out = f"{len(data) - MOST_ROWS:,} further rows are left out. " if len(data) > MOST_ROWS else ""
        heading, shown = self._heading(title), data.head(MOST_ROWS)
        self.blocks.append(lambda: _table(shown, heading, left_out + note, columns or {}))

    def _heading(self, title: str) -> str:
        level = "h3" if self.is_sectioned else "h2"
        return f"<{level}>{html.escape(title)}</{level}>"

    def to_html(self) -> str:
        """The whole file."""
        banner = '<p class="synthetic">Synthetic data: nobody here is a real person.</p>' if self.is_synthetic else ""
        head = " · ".join(filter(None, (self.practice_name, f"data as of {self.as_of_on:%-d %B %Y}", self.filters)))
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{html.escape(self.title)} · Caregap</title><style>{_STYLE}</style></head><body>"
            f"<h1>{html.escape(self.title)}</h1><p>{html.escape(head)}</p>"
            f"{banner}<script>{get_plotlyjs()}</script>{''.join(block() for block in self.blocks)}"
            '<script>document.querySelectorAll("script.spec").forEach(function (text) { var spec = JSON.parse(text.textContent);'
            f" var div = text.previousElementSibling; {_DRAW} }});</script></body></html>"
        )


def _figure(chart: go.Figure, heading: str, alt: str, note: str) -> str:
    # `</` would end the script that it stands in.
    specification = on_paper(chart.to_json()).replace("</", "<\\/")
    return (
        f'<section>{heading}<div class="chart" role="img" aria-label="{html.escape(alt)}"></div>'
        f'<script type="application/json" class="spec">{specification}</script>'
        f'<p class="quiet">{html.escape(note)}</p></section>'
    )


def _table(data: pl.DataFrame, heading: str, note: str, columns: dict) -> str:
    settings = [columns.get(name) for name in data.columns]
    is_number = [dtype.is_numeric() for dtype in data.dtypes]
    forms = [_format(setting) for setting in settings]
    head = "".join(
        f"<th{' class=number' if number else ''}>{html.escape(_heading(name, setting))}</th>"
        for name, setting, number in zip(data.columns, settings, is_number, strict=True)
    )
    rows = "".join(
        "<tr>" + "".join(_cell(*cell) for cell in zip(row, is_number, forms, strict=True)) + "</tr>" for row in data.iter_rows()
    )
    return (
        f"<section>{heading}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f'<p class="quiet">{html.escape(note)}</p></section>'
    )


def is_share(setting: object) -> bool:
    """Whether a column's settings say that its numbers are shares."""
    return (
        isinstance(setting, dict)
        and setting["type_config"].get("type") in ("number", "progress")
        and _format(setting) == "percent"
    )


def _format(setting: object) -> str:
    return (setting["type_config"].get("format") or "") if isinstance(setting, dict) else ""


def _heading(name: str, setting: object) -> str:
    said = setting if isinstance(setting, str) else setting.get("label") if isinstance(setting, dict) else None
    return said or name.replace("_", " ").capitalize()


def _cell(value: object, is_number: bool, form: str) -> str:
    match value:
        case None:
            return "<td></td>"
        case bool():
            return f"<td>{'yes' if value else 'no'}</td>"
        case datetime():
            return f"<td>{value:%Y-%m-%d %H:%M}</td>"
        case date():
            return f"<td>{value:%Y-%m-%d}</td>"
    if not is_number:
        return f"<td>{html.escape(str(value))}</td>"
    return f'<td class="number">{_number(value, form)}</td>'


def _number(value: float, form: str) -> str:
    """A number by Streamlit's format, as far as pages use them: `percent`, `$%,.0f`, `%.0f`; else whole, or with one digit."""
    if form == "percent":
        return f"{value * 100:.1f} %"
    if "%" in form:
        before, _, rest = form.partition("%")
        return f"{before}{format(value, ',' + rest.lstrip(','))}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.1f}"
    return f"{value:,}"
