"""Codes and texts from outside are shown as people read them."""

import re
from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.figures.comparisons import bars, intervals, tornado
from dashboards.figures.model_charts import importances
from dashboards.figures.model_wording import level_in_words
from dashboards.figures.style import drawn
from dashboards.figures.trends import sparkline, trend
from dashboards.figures.wording import as_plain_markdown, as_read, dollars, language, telephone
from pipelines.exports.board_report.charts import history


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("2025550147", "(202) 555-0147"),
        ("+12025550147", "(202) 555-0147"),
        ("ann@example.com", "ann@example.com"),
        ("555", "555"),
        ("+4930901820", "+49 30 901820"),
    ],
)
def test_a_telephone_number_is_grouped_and_anything_else_left_as_it_is(number: str, text: str):
    assert telephone(number) == text


def test_a_language_is_named_and_an_unknown_one_left_as_its_code():
    assert [language(code) for code in ("en", "es-MX", "ht", "qaa", None)] == [
        "English",
        "Spanish",
        "Haitian Creole",
        "qaa",
        "not known",
    ]


def test_a_text_from_outside_is_no_markdown():
    assert as_plain_markdown("![x](//e.org) <b> `a` :x:") == r"\!\[x\](//e.org) \<b\> \`a\` \:x\:"


# What Markdown makes a link of without any mark (GitHub Flavored Markdown, 6.9), after its backslashes are gone.
BY_ITSELF = re.compile(r"(?i)https?://|www\.|mailto:|xmpp:|[\w.+-]@[\w-]")


@given(st.lists(st.text(max_size=10) | st.sampled_from(["http://e.org", "www.e.org", "a@b.org", "mailto:a@b.org", "[x](y)"])))
def test_a_name_is_never_a_link_and_is_read_as_it_is(parts):
    # Nobody sees a word joiner, nor that a line ends at one space and not at another: what `dollars` adds, `as_read` takes away.
    name = "".join(parts).replace("\u2060", "").replace("\u00a0", " ")
    shown = as_plain_markdown(name)
    assert as_read(shown) == name
    assert not BY_ITSELF.search(re.sub(r"\\(.)", r"\1", shown))


def test_a_label_of_a_chart_is_no_link_and_our_own_line_breaks_stay():
    attack = '<a href="http://e.org">Lakeside</a>'
    traces = [{"type": "bar", "x": [attack], "y": [1], "name": attack, "hovertemplate": f"{attack}<br>%{{y}}<extra></extra>"}]
    chart = drawn(traces, xaxis={"title": {"text": attack}}, annotations=[{"text": f"<b>{attack}</b>"}])
    assert "<a" not in str(chart.to_plotly_json())
    assert chart.data[0].x[0] == '&lt;a href="http://e.org">Lakeside&lt;/a>'
    assert chart.data[0].hovertemplate.endswith("<br>%{y}<extra></extra>")


@pytest.mark.parametrize(("pending", "place", "symbol"), [(0.10, 0.9368, "triangle-down"), (1.9, 0.9832, "triangle-up")])
def test_a_month_that_is_still_coming_in_does_not_set_the_scale_of_a_chart(pending: float, place: float, symbol: str):
    """Mature months from 94 % to 98 %, without a target, reach 8 % of 4 points further: from 93.68 % to 98.32 %."""
    values = [0.94, 0.96, 0.98, 0.95, pending]
    months = pl.DataFrame(
        {"month_on": [date(2026, n, 1) for n in range(1, 6)], "value": values, "is_mature": [True] * 4 + [False]}
    )
    coming = sparkline(months, target=None, benchmark=None, unit="share").data[1]
    assert coming.y[0] == pytest.approx(place)
    assert coming.marker.symbol[0] == f"{symbol}-open"
    assert coming.text[0] == f"{pending * 100:.1f} % (beyond the scale)"
    within = sparkline(months.with_columns(value=pl.lit(0.95)), target=None, benchmark=None, unit="share").data[1]
    assert (within.y[0], within.marker.symbol[0], within.text[0]) == (0.95, "circle-open", "95.0 %")


