"""The finance functions against the published examples of spreadsheets, and their own definitions."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.roi.finance import internal_rate_of_return, net_present_value, payback_months, rate_per_month, rate_per_year

ROI = Path(__file__).parents[3].parent / "shared" / "data" / "roi"


@pytest.mark.skipif(not ROI.is_dir(), reason="the published tables of ../shared/data/roi are not here")
def test_the_published_examples_come_out():
    expected = json.loads((ROI / "expected.json").read_text())["finance"]
    value = expected["excel_npv_doc"]
    found = net_present_value(value["rate"], value["flows"], first_period=1)
    assert round(found, 2) == value["npv_first_flow_discounted"]
    rate = expected["excel_irr_doc"]
    assert round(internal_rate_of_return(rate["flows"]), 4) == rate["irr_5y"]
    assert round(internal_rate_of_return(rate["flows"][:5]), 3) == rate["irr_4y"]


def test_present_value_by_hand():
    """-100 now, 60 after one period and 72 after two, at 20 %: -100 + 50 + 50 = 0; all a period later is still 0."""
    assert net_present_value(0.2, [-100, 60, 72]) == pytest.approx(0)
    assert net_present_value(0.2, [-100, 60, 72], first_period=1) == pytest.approx(0)
    assert internal_rate_of_return([-100, 60, 72]) == pytest.approx(0.2)


def test_twelve_months_compound_to_the_year():
    assert (1 + rate_per_month(0.08)) ** 12 == pytest.approx(1.08)
    assert rate_per_year(0.01) == pytest.approx(0.126825, abs=1e-6)


@pytest.mark.parametrize("flows", [[1, 2], [-1, -2], [0, 0], [-100, 230, -132]])
def test_no_rate_is_given_where_none_or_several_are_right(flows: list[float]):
    """-100, 230, -132 is zero at 10 % and at 20 %."""
    with pytest.raises(ValueError, match="exactly one change"):
        internal_rate_of_return(flows)


@pytest.mark.parametrize(
    "flows,month",
    [
        ([-100, 60, 40], 3),
        ([-100, 60, 39], np.inf),
        ([-100, 150, -80, 40], 4),
        ([5, 1], 1),
        ([-100, 150, -80], np.inf),
    ],
)
def test_payback_is_when_the_money_is_back_for_good(flows: list[float], month: float):
    assert payback_months(np.array([flows])) == [month]


def test_each_draw_is_paid_back_by_itself():
    assert payback_months(np.array([[-1, 1, 0], [-1, 0, 0], [-1, 2, -3], [0, 0, 1]])).tolist() == [2, np.inf, np.inf, 1]


@given(st.floats(1, 1e6), st.lists(st.floats(0.01, 1e6), min_size=1, max_size=20), st.floats(-0.5, 2))
def test_the_internal_rate_is_where_the_present_value_is_zero(cost: float, gains: list[float], rate: float):
    worth = net_present_value(rate, [0, *gains])
    assert internal_rate_of_return([-worth, *gains]) == pytest.approx(rate, abs=1e-6)
