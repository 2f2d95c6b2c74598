"""A tile is sum over sum of the newest mature quarter, beside the quarter before."""

from datetime import date

import polars as pl
import pytest

from dashboards.kpis.tiles import Tile, tile


def _months(*rows: tuple[int, bool, float, float]) -> pl.DataFrame:
    frame = pl.DataFrame(
        [(date(2026, month, 1), mature, top, bottom) for month, mature, top, bottom in rows],
        schema=["month_on", "is_mature", "numerator", "denominator"],
        orient="row",
    )
    return frame.with_columns(value=pl.col("numerator") / pl.col("denominator"))


def test_a_quarter_is_the_sum_over_the_sum_and_not_the_mean_of_its_months():
    """(1 + 1 + 8) / (10 + 10 + 20) = 0.25, where the mean of the rates is (0.1 + 0.1 + 0.4) / 3 = 0.2."""
    shown = tile({"kpi_code": "a"}, _months((1, True, 1, 10), (2, True, 1, 10), (3, True, 8, 20)))
    assert shown.value == pytest.approx(0.25)
    assert shown.prior is None


def test_an_immature_month_is_drawn_but_never_counts():
    """April has a rate of 0.9 and is not mature: the quarter is January to March, 3 / 30."""
    shown = tile({"kpi_code": "a"}, _months((1, True, 1, 10), (2, True, 1, 10), (3, True, 1, 10), (4, False, 9, 10)))
    assert shown.value == pytest.approx(0.1)
    assert shown.last_month == date(2026, 3, 1)
    assert len(shown.months) == 4


def test_the_quarter_before_is_shown_only_when_it_is_whole():
    """February to April: 3 / 30. Before them lies January alone."""
    assert tile({"kpi_code": "a"}, _months(*((month, True, 1, 10) for month in range(1, 5)))).prior is None
    assert tile({"kpi_code": "a"}, _months(*((month, True, 1, 10) for month in range(1, 7)))).prior == pytest.approx(0.1)


@pytest.mark.parametrize(("direction", "value", "met"), [("lower", 0.04, True), ("lower", 0.06, False), ("higher", 0.06, True)])
def test_the_target_is_met_on_the_good_side_of_it(direction: str, value: float, met: bool):
    catalog = {"direction": direction, "target": 0.05}
    assert Tile(catalog, _months(), value, None, None, None).meets_target is met


def test_without_a_target_or_a_value_nothing_is_met_or_missed():
    assert Tile({"direction": "lower", "target": None}, _months(), 0.1, None, None, None).meets_target is None
    assert Tile({"direction": "lower", "target": 0.1}, _months(), None, None, None, None).meets_target is None
