"""A movement is the newest mature month beside the twelve before it, in standard deviations of these."""

from datetime import date

import polars as pl
import pytest

from dashboards.kpis.movements import movements, sentences
from dashboards.kpis.tiles import tile

CATALOG = {"kpi_code": "a", "kpi_name": "No-show rate", "unit": "share", "direction": "lower", "target": None}


def _tile(tops: list[float], bottom: float = 100, **catalog):
    months = pl.DataFrame(
        {
            "month_on": [date(2025 + place // 12, place % 12 + 1, 1) for place in range(len(tops))],
            "is_mature": True,
            "numerator": [float(top) for top in tops],
            "denominator": bottom,
        }
    ).with_columns(value=pl.col("numerator") / pl.col("denominator"))
    return tile(CATALOG | catalog, months)


def test_a_fall_of_what_should_be_low_is_better():
    """Twelve months of 10 and 12 in turn: mean 0.11, standard deviation 0.0104. The newest, 0.05, lies 5.7 of these below."""
    found = movements([_tile([10, 12] * 6 + [5])])
    assert found[0].strength == pytest.approx(5.74, abs=0.01)
    better, worse = sentences(found)
    assert better == "Better in Jan 2026 than in the twelve months before: **No-show rate** 5.0 % (−6.0 pts)."
    assert worse == "Nothing is worse by more than months usually differ."


def test_the_same_fall_of_what_should_be_high_is_worse():
    assert movements([_tile([10, 12] * 6 + [5], direction="higher")])[0].strength < 0


def test_a_share_of_a_handful_is_no_news():
    assert movements([_tile([1, 2] * 6 + [9], bottom=10)]) == []


def test_a_kpi_with_less_than_half_a_year_behind_it_does_not_move():
    assert movements([_tile([10, 12, 10, 5])]) == []
