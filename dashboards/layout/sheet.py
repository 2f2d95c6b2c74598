"""A page as one HTML file: its content from the same rows, without external files, ready to print."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import polars as pl
from jinja2 import Environment, FileSystemLoader, Template
from plotly.offline import get_plotlyjs

from dashboards.figures.languages import ENGLISH, chart_language, day_in, said_in
from dashboards.figures.style import on_paper
from models.wording import MINUS, unbroken

MOST_ROWS = 200
"""Rows of a table on paper; the sheet gives the number of rows left out."""


@dataclass
class Sheet:
    """The content of a page so far: its head, and its blocks in order, each made into HTML only on export.

    Making them at every run took a tenth of a page's time, and few pages are exported. `language` is the viewer's: on export, no
    page runs that knows it.
    """

    title: str
    practice_name: str
    as_of_on: date
    is_synthetic: bool
    filters: str = ""
    blocks: list[Callable[[], str]] = field(default_factory=list)
    patients: set[int] = field(default_factory=set)
    is_sectioned: bool = False
    has_charts: bool = False
    language: str = ENGLISH

    @property
    def source(self) -> str:
        """Practice and last day of the data, for files that leave the page."""
        synthetic = self._said("synthetic data") if self.is_synthetic else None
        return " · ".join(filter(None, (self.practice_name, self._made_for, synthetic)))

    @property
    def _made_for(self) -> str:
        return self._said("data as of **{day}**", day=day_in(self.language, self.as_of_on)).replace("**", "")

    def _said(self, message: str, **values: object) -> str:
        return said_in(self.language, message, **values)

    def section(self, title: str) -> None:
        """Begin a section, to which the exhibits that follow belong."""
        self.is_sectioned = True
        self._add("section", title=title)

    def say(self, markdown: str) -> None:
        """Add a paragraph; of its Markdown, only bold is kept."""
        parts = re.split(r"\*\*(.+?)\*\*", _without_looks(markdown))
        self._add("paragraph", parts=[(text, place % 2 == 1) for place, text in enumerate(parts)])

    def tiles(self, tiles: list[tuple[str, str, str]]) -> None:
        """Add a row of metrics: label, value, and the line of Markdown below it."""
        self._add("tiles", tiles=[(label, value, _without_looks(below)) for label, value, below in tiles])

    def figure(self, chart: go.Figure, title: str, alt: str, note: str) -> None:
        """Add a chart, drawn by the file's single copy of Plotly: 4.8 MB, which a file without a chart does not have."""
        self.has_charts = True
        self._add("figure", title=title, level=self._level, alt=alt, note=note, specification=lambda: _specification(chart))

    def table(self, data: pl.DataFrame, title: str, note: str, columns: dict[str, Any] | None = None) -> None:
        """Add a table, cut to its first rows if long; `columns` are Streamlit's settings, for headings and formats."""
        n_more = len(data) - MOST_ROWS
        left_out = f"{self._said('{n} further rows are left out.', n=f'{n_more:,}')} " if n_more > 0 else ""
        shown, settings = data.head(MOST_ROWS), [(columns or {}).get(name) for name in data.columns]
        self._add(
            "table",
            title=title,
            level=self._level,
            note=left_out + note,
            headings=lambda: headings(shown, settings),
            rows=lambda: cells(shown, settings, self.language),
        )

    @property
    def _level(self) -> str:
        return "h3" if self.is_sectioned else "h2"

    def _add(self, macro: str, **values: object) -> None:
        """Add a block of the template; a value that is a function is called on export."""
        self.blocks.append(
            lambda: getattr(template("sheet.html.j2").module, macro)(
                **{name: value() if callable(value) else value for name, value in values.items()}
            )
        )

    def to_html(self) -> str:
        """The whole file."""
        return template("sheet.html.j2").render(
            title=self.title,
            head=" · ".join(filter(None, (self.practice_name, self._made_for, self.filters))),
            language=self.language,
            synthetic=self._said("Synthetic data: nobody here is a real person") if self.is_synthetic else "",
            plotly=get_plotlyjs() if self.has_charts else "",
            chart_language=json.dumps(chart_language(self.language)),
            blocks=(block() for block in self.blocks),
        )


def _without_looks(markdown: str) -> str:
    """Markdown without Streamlit's icons and colours."""
    return re.sub(r":\w+\[(.*?)\]", r"\1", re.sub(r":material/\w+:\s*", "", markdown))


@cache
def template(name: str) -> Template:
    """A template of this folder, which escapes what it is given."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)


def _specification(chart: go.Figure) -> str:
    # `</` would end the script that it stands in.
    return on_paper(chart.to_json()).replace("</", "<\\/")


def headings(data: pl.DataFrame, settings: list[object]) -> list[tuple[str, bool]]:
    """The heading of each column, and whether it is numeric."""
    return [
        (_heading(name, setting), dtype.is_numeric())
        for name, setting, dtype in zip(data.columns, settings, data.dtypes, strict=True)
    ]


def cells(data: pl.DataFrame, settings: list[object], language: str) -> list[list[tuple[str, bool]]]:
    """The rows as texts in which no line ends within an amount, each with whether its column is numeric."""
    forms = [(dtype.is_numeric(), form_of(setting)) for dtype, setting in zip(data.dtypes, settings, strict=True)]
    return [
        [(_text(value, is_number, form, language), is_number) for value, (is_number, form) in zip(row, forms, strict=True)]
        for row in data.iter_rows()
    ]


def is_share(setting: object) -> bool:
    """Whether a column's settings mark its numbers as shares."""
    return (
        isinstance(setting, dict)
        and setting["type_config"].get("type") in ("number", "progress")
        and form_of(setting) == "percent"
    )


def form_of(setting: object) -> str:
    return (setting["type_config"].get("format") or "") if isinstance(setting, dict) else ""


def _heading(name: str, setting: object) -> str:
    said = setting if isinstance(setting, str) else setting.get("label") if isinstance(setting, dict) else None
    return said or name.replace("_", " ").capitalize()


def _text(value: Any, is_number: bool, form: str, language: str) -> str:
    match value:
        case None:
            return ""
        case bool():
            return said_in(language, "yes" if value else "no")
        case datetime():
            return f"{day_in(language, value)}, {value:%H:%M}"
        case date():
            return day_in(language, value)
    return unbroken(number(value, form) if is_number else str(value))


def number(value: float, form: str) -> str:
    """A number in one of Streamlit's formats that pages use (`percent`, `$%,.0f`, `%.0f`), otherwise whole or with one digit."""
    if form == "percent":
        return f"{value * 100:.1f} %".replace("-", MINUS)
    sign, size = (MINUS, -value) if value < 0 else ("", value)
    if "%" in form:
        before, _, rest = form.partition("%")
        return f"{sign}{before}{format(size, ',' + rest.lstrip(','))}"
    if isinstance(value, float):
        return f"{sign}{size:,.4g}" if size < 1 else f"{sign}{size:,.1f}"
    return f"{sign}{size:,}"
