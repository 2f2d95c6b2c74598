"""Numbers and days are written as people read them, in one way everywhere."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.published.kpis import UNITS
from models.wording import (
    amount,
    cases,
    change,
    counted,
    day,
    days_in,
    difference,
    effect,
    estimated,
    instant,
    month,
    parted,
    period,
    projected_years,
    span,
    unbroken,
)

NUMBERS = st.floats(min_value=-1e9, max_value=1e9)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.1234, "share", "12.3 %"),
        (-0.1234, "share", "−12.3 %"),
        (1234.4, "usd", "$1,234"),
        (-868.2, "usd", "−$868"),
        (41.234, "days", "41.2 days"),
        (-3.0, "points", "−3.0 points"),
        (-0.0001, "share", "0.0 %"),
        (15 / 118_151, "share", "0.01 %"),
        (0.00049, "share", "0.05 %"),
        (0.0, "share", "0.0 %"),
        (None, "share", "–"),
    ],
)
def test_an_amount_carries_its_unit(value: float | None, unit: str, text: str):
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("difference", "unit", "text"),
    [
        (0.02, "share", "+2.0 pts"),
        (-0.02, "share", "−2.0 pts"),
        (-16.0, "usd", "−$16"),
        (2.5, "days", "+2.5 days"),
        (0.0004, "share", "±0.0 pts"),
        (-0.4, "usd", "±$0"),
        (0.0, "points", "±0.0 points"),
        (None, "usd", "–"),
    ],
)
def test_a_change_has_a_sign_and_one_below_the_last_digit_shown_is_none(difference: float | None, unit: str, text: str):
    assert change(difference, unit) == text


@pytest.mark.parametrize(
    ("before", "value", "unit", "text"),
    [
        (137.6, 135.4, "usd", "−$3"),  # $138 → $135; the values differ by 2.2
        (137.4, 136.6, "usd", "±$0"),  # both $137
        (0.1249, 0.1044, "share", "−2.1 pts"),  # 12.5 % → 10.4 %; 2.05
        (0.0001, 0.02, "share", "+1.99 pts"),  # 0.01 % → 2.0 %
        (41.26, 41.34, "days", "±0.0 days"),  # both 41.3 days
        (None, 41.3, "days", "–"),
    ],
)
def test_a_difference_beside_two_values_is_that_of_the_values_as_they_are_written(
    before: float | None, value: float, unit: str, text: str
):
    assert difference(value, before, unit) == text


def number(text: str) -> Decimal:
    """The number that a reader takes from what is written."""
    return Decimal(re.sub(r"[^0-9.\-]", "", text.replace("−", "-")))


@given(before=NUMBERS, value=NUMBERS, unit=st.sampled_from(UNITS))
def test_a_reader_who_takes_one_written_value_from_another_finds_the_written_difference(before: float, value: float, unit: str):
    assert number(amount(value, unit)) - number(amount(before, unit)) == number(difference(value, before, unit))


@given(rate=st.floats(-1e6, 1e6), mix=st.floats(-1e6, 1e6), before=st.floats(-1e6, 1e6), unit=st.sampled_from(UNITS))
def test_the_written_parts_of_a_difference_add_up_to_it(rate: float, mix: float, before: float, unit: str):
    value = before + rate + mix
    assert sum(map(number, parted(value, before, [rate, mix], unit))) == number(difference(value, before, unit))


def test_parts_that_are_not_all_of_a_difference_are_not_made_to_look_so():
    """−3 pts, of which the parts named make −1.5: a third part is missing, and is not given to them."""
    assert parted(0.10, 0.13, [-0.01, -0.005], "share") == ["−1.0 pts", "−0.5 pts"]


def test_a_relative_effect_is_in_percent_and_an_absolute_one_in_the_unit():
    assert effect(-0.3, "relative", "days") == "−30.0 %"
    assert effect(10.0, "absolute", "points") == "+10.0 points"
    assert effect(0.05, "absolute", "share") == "+5.0 pts"
    assert effect(None, "relative", "share") == "–"


def test_a_span_names_both_ends_or_the_one_that_it_has():
    assert span(0.05, 0.07, "share") == "5.0 % to 7.0 %"
    assert span(None, 40.0, "days") == "up to 40.0 days"
    assert span(0.95, None, "share") == "from 95.0 %"
    assert span(None, None, "share") == "–"


@pytest.mark.parametrize(
    ("scoring", "unit", "text"),
    [("proportion", "share", "33 of 318"), ("continuous_variable", "days", "n = 318"), ("ratio", "share", "$33 of $318")],
)
def test_the_scoring_decides_the_cases_shown_behind_a_value(scoring: str, unit: str, text: str):
    assert cases(33.0, 318.0, scoring, unit) == text


def test_hours_rest_on_the_records_that_they_add_up_and_no_number_of_cases_is_behind_balances_nor_behind_nothing():
    assert cases(0.96, 4.4, "ratio", "hours", 9) == "n = 9"
    assert cases(500.0, 10.0, "ratio", "days") == ""
    assert cases(None, None, "proportion", "share") == ""


def test_days_months_and_periods_are_named():
    assert (day(date(2026, 8, 1)), month(date(2026, 8, 1))) == ("1 Aug 2026", "Aug 2026")
    assert period(date(2026, 7, 1), date(2026, 9, 1)) == "Jul to Sep 2026"
    assert period(date(2025, 12, 1), date(2026, 2, 1)) == "Dec 2025 to Feb 2026"
    assert period(date(2026, 2, 1), date(2026, 2, 1)) == "Feb 2026"
    assert (day(None), month(None), period(None, None), instant(None, "UTC")) == ("–", "–", "–", "–")


def test_an_instant_is_written_in_the_practices_time_zone():
    assert instant(datetime(2026, 8, 1, 3, 30, tzinfo=UTC), "America/New_York") == "31 Jul 2026, 23:30"


def test_days_in_a_sentence_are_written_out_and_what_is_no_day_stays():
    assert days_in("due since 2026-01-05, order 2026-99-05") == "due since 5 Jan 2026, order 2026-99-05"


def test_one_is_counted_in_the_singular():
    assert (counted(1, "row"), counted(0, "row"), counted(1234, "row")) == ("1 row", "0 rows", "1,234 rows")


@given(NUMBERS, st.sampled_from(UNITS))
def test_no_zero_has_a_sign_and_every_fall_has_the_minus_sign(value: float, unit: str):
    written = amount(value, unit)
    assert "-" not in written
    assert written.startswith("−") == (value < 0 and any(digit in written for digit in "123456789"))


@given(NUMBERS, st.sampled_from(UNITS))
def test_a_change_and_its_opposite_differ_in_their_sign_alone(difference: float, unit: str):
    up, down = change(abs(difference), unit), change(-abs(difference), unit)
    assert up[1:] == down[1:]
    assert (up[0], down[0]) in {("+", "−"), ("±", "±")}


@given(NUMBERS, NUMBERS, st.sampled_from(UNITS))
def test_a_greater_value_is_never_written_as_a_smaller_one(one: float, other: float, unit: str):
    def read(text: str) -> float:
        digits = text.replace("−", "-").replace("$", "").replace(",", "").removesuffix(unit).removesuffix("%")
        return float(digits)

    assert (read(amount(one, unit)) <= read(amount(other, unit))) or one > other


@given(st.dates(min_value=date(1900, 1, 1)))
def test_a_day_can_be_read_back(on: date):
    assert datetime.strptime(day(on), "%d %b %Y").date() == on


def test_a_relative_effect_says_what_it_is_a_share_of():
    assert estimated(-0.667, -1.0, 0.445, "relative", "share", 0.1446) == "−66.7 % of 14.5 % (−100.0 % to +44.5 %)"
    assert estimated(0.453, -0.089, 1.22, "relative", "usd", 408.2) == "+45.3 % of $408 (−8.9 % to +122.0 %)"
    assert estimated(-0.5, -12.3, 7.2, "absolute", "days") == "−0.5 days (−12.3 days to +7.2 days)"


def test_no_line_ends_within_an_amount():
    """U+2060 joins and is not seen; U+00A0 is a space at which no line ends."""
    assert unbroken("(−$40,107 to −$8,198), 12.5 % of 3") == "(−\u2060$40,107 to −\u2060$8,198), 12.5\u00a0% of 3"
    assert unbroken("worth −\\$5") == "worth −\u2060\\$5"


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        (23, "Year 2 is projected in part, later years wholly."),
        (24, "From year 3 on years are projected."),
        (5, "Year 1 is projected in part, later years wholly."),
    ],
)
def test_a_year_that_has_begun_is_projected_in_part(observed: int, said: str):
    assert projected_years(observed) == said
