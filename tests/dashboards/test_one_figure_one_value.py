"""A KPI of one period and slice has one value, wherever it is shown: pages, their CSV, the board's reports, the command line."""

import html
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboards.access.roles import ADMIN, PAGES
from dashboards.figures.wording import DOMAIN_NAMES, as_read
from dashboards.layout import exhibits, exports
from models.wording import amount, month, period
from pipelines.cli.console import console
from pipelines.cli.findings import findings
from pipelines.cli.summary import _print_kpis
from pipelines.exports.board_report import period as report_period
from pipelines.exports.board_report.report import report
from pipelines.publications.store import current
from pipelines.sql.connection import open_file

ROLE_OF = {
    page.name: next(role for role in ("leadership", "care_team", "analyst", "steward", ADMIN) if role in page.roles)
    for page in PAGES
    if page.roles  # break-glass is no role's: it opens for one patient, and has tests of its own
}
WHOLE = "whole practice"
SPLITS = {"site": "location", "provider": "provider", "payer": "payer_class", "segment": "patient_segment"}
PERIOD = re.compile(r"(?:[A-Z][a-z]{2}(?: \d{4})? to )?[A-Z][a-z]{2} \d{4}")
CARD = re.compile(r'<article class="card">\s*<h3>(.*?)</h3>\s*<div class="value">(.*?)</div>', re.S)
ROW = re.compile(
    r"<tr>\s*<td>([^<]*?)(?: <span[^>]*>\((\w+)\)</span>)?(?:<br>.*?)?</td>\s*"
    r'<td class="n"><strong>(.*?)</strong>',
    re.S,
)
MOVED = re.compile(r'<tr><td>([^<]*)</td><td class="n">([^<]*?) → ([^<]*?)</td>')
DECISION = re.compile(r"<tr><td>([^<]*): act on it, or change the target</td><td>([^<]*) against a target of")
CLAIM = re.compile(
    r'<tr>\s*<td>([^<]*?)(?:<br>.*?)?</td>\s*<td class="n">[^<]*</td>\s*<td class="n">([^<†]*)†?'
    r'(?: <span class="soft">[^<]*</span>)?<br><span class="soft">([^<]*)',
    re.S,
)
SENTENCE = re.compile(r"\*\*(.+?)\*\* (.+?) \([^)]*\)(?: in ([A-Z][a-z]{2} \d{4}))?")


class Figure(NamedTuple):
    """A value as a reader sees it, and where."""

    kpi_name: str
    period: str
    slice_name: str
    value: str
    where: str


def disagreements(figures: list[Figure]) -> list[list[Figure]]:
    """The figures of one KPI, period and slice that have more than one value."""
    together = defaultdict(list)
    for figure in figures:
        together[figure[:3]].append(figure)
    return [same for same in together.values() if len({figure.value for figure in same}) > 1]


@pytest.fixture(scope="module")
def catalog(sample_warehouse: Path) -> dict[str, dict]:
    """The KPIs by code."""
    with open_file(sample_warehouse, read_only=True) as connection:
        rows = connection.sql("select * from marts.dim_kpis").pl()
    return {row["kpi_code"]: row for row in rows.iter_rows(named=True)}


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, pl.DataFrame]:
    """What a page offers as CSV, by the file's name."""
    frames: dict[str, pl.DataFrame] = {}

    def offer(frame: pl.DataFrame, name: str, **_: object) -> None:
        frames[name] = frame

    monkeypatch.setattr(exports, "offer", offer)
    monkeypatch.setattr(exhibits, "offer", offer)
    return frames


@pytest.fixture(scope="module")
def papers(sample_warehouse: Path) -> dict[str, str]:
    """The published reports as they are read, by file name, and that on a quarter in which the no-show rate moved by more than
    chance explains, as it did in neither of these."""
    written = {path.stem: path.read_text(encoding="utf-8") for path in sorted(sample_warehouse.parent.glob("report_*.html"))}
    written["report_2025-Q4"] = report(sample_warehouse.parent, report_period.quarter("2025-Q4"))
    return {f"{name}.html": as_read(text) for name, text in written.items()}


@pytest.fixture
def figures(
    app: Callable[..., AppTest],
    offered: dict,
    sample_run: dict,
    sample_home,
    papers: dict[str, str],
    catalog: dict,
) -> list[Figure]:
    """Every value of a KPI in a month or quarter, of the whole practice or a member of one dimension, that a reader can see."""
    found = []

    def visit(page: str, role: str, **address: str) -> None:
        offered.clear()
        found.extend(_of_page(app(page, role=role, address={"period": "3 months"} | address), page, catalog))
        for name, frame in offered.items():
            found.extend(_of_csv(frame, name, page, catalog))

    for page, role in ROLE_OF.items():
        visit(page, role)
    for kpi in catalog.values():
        if kpi["is_headline"]:
            visit("kpi_explorer", "leadership", kpi=f"{DOMAIN_NAMES[kpi['domain']]} · {kpi['kpi_name']}", split="Site")
    for name, text in papers.items():
        found += _of_report(name, text)
    for kpi in sample_run["kpis"]:
        if kpi["value"] is not None:
            months = period(*(date.fromisoformat(kpi[name]) for name in ("first_month_on", "last_month_on")))
            found.append(Figure(kpi["kpi_name"], months, WHOLE, amount(kpi["value"], kpi["unit"]), "caregap run --json"))
    found += _of_summary(sample_home, catalog)
    return [figure for figure in found if figure.value != "–"]


