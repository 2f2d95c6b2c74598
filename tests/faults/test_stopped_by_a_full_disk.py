"""Stopped by a full disk at any point that `test_stopped_runs.py` leaves out."""

import pytest

from tests.faults.points import others

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


@pytest.mark.parametrize("point", others("enospc"))
def test_stopped_by_a_full_disk_at_any_point_a_run_is_made_good_by_the_next(stopped, point: str):
    stopped(point, "enospc")
