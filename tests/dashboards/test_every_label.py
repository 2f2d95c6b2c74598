"""Every label, title, sentence and cell that leadership reads is in words: no code, no hyphen for a minus, no ISO day."""

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

PAGES = ("overview", "kpi_explorer", "care_gaps", "appointments", "retention", "revenue", "roi", "model")
"""Not the pages whose subject are codes: the SQL page, the catalog, data health and the audit log name tables and columns."""
WRONG = {
    "a code": re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b"),
    "a hyphen for a minus": re.compile(r"(?<![\w\-–])-\$?\d|\$-\d"),
    "an ISO day": re.compile(r"\b\d{4}-\d{2}-\d{2}\b"),
    "empty parentheses": re.compile(r"\(\s*\)"),
    "a key of a site": re.compile(r"\bloc-\d+\b|\b\d{12,}\b"),
    "an abbreviation of ours": re.compile(r"\bstaggered did\b|\bdays in ar\b|\b[Ee]ffect: [a-z]+ (?:rate|share)"),
}
QUOTED = re.compile(r"`[^`]*`|:material/\w+:|:\w+(?:-badge)?\[|<[^>]*>|\\(?=\W)")
"""What stands between backticks is quoted on purpose; icons and colours are markup."""
CODES = {"Query", "Data hash"}
"""Columns that hold what is to be copied."""


def _texts(page: AppTest) -> Iterator[str]:
    for kind in ("title", "header", "subheader", "markdown", "caption", "info", "warning", "success"):
        yield from (element.value for element in page.get(kind))
    for tile in page.metric:
        yield from (tile.label, tile.value, tile.delta or "")
    for widget in (*page.selectbox, *page.slider, *page.toggle, *page.button, *page.text_input):
        yield widget.label
    for box in page.selectbox:
        yield from box.options
    for element in (*page.get("expander"), *page.get("download_button"), *page.get("page_link")):
        yield element.proto.label
    for chart in page.get("plotly_chart"):
        yield chart.proto.alt
    for table in page.dataframe:
        yield from _cells(table)


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


def _wrong(texts: Iterator[str]) -> list[str]:
    plain = {QUOTED.sub(" ", text) for text in texts if text}
    return sorted(f"{what}: {text[:160]}" for text in plain for what, pattern in WRONG.items() if pattern.search(text))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_writes_in_words(app: Callable, page: str):
    assert _wrong(_texts(app(page))) == []


def test_a_report_writes_in_words(sample_home):
    for path in sorted((sample_home.published / "current").glob("report_*.html")):
        text = Path(path).read_text(encoding="utf-8").partition("</style>")[2]
        shown = re.sub(r"<svg.*?</svg>", " ", text, flags=re.S)
        pieces = [html.unescape(piece) for piece in re.findall(r">([^<>]+)<", shown) if "ublication 2" not in piece]
        assert _wrong(iter(pieces)) == []