def _of_page(test: AppTest, page: str, catalog: dict) -> Iterator[Figure]:
    """A KPI's metric says its value, and the first text after it the period; sentences name a KPI in bold and its month."""
    assert not test.exception, page
    names = {kpi["kpi_name"] for kpi in catalog.values()}
    elements = list(_flat(test.main))
    for place, element in enumerate(elements):
        if element.type == "metric" and element.label in names and element.value != "–":
            after = (PERIOD.match(other.value) for other in elements[place:] if other.type in ("caption", "markdown"))
            months = next((found[0] for found in after if found), None)
            assert months, f"{page}: {element.label} does not say its period"
            yield Figure(element.label, months, WHOLE, element.value, page)
        if element.type == "markdown" and (newest := re.search(r"in ([A-Z][a-z]{2} \d{4}) than", element.value)):
            for name, value, other_month in SENTENCE.findall(as_read(element.value)):
                yield Figure(name, other_month or newest[1], WHOLE, value, f"{page}, sentence")


def _of_csv(frame: pl.DataFrame, name: str, page: str, catalog: dict) -> Iterator[Figure]:
    """Months of one KPI or of many, members of one dimension, and the board's table."""
    where = f"{page}, {name}.csv"
    code, _, by = name.rpartition("_by_")
    if name == "board_metrics_behind":
        for row in frame.iter_rows(named=True):
            months = period(row["first_month_on"], row["last_month_on"])
            yield Figure(row["kpi_name"], months, WHOLE, amount(row["value"], row["unit"]), where)
    elif {"month_on", "value", "is_mature"} <= set(frame.columns) and (by == "month" or "kpi_code" in frame.columns):
        for row in frame.filter("is_mature").iter_rows(named=True):
            kpi = catalog[row.get("kpi_code", code)]
            of = f"{by} {row['slice_name']}" if by in SPLITS else WHOLE
            yield Figure(kpi["kpi_name"], month(row["month_on"]), of, amount(row["value"], kpi["unit"]), where)
    elif code in catalog and by in SPLITS and "slice_name" in frame.columns:
        kpi = catalog[code]
        for row in frame.iter_rows(named=True):
            value, member = amount(row["value"], kpi["unit"]), f"{by} {row['slice_name']}"
            yield Figure(kpi["kpi_name"], period(row["first_month_on"], row["last_month_on"]), member, value, where)


def _flat(block) -> Iterator:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from _flat(child)
        else:
            yield child


def _of_report(file: str, text: str) -> Iterator[Figure]:
    """Decisions, cards of the headline KPIs, what moved, vendor claims, and all KPIs, whose unit stands beside the name."""
    code = file.removeprefix("report_").removesuffix(".html")
    about = report_period.quarter(code) if "Q" in code else report_period.month(code)
    months, before = (period(one.months[0], one.months[-1]) for one in (about, about.before))
    for name, value in CARD.findall(text):
        yield Figure(html.unescape(name), months, WHOLE, value, f"{file}, card")
    for name, value in DECISION.findall(_section(text, "Decisions due")):
        yield Figure(html.unescape(name), months, WHOLE, html.unescape(value), f"{file}, decisions")
    for name, earlier, now in MOVED.findall(_section(text, "What moved, and why")):
        yield Figure(html.unescape(name), before, WHOLE, earlier, f"{file}, moved")
        yield Figure(html.unescape(name), months, WHOLE, now, f"{file}, moved")
    for name, value, quarter in CLAIM.findall(_section(text, "What vendors commonly claim, and what is found here")):
        yield Figure(html.unescape(name), quarter, WHOLE, value, f"{file}, claims")
    for name, unit, value in ROW.findall(_details(text, "Every KPI")):
        said = value if value == "–" or not unit else f"{value} {unit}"
        yield Figure(html.unescape(name), months, WHOLE, said, f"{file}, table")


def _section(text: str, title: str) -> str:
    return text.partition(f"<h2>{title}</h2>")[2].partition("</section>")[0]


def _details(text: str, title: str) -> str:
    """A part of the appendix."""
    return text.partition(f"<summary>{title}</summary>")[2].partition("</details>")[0]


def _of_summary(home, catalog: dict) -> Iterator[Figure]:
    """What `caregap run` prints: name and value in a line, below the line of their months."""
    with console.capture() as printed:
        console.width, width = 200, console.width
        _print_kpis(findings(home, current(home)))
        console.width = width
    months, names = "", {kpi["kpi_name"] for kpi in catalog.values()}
    for line in printed.get().splitlines():
        parts = re.split(r"\s{2,}", line.strip())
        if PERIOD.fullmatch(parts[0]):
            months = parts[0]
        if len(parts) > 2 and parts[0] in names:
            yield Figure(parts[0], months, WHOLE, parts[1], "caregap run")