def test_without_mature_months_those_that_are_coming_in_are_the_scale():
    months = pl.DataFrame({"month_on": [date(2026, n, 1) for n in (1, 2)], "value": [0.1, 0.9], "is_mature": [False] * 2})
    assert list(sparkline(months, target=None, benchmark=None, unit="share").data[1].y) == [0.1, 0.9]


def test_the_report_draws_a_month_beyond_the_scale_as_a_triangle_at_its_edge():
    months = pl.DataFrame(
        {
            "month_on": [date(2026, n, 1) for n in range(1, 5)],
            "value": [0.94, 0.96, 0.95, 0.1],
            "is_mature": [True] * 3 + [False],
        }
    )
    bare = dict.fromkeys(("target", "baseline_value", "benchmark_low", "benchmark_high"))
    drawn_ = str(history({"kpi_name": "Net collection rate", "months": months, **bare}, width=260, height=64))
    assert "<polygon" in drawn_
    line = re.search(r'points="([^"]*)" fill="none"', drawn_)[1]
    assert max(float(point.split(",")[1]) for point in line.split()) > 50  # the lowest mature month lies near the foot, at 59


def test_what_somebody_typed_as_an_event_is_text_on_the_chart_and_ends_within_it():
    months = pl.DataFrame({"month_on": [date(2026, n, 1) for n in range(1, 9)], "value": [0.1] * 8, "is_mature": [True] * 8})
    events = pl.DataFrame({"event_on": [date(2026, 1, 1), date(2026, 8, 1)], "label": ["<b>new</b> phones", "staff"]})
    first, last = trend(months, unit="share", events=events).layout.annotations
    assert first.text == "&lt;b>new&lt;/b> phones" and (first.xanchor, last.xanchor) == ("left", "right")


def test_a_line_ends_neither_between_a_minus_and_a_dollar_sign_nor_before_a_percent_sign():
    """U+2060 joins what stands on both sides, U+00A0 is a space that no line ends at; both may be escaped or not."""
    assert dollars("−$868, −\\$2 and 0.6 %") == "−\u2060\\$868, −\u2060\\$2 and 0.6\u00a0%"


def test_a_name_beside_a_chart_is_folded_so_that_a_telephone_shows_it_whole():
    """Plotly cuts off what takes more than half of a chart: of 330 pixels on a telephone, about 26 letters."""
    name = "Weekly staff hours of outreach per 1,000 patients (B)"
    row = {"name": name, "value": 0.2, "low": 0.1, "high": 0.3, "is_causal": True, "direction": "lower", "importance": 0.2}
    data = pl.DataFrame([row | {"description": name}])
    ends = {
        "estimate": "value",
        "low": "low",
        "high": "high",
        "unit": "hours",
        "is_causal": "is_causal",
        "direction": "direction",
    }
    charts = (
        intervals(data, label="name", **ends),
        bars(data, label="name", value="value", unit="hours"),
        tornado(data, label="name", low="low", high="high", centre=0.2),
        importances(data),
    )
    for chart in charts:
        [shown] = {*chart.data[0].y}
        assert shown.replace("<br>", " ") == name
        assert max(map(len, shown.split("<br>"))) <= 26


@pytest.mark.parametrize(
    ("level", "text"),
    [
        ((0.95, 0.82, 1.06, 389),
         "95 came true (82 to 106). No error can be told from chance; the sum of many risks may be off by up to 18.0 %."),
        ((0.79, 0.69, 0.91, 376),
         "79 came true (69 to 91). The risks are too high, by more than chance: expect fewer than they add up to."),
        ((1.4, 1.1, 1.8, 60),
         "140 came true (110 to 180). The risks are too low, by more than chance: expect more than they add up to."),
    ],
)  # fmt: skip
def test_the_level_is_believed_as_far_as_its_interval_allows(level, text):
    assert level_in_words(*level) == f"For every 100 patients expected, {text}"


def test_of_a_level_from_fewer_than_fifty_events_nothing_is_claimed():
    assert "not known: 49 of the predictions came true" in level_in_words(2.0, 1.5, 2.6, 49)
