"""Every label, title, sentence and cell that somebody reads is in words: no code, no hyphen for a minus, no day twice."""

import csv
import html
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.access.roles import PAGES, ROLES, Page
from dashboards.outreach.patient_drawer import OPEN
from pipelines.cli.console import console
from pipelines.cli.findings import findings
from pipelines.cli.summary import print_summary
from pipelines.defs.run import Run
from pipelines.landing.land import LandingReport
from pipelines.publications.store import current

CODED = {"sql", "catalog", "data_health", "audit", "connections"}
"""Pages whose subject are codes: they name tables, columns, files and events as these are called, and days in addresses."""
WRONG = {
    "a code": re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b"),
    "a hyphen for a minus": re.compile(r"(?<![\w\-–])-\$?\d|\$-\d"),
    "an ISO day": re.compile(r"\b\d{4}-\d{2}-\d{2}\b"),
    "empty parentheses": re.compile(r"\(\s*\)"),
    "a key of a site": re.compile(r"\bloc-\d+\b|\b\d{12,}\b"),
    "one day twice": re.compile(r"\b(\d{1,2} [A-Z][a-z]{2} \d{4})\b.*\bby \1\b"),
    "an abbreviation of ours": re.compile(r"\bstaggered did\b|\bdays in ar\b|\b[Ee]ffect: [a-z]+ (?:rate|share)"),
}
DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:T[\d:.]+)?")
QUOTED = re.compile(r"`[^`]*`|:material/\w+:|:\w+(?:-badge)?\[|<[^>]*>|\\(?=\W)")
"""What stands between backticks is quoted on purpose; icons and colours are markup."""
CODES = {"Query", "Data hash"}
"""Columns that hold what is to be copied."""


def _texts(page: AppTest) -> Iterator[str]:
    for kind in ("title", "header", "subheader", "markdown", "caption", "info", "warning", "success"):
        yield from (element.value for element in page.get(kind))
    for tile in page.metric:
        yield from (tile.label, tile.value, tile.delta or "")
    for slider in page.slider:
        yield from (slider.label, str(slider.value))
    labelled = ("toggle", "button", "text_input", "number_input", "date_input", "checkbox", "text_area")
    for widget in (widget for kind in labelled for widget in page.get(kind)):
        yield widget.label
    for choice in (
        choice for kind in ("selectbox", "multiselect", "radio", "button_group", "select_slider") for choice in page.get(kind)
    ):
        yield from (choice.label, *choice.options)
    for body in page.get("html"):
        yield from _pieces(body.proto.body)
    for element in (*page.get("expander"), *page.get("download_button"), *page.get("page_link")):
        yield element.proto.label
    for chart in page.get("plotly_chart"):
        yield chart.proto.alt
        yield from _drawn(json.loads(chart.proto.spec))
    for table in page.dataframe:
        yield from _cells(table)


def _drawn(chart: dict) -> Iterator[str]:
    """What is read in a chart: titles, marks, the legend, names along an axis, labels, and what a hover says of a point."""
    layout = chart["layout"]
    yield from (mark["text"] for mark in layout.get("annotations", ()))
    yield from (axis["title"]["text"] for name, axis in layout.items() if name[1:5] == "axis" and "title" in axis)
    for trace in chart["data"]:
        yield trace.get("name", "")
        for values in (trace.get(name) for name in ("x", "y", "text")):
            yield from (value for value in _flat(values) if isinstance(value, str) and not DAY.fullmatch(value))
        yield from _hovered(trace)


def _flat(values: object) -> Iterator[object]:
    if isinstance(values, list):
        for value in values:
            yield from _flat(value)
    else:
        yield values


def _hovered(trace: dict) -> Iterator[str]:
    """A hover text with its numbers as Plotly writes them: with a hyphen for a minus, and a day as a day."""
    said = trace.get("hovertemplate", "").replace("<extra></extra>", "")
    for name, _, form in re.findall(r"%\{(\w+)(\[\d\])?(?:[:|]([^}]*))?\}", said):
        numbers = [value for value in _flat(trace.get(name)) if isinstance(value, (int, float))]
        if numbers and form and min(numbers) < 0:
            yield f"{said.split('%')[0]} -{abs(min(numbers)):g}"
    yield re.sub(r"%\{[^}]*\}", "…", said)


def _pieces(markup: str) -> list[str]:
    """What is read of HTML, piece by piece."""
    shown = re.sub(r"<(style|svg|script).*?</\1>", " ", markup, flags=re.S)
    return [html.unescape(piece) for piece in re.findall(r">([^<>]+)<", f">{shown}<")]