def test_a_kpi_of_one_period_and_slice_has_one_value_wherever_it_is_shown_and_it_is_the_published_one(
    figures: list[Figure], sample_warehouse: Path
):
    shown_by = {figure.where for figure in figures}
    assert shown_by >= {
        "overview", "overview, sentence", "overview, headline_kpis.csv",
        "retention", "retention, patient_retention_rate_by_month.csv",
        "revenue", "revenue, days_in_ar_by_month.csv", "appointments", "appointments, no_show_rate_by_month.csv", "care_gaps",
        "care_gaps, care_gap_closure_rate_by_month.csv", "care_gaps, care_gap_closure_rate_by_site.csv", "kpi_explorer",
        "kpi_explorer, no_show_rate_by_site.csv", "kpi_explorer, no_show_rate_months_by_site.csv",
        "roi, board_metrics_behind.csv", "caregap run", "caregap run --json",
        "report_2026-Q3.html, decisions", "report_2026-Q3.html, card",
        "report_2025-Q4.html, moved", "report_2026-Q3.html, claims", "report_2026-Q3.html, table",
    }  # fmt: skip
    assert len({figure.kpi_name for figure in figures}) > 50
    assert disagreements(figures) == []
    with open_file(sample_warehouse, read_only=True) as connection:
        rows = connection.sql(
            "select kpi_name, unit, first_month_on, last_month_on, slice_type, slice_name, value "
            "from marts.fct_kpi_periods inner join marts.dim_kpis using (kpi_code)"
        ).fetchall()
    published = {}
    for name, unit, first, last, slice_type, slice_name, value in rows:
        by = next((by for by, kind in SPLITS.items() if kind == slice_type), "")
        of = f"{by} {slice_name}" if by else WHOLE
        published[name, period(first, last), of] = amount(value, unit)
    assert [figure for figure in figures if published[figure[:3]] != figure.value] == []


def test_a_care_team_sees_the_closure_rate_of_its_site_as_everybody_else_does(
    app: Callable[..., AppTest], sample_warehouse: Path
):
    """It may see no table of whole-practice sums; what its page adds up from the finest rows is the published value."""
    page = app("care_gaps", role="care_team")
    assert not page.exception
    seen = next(metric.value for metric in page.metric if metric.label == "Care-gap closure rate")
    rests_on = next(caption.value for caption in page.caption if " of " in caption.value)
    with open_file(sample_warehouse, read_only=True) as connection:
        rows = connection.sql(
            "select first_month_on, last_month_on, numerator, denominator, value from marts.fct_kpi_periods "
            "where kpi_code = 'care_gap_closure_rate' and slice_type = 'location' and n_months = 3 and is_newest"
        ).fetchall()
    published = {
        (amount(value, "share"), f"{period(first, last)} · {numerator:,.0f} of {denominator:,.0f}")
        for first, last, numerator, denominator, value in rows
    }
    assert (seen, rests_on) in published


def number(text: str) -> Decimal:
    """The number that a reader takes from what is written."""
    return Decimal(re.sub(r"[^0-9.\-]", "", text.replace("−", "-")))


def test_whoever_takes_one_shown_value_from_the_other_finds_the_difference_that_is_shown_beside_them(
    app: Callable[..., AppTest], papers: dict[str, str]
):
    """Tiles say `Baseline $138 at 2 sites, now $135 there (−$3)`; the reports `$138 → $135 … −$3`, in cards `$138 (−$3)`."""
    sides = re.compile(r"Baseline (\S+).*? at \d+ sites?, now (\S+).*? there \(([^)]*)\)")
    found = [("tile", *parts) for caption in app("overview").caption for parts in sides.findall(as_read(caption.value))]
    for text in map(html.unescape, papers.values()):
        moved = re.compile(
            r'<td class="n">([^<]*) → ([^<]*)</td><td class="n"><span class="\w*">([^,]*(?:,\d{3})*[^,]*), \w+</span>'
        )
        found += [("moved", *parts) for parts in moved.findall(text)]
        for value, rest in re.findall(r'<div class="value">(.*?)</div>(.*?)</article>', text, re.S):
            others = re.findall(r'before</td><td class="n">([^<]*) <span class="\w*">\(([^)]*)\)', rest)
            found += [("card", other, value, said) for other, said in others]
    assert {where for where, *_ in found} == {"tile", "moved", "card"}
    assert [one for one in found if number(one[2]) - number(one[1]) != number(one[3])] == []


def test_two_values_of_one_figure_are_found():
    """The no-show rate of a quarter as 10.4 % on one page and 10.0 % on another; a month or a site beside it is another."""
    overview = Figure("No-show rate", "Jul to Sep 2026", WHOLE, "10.4 %", "overview")
    report = overview._replace(value="10.0 %", where="report")
    others = [overview._replace(period="Sep 2026", value="9.0 %"), overview._replace(slice_name="site North", value="9.0 %")]
    assert disagreements([overview, report, *others]) == [[overview, report]]
