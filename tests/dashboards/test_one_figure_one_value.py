"""A KPI of one period has one value, wherever it is shown: on every page, in the board's reports and on the command line."""

import html
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.figures.wording import DOMAIN_NAMES
from models.wording import amount, period
from pipelines.exports.board_report import period as report_period
from pipelines.sql.connection import open_file

PAGES = ("overview", "retention", "revenue", "appointments")
PERIOD = re.compile(r"(?:[A-Z][a-z]{2}(?: \d{4})? to )?[A-Z][a-z]{2} \d{4}")
CARD = re.compile(r'<article class="card">\s*<h3>(.*?)</h3>\s*<div class="value">(.*?)</div>', re.S)
ROW = re.compile(
    r"<tr>\s*<td>([^<]*?)(?: <span[^>]*>\((\w+)\)</span>)?(?:<br>.*?)?</td>\s*"
    r'<td class="n"><strong>(.*?)</strong>',
    re.S,
)


class Figure(NamedTuple):
    """A value as a reader sees it, and where."""

    kpi_name: str
    period: str
    value: str
    where: str


def disagreements(figures: list[Figure]) -> list[list[Figure]]:
    """The figures of one KPI and period that have more than one value."""
    together = defaultdict(list)
    for figure in figures:
        together[figure.kpi_name, figure.period].append(figure)
    return [same for same in together.values() if len({figure.value for figure in same}) > 1]


@pytest.fixture(scope="module")
def catalog(sample_warehouse: Path) -> dict[str, dict]:
    with open_file(sample_warehouse, read_only=True) as connection:
        rows = connection.sql("select * from marts.dim_kpis").pl()
    return {row["kpi_name"]: row for row in rows.iter_rows(named=True)}


@pytest.fixture
def figures(app: Callable[..., AppTest], sample_run: dict, sample_warehouse: Path, catalog: dict) -> list[Figure]:
    """Every value of a KPI over a quarter of the whole practice, or of a report's month, that a reader can come across."""
    found = [figure for page in PAGES for figure in _of_page(app(page, address={"period": "3 months"}), page, catalog)]
    for name, kpi in catalog.items():
        if kpi["is_headline"]:
            titled = f"{DOMAIN_NAMES[kpi['domain']]} · {name}"
            found += _of_page(app("kpi_explorer", address={"kpi": titled, "period": "3 months"}), "kpi_explorer", catalog)
    for path in sorted(sample_warehouse.parent.glob("report_*.html")):
        found += _of_report(path)
    for kpi in sample_run["kpis"]:
        if kpi["value"] is not None:
            months = period(*(date.fromisoformat(kpi[name]) for name in ("first_month_on", "last_month_on")))
            found.append(Figure(kpi["kpi_name"], months, amount(kpi["value"], kpi["unit"]), "caregap run --json"))
    return [figure for figure in found if figure.value != "–"]


def _of_page(test: AppTest, page: str, catalog: dict) -> Iterator[Figure]:
    """A KPI's metric says its value, and the first text after it the period."""
    assert not test.exception
    elements = list(_flat(test.main))
    for place, element in enumerate(elements):
        if element.type == "metric" and element.label in catalog and element.value != "–":
            after = (PERIOD.match(other.value) for other in elements[place:] if other.type in ("caption", "markdown"))
            months = next((found[0] for found in after if found), None)
            assert months, f"{page}: {element.label} does not say its period"
            yield Figure(element.label, months, element.value, page)


def _flat(block) -> Iterator:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from _flat(child)
        else:
            yield child


def _of_report(path: Path) -> Iterator[Figure]:
    """Cards of the headline KPIs, and the table of all of them, where the unit stands beside the name."""
    code = path.stem.removeprefix("report_")
    about = report_period.quarter(code) if "Q" in code else report_period.month(code)
    months, text = period(about.months[0], about.months[-1]), path.read_text(encoding="utf-8")
    for name, value in CARD.findall(text):
        yield Figure(html.unescape(name), months, value, f"{path.name}, card")
    for name, unit, value in ROW.findall(text.partition("<h2>Every KPI</h2>")[2].partition("</section>")[0]):
        yield Figure(html.unescape(name), months, value if value == "–" or not unit else f"{value} {unit}", f"{path.name}, table")


def test_a_kpi_of_one_period_has_one_value_wherever_it_is_shown_and_it_is_the_published_one(
    figures: list[Figure], sample_warehouse: Path
):
    shown_by = {figure.where for figure in figures}
    assert shown_by >= {*PAGES, "kpi_explorer", "caregap run --json", "report_2026-Q3.html, card", "report_2026-Q3.html, table"}
    assert len({figure.kpi_name for figure in figures}) > 50
    assert disagreements(figures) == []
    with open_file(sample_warehouse, read_only=True) as connection:
        rows = connection.sql(
            "select kpi_name, unit, first_month_on, last_month_on, value from marts.fct_kpi_periods "
            "inner join marts.dim_kpis using (kpi_code) where slice_type = 'all'"
        ).fetchall()
    published = {(name, period(first, last)): amount(value, unit) for name, unit, first, last, value in rows}
    assert [figure for figure in figures if published[figure.kpi_name, figure.period] != figure.value] == []


def test_two_values_of_one_figure_are_found():
    """The no-show rate of a quarter as 10.4 % on one page and 10.0 % on another; a month beside it is another figure."""
    overview = Figure("No-show rate", "Jul to Sep 2026", "10.4 %", "overview")
    report = Figure("No-show rate", "Jul to Sep 2026", "10.0 %", "report")
    assert disagreements([overview, report, Figure("No-show rate", "Sep 2026", "9.0 %", "report")]) == [[overview, report]]
