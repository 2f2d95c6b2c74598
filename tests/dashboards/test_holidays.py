"""Federal holidays are those of 5 U.S.C. 6103, on the day on which they are observed."""

from datetime import date

from models.holidays import federal_holidays


def test_a_year_has_eleven_and_one_on_a_saturday_is_observed_on_the_friday_before():
    """In 2026, 4 July is a Saturday."""
    year = federal_holidays(date(2026, 1, 1), date(2026, 12, 31))
    assert len(year) == 11
    assert year[date(2026, 7, 3)] == "Independence Day"
    assert year[date(2026, 11, 26)] == "Thanksgiving Day"


def test_only_the_holidays_of_the_months_that_are_drawn_are_given():
    assert list(federal_holidays(date(2026, 9, 1), date(2026, 9, 30))) == [date(2026, 9, 7)]