def _cells(table) -> Iterator[str]:
    settings = json.loads(table.proto.columns or "{}")
    for column in table.value.columns:
        shown = settings.get(column) or {}
        if shown.get("hidden"):
            continue
        label = shown.get("label") or column
        yield label
        if label not in CODES:
            yield from {value for value in table.value[column] if isinstance(value, str)}


def _wrong(texts: Iterable[str], allowed: Collection[str] = ()) -> list[str]:
    plain = {QUOTED.sub("…", text) for text in texts if text}
    looked_for = {what: pattern for what, pattern in WRONG.items() if what not in allowed}
    return sorted(f"{what}: {text[:160]}" for text in plain for what, pattern in looked_for.items() if pattern.search(text))


def _seen_by() -> Iterator[tuple[Page, str]]:
    """Each page with the first role of every kind of sight that may open it: two roles of one sight are shown the same."""
    for page in PAGES:
        kinds = {(ROLES[role].sight, ROLES[role].is_of_sites): role for role in reversed(ROLES) if role in page.roles}
        yield from ((page, role) for role in kinds.values())


@pytest.mark.parametrize(("page", "role"), [pytest.param(page, role, id=f"{page.name}-{role}") for page, role in _seen_by()])
def test_a_page_writes_in_words(app: Callable, page: Page, role: str):
    shown = app(page.name, role=role)
    assert not shown.exception
    allowed = {"a code", "an ISO day", "a key of a site"} if page.name in CODED else set()
    assert _wrong(_texts(shown), allowed) == []


@pytest.mark.parametrize("view", ["For a clinician", "Left out", "Find a patient"])
def test_a_view_of_the_outreach_page_writes_in_words(app: Callable, view: str):
    assert _wrong(_texts(app("outreach", role="care_team", address={"view": view}))) == []


@pytest.mark.parametrize("place", [0, 1, 4, -1])
def test_the_profile_of_a_patient_writes_in_words(app: Callable, place: int):
    """The most urgent, who has no visit soon, the next, one who may drift away, and the last of the day's list."""
    page = app("outreach", role="care_team")
    keys = [int(one.key.removeprefix("open_")) for one in page.button if (one.key or "").startswith("open_")]
    page.session_state[OPEN] = keys[place]
    page.run()
    assert not page.exception
    assert [one for one in page.button if one.label == "Record"], "the profile is not open"
    assert _wrong(_texts(page)) == []


def test_a_hover_with_a_hyphen_for_a_minus_is_found():
    negative = {"data": [{"y": [-868.0], "hovertemplate": "Net: %{y:$,.0f}<extra></extra>"}], "layout": {}}
    assert _wrong(_drawn(negative)) == ["a hyphen for a minus: Net:  -868"]
    assert _wrong(_drawn({"data": [{"text": ["−$868"], "y": [-868.0], "hovertemplate": "Net: %{text}"}], "layout": {}})) == []


def test_a_care_team_of_one_site_is_told_of_that_site_and_not_of_the_whole_practice(app: Callable):
    shown = app("care_gaps", role="care_team")
    said = [one.value for kind in ("header", "subheader", "markdown") for one in shown.get(kind)]
    assert not [text for text in said if "whole practice" in text]
    assert [text for text in said if "Central Clinic" in text]


def test_a_report_writes_in_words(sample_home):
    for path in sorted((sample_home.published / "current").glob("report_*.html")):
        text = path.read_text(encoding="utf-8").partition("</style>")[2]
        assert _wrong(piece for piece in _pieces(text) if "ublication 2" not in piece) == []


SENTENCES = {"warning", "why", "reason_1", "reason_2", "reason_3", "next_action", "open_gaps"}
"""Columns of the files that hold sentences; others hold codes and days for a machine."""


@pytest.mark.parametrize("name", ["outreach_list.csv", "for_clinician.csv"])
def test_a_file_for_people_writes_its_sentences_in_words(sample_home, name: str):
    with (sample_home.published / "current" / name).open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert _wrong(value for row in rows for column, value in row.items() if column in SENTENCES) == []


def test_what_a_run_prints_of_its_results_is_in_words(sample_home):
    """Up to the deliveries, whose rows and reasons name files and columns as they are called."""
    publication = current(sample_home)
    with console.capture() as printed:
        print_summary(findings(sample_home, publication), Run(publication, True, LandingReport((), ())), seconds=1.0)
    results, _, _ = printed.get().partition("Delivered =")
    assert _wrong(re.sub(r"\b\w+-[0-9a-f]{8,}\b", "…", results).splitlines()) == []
