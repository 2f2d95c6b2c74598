"""Whole runs killed at a named point of Dagster, dbt and the models: the next ends in the same tables."""

import pytest

from tests.faults.points import OF_WHOLE_RUNS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("fault", [fault for fault in OF_WHOLE_RUNS if fault.endswith(":kill")])
def test_a_whole_run_that_was_killed_at_a_named_point_is_made_good_by_the_next(stopped_whole, fault: str):
    stopped_whole(fault)
