"""Stopped by an error at every third of the points that `test_stopped_runs.py` leaves out."""

import pytest

from tests.faults.points import others

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


@pytest.mark.parametrize("point", others("error"))
def test_stopped_by_an_error_at_a_point_a_run_is_made_good_by_the_next(stopped, point: str):
    stopped(point, "error")
