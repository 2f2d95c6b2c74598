"""A movement is the newest mature month beside the twelve before it, in standard deviations of these."""

from datetime import date

import duckdb
import pytest

from dashboards.kpis import movements as module
from dashboards.kpis.movements import Movement, movements, sentences
from dashboards.layout.filters import Filters


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch):
    """`moved([10, 12, …], usual=0.11)`: the movements where one KPI had these of 100 in its newest months."""

    def of(tops: list[float], usual: float = 0.11, direction: str = "lower", is_small: bool = False) -> list[Movement]:
        connection = duckdb.connect()
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.dim_kpis as select 'a' as kpi_code, 'No-show rate' as kpi_name, 'share' as unit, "
            "'proportion' as scoring, 1 as display_order, $1 as direction",
            [direction],
        )
        last = len(tops) - 1
        connection.execute(
            "create table marts.fct_kpi_periods as select 'a' as kpi_code, 'all' as slice_type, 'all' as slice_key, "
            "date '2025-01-01' + to_months(place::int) as last_month_on, n_months, true as is_mature, place = $2 as is_newest, "
            "$3 as is_small, top / 100 - 0.04 as interval_low, top / 100 + 0.05 as interval_high, "
            "case n_months when 1 then top / 100 else $4 end as value, "
            "top as numerator, 100 as denominator "
            "from (select unnest($1::double[]) as top, generate_subscripts($1::double[], 1) - 1 as place) "
            "cross join (values (1), (12)) as lengths (n_months)",
            [tops, last, is_small, usual],
        )
        monkeypatch.setattr(module, "ask", lambda _, query, parameters: connection.execute(query, list(parameters)).pl())
        return movements(None, Filters())

    return of


def test_a_fall_of_what_should_be_low_is_better(moved):
    """Twelve months of 10 and 12 in turn: mean 0.11, standard deviation 0.0104. The newest, 0.05, lies 5.7 of these below, and
    its interval, 0.01 to 0.10, does too."""
    found = moved([10, 12] * 6 + [5])
    assert found[0].strength == pytest.approx(5.74, abs=0.01)
    better, worse = sentences(found)
    assert better == "Better in Jan 2026 than in the twelve months before: **No-show rate** 5.0 % (5 of 100; −6.0 pts)."
    assert worse == "Nothing is worse by more than chance explains and months usually differ."


def test_a_month_whose_interval_holds_the_twelve_months_before_is_no_news(moved):
    """The newest, 0.07, lies 3.8 standard deviations below, and its interval, 0.03 to 0.12, holds 0.11."""
    found = moved([10, 12] * 6 + [7])
    assert found[0].strength > 3
    assert sentences(found)[0] == "Nothing is better by more than chance explains and months usually differ."


def test_the_same_fall_of_what_should_be_high_is_worse(moved):
    assert moved([10, 12] * 6 + [5], direction="higher")[0].strength < 0


def test_a_month_of_few_cases_is_no_news(moved):
    assert moved([10, 12] * 6 + [5], is_small=True) == []


def test_a_kpi_with_less_than_half_a_year_behind_it_does_not_move(moved):
    assert moved([10, 12, 10, 5]) == []


def test_a_movement_of_an_earlier_month_names_it():
    january = {"kpi_name": "No-show rate", "unit": "share", "scoring": "proportion", "numerator": 5, "denominator": 100}
    january |= {"value": 0.05, "usual": 0.11, "month_on": date(2026, 1, 1)}
    january |= {"interval_low": 0.02, "interval_high": 0.10, "is_small": False}
    november = january | {"kpi_name": "Attrition", "month_on": date(2025, 11, 1)}
    better, _ = sentences([Movement(january, 5.7), Movement(november, 3.0)])
    assert better.endswith("and **Attrition** 5.0 % (5 of 100; −6.0 pts) in Nov 2025.")
