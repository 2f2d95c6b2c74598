"""Those left alone stand for those who were contacted."""

from datetime import date

import polars as pl
import pytest

from ml.risk.censoring import CHOSEN_BY, left_alone

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def practice(*groups: tuple[int, date | None, date, float]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows at the index of March and their months, from groups of patients: how many, contacted on, decided on, overdue ratio."""
    every = [group for group in groups for _ in range(group[0])]
    rows = pl.DataFrame(
        {
            "patient_key": range(len(every)),
            "index_on": MARCH,
            "contacted_on": pl.Series([contacted for _, contacted, _, _ in every], dtype=pl.Date),
            "decided_on": [decided for _, _, decided, _ in every],
        }
    )
    months = [
        {"patient_key": key, "index_on": month} | dict.fromkeys(CHOSEN_BY, 0.0) | {"overdue_ratio": ratio}
        for key, (_, _, _, ratio) in enumerate(every)
        for month in (MARCH, APRIL)
    ]
    return rows, pl.DataFrame(months)


def test_one_left_alone_weighs_one_over_the_probability_of_being_left_alone():
    """100 of 400 are contacted in March, so that each of the 300 left weighs 400 / 300, and together they are 400 again."""
    known = left_alone(*practice((100, date(2026, 3, 9), date(2026, 3, 31), 1.0), (300, None, date(2026, 3, 31), 1.0)))
    assert known.height == 300
    assert known["weight"].to_list() == pytest.approx([4 / 3] * 300)


def test_a_second_month_at_risk_multiplies_the_weight():
    """Of 400, 100 are contacted in March and 75 of the 300 left in April: a quarter of 700 months. Who is decided in March weighs
    4 / 3, who stays to April 16 / 9."""
    known = left_alone(
        *practice(
            (100, date(2026, 3, 9), date(2026, 4, 20), 1.0),
            (75, date(2026, 4, 9), date(2026, 4, 20), 1.0),
            (225, None, date(2026, 4, 20), 1.0),
        )
    )
    assert known["weight"].to_list() == pytest.approx([16 / 9] * 225)
    assert known["weight"].sum() == pytest.approx(400)


def test_the_contacted_are_represented_by_those_who_were_as_likely_to_be():
    """Nobody is contacted at an overdue ratio of 0.5 and 400 of 800 at 1.4: weights 1 and 2, and 1,600 in all."""
    known = left_alone(
        *practice((800, None, date(2026, 3, 31), 0.5), (400, date(2026, 3, 9), MARCH, 1.4), (400, None, date(2026, 3, 31), 1.4))
    )
    assert known["weight"].head(800).to_list() == pytest.approx([1.0] * 800, abs=0.01)
    assert known["weight"].tail(400).to_list() == pytest.approx([2.0] * 400, abs=0.01)


def test_where_nobody_is_contacted_all_weigh_one():
    known = left_alone(*practice((30, None, date(2026, 4, 20), 1.0)))
    assert known["weight"].to_list() == [1.0] * 30


def test_a_weight_is_ten_at_most():
    """At an overdue ratio of 1.4, 995 of 1,000 are contacted: each of the 5 left would weigh 200."""
    known = left_alone(
        *practice((1_000, None, date(2026, 3, 31), 0.5), (995, date(2026, 3, 9), MARCH, 1.4), (5, None, date(2026, 3, 31), 1.4))
    )
    assert known["weight"].tail(5).to_list() == pytest.approx([10.0] * 5)
