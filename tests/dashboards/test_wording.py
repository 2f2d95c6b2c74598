"""Numbers are written as people read them."""

from datetime import date

import pytest

from dashboards.figures.wording import amount, as_plain_markdown, change, days_in, language, month, telephone


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.1234, "share", "12.3 %"),
        (1234.5, "usd", "$1,234"),
        (-20.0, "usd", "−$20"),
        (41.234, "days", "41.2 days"),
        (12.0, "minutes", "12.0 minutes"),
        (None, "share", "–"),
    ],
)
def test_an_amount_carries_its_unit(value: float | None, unit: str, text: str):
    assert amount(value, unit) == text


def test_a_share_changes_by_points_and_not_by_percent():
    assert change(0.12, 0.10, "share") == "+2.0 pts"
    assert change(0.10, 0.12, "share") == "-2.0 pts"
    assert change(0.1, None, "share") is None


def test_a_fall_begins_with_the_hyphen_that_streamlit_draws_as_a_fall():
    assert change(40.0, 42.5, "days") == "-2.5 days"
    assert change(132.0, 148.0, "usd") == "-$16"


def test_a_month_is_named_and_a_missing_one_is_a_dash():
    assert month(date(2026, 8, 1)) == "Aug 2026"
    assert month(None) == "–"


def test_days_in_a_sentence_are_written_out_and_what_is_no_day_stays():
    assert days_in("due since 2026-01-05, order 2026-99-05") == "due since 5 Jan 2026, order 2026-99-05"


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
