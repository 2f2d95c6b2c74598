"""A change is news, or a colour, only where chance does not explain it."""

import pytest

from models.material import has_moved

MISSED = {"scoring": "proportion", "value": 33 / 318, "interval_low": 0.075, "interval_high": 0.142, "is_small": False}
DAYS = {"scoring": "ratio", "value": 40.0, "interval_low": None, "interval_high": None, "is_small": False}


@pytest.mark.parametrize(("before", "moved"), [(0.09, False), (0.13, False), (0.07, True), (0.15, True)])
def test_a_share_has_moved_where_its_whole_interval_leaves_out_what_it_was(before: float, moved: bool):
    """33 of 318 is 10.4 %, with the interval 7.5 % to 14.2 % (Wilson 1927)."""
    assert has_moved(MISSED | {"before_value": before, "before_status": "worse"}) is moved


@pytest.mark.parametrize(("year_before", "moved"), [(39.0, False), (45.0, True)])
def test_days_have_moved_by_a_twentieth_of_what_they_were_and_never_where_cases_are_few(year_before: float, moved: bool):
    """40 against 39 is 2.6 %, against 45 it is 11 %."""
    row = DAYS | {"year_before_value": year_before, "year_before_status": "better"}
    assert has_moved(row, "year_before") is moved
    assert not has_moved(row | {"is_small": True}, "year_before")


def test_a_baseline_is_held_against_the_cases_of_its_own_sites():
    """30 of 299 is 10.0 %, with the interval 7.1 % to 14.0 %: below 16 %, and around 12 %."""
    row = MISSED | {"baseline_status": "better", "like_for_like_value": 30 / 299}
    cases = {"like_for_like_numerator": 30.0, "like_for_like_denominator": 299.0}
    assert has_moved(row | cases | {"baseline_value": 0.16}, "baseline")
    assert not has_moved(row | cases | {"baseline_value": 0.12}, "baseline")
    assert not has_moved(row | {"baseline_value": 0.16}, "baseline"), "an earlier version published no cases of these sites"


def test_what_is_compared_with_nothing_or_looks_the_same_has_not_moved():
    assert not has_moved(MISSED | {"before_value": None, "before_status": "not_comparable"})
    assert not has_moved(DAYS | {"before_value": 40.01, "before_status": "unchanged"})
