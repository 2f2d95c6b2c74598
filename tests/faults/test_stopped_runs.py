"""Stopped at a named point, by a kill, a full disk or an error: a plain run afterwards ends in the same tables.

The run is real but for SQL and models (`short_run.py`); `test_whole_runs_*.py` and `test_killed_runs.py` stop whole ones. All
other points are in `test_stopped_by_a_kill.py`, `test_stopped_by_a_full_disk.py` and `test_stopped_by_an_error.py`, which
processes share out.
"""

import json
import signal

import pytest

from pipelines.home import Home
from tests.conftest import caregap
from tests.faults.conftest import tables
from tests.faults.points import QUICK


@pytest.mark.parametrize(("point", "fault"), QUICK, ids=str)
def test_a_run_after_one_that_was_stopped_ends_in_the_same_tables(stopped, point: str, fault: str):
    stopped(point, fault)


def test_what_follows_the_swap_is_made_good_where_nothing_new_was_delivered(scene, again, short_run, undisturbed):
    """Killed as it was about to keep what it had shown for the first time; the next run finds nothing new and builds nothing."""
    home = again()
    assert short_run(home, scene.practice, CAREGAP_FAULT="publish.swapped:kill").returncode == -signal.SIGKILL
    rerun = short_run(home, scene.practice)
    assert json.loads(rerun.stdout)["is_new"] is False
    assert tables(home) == undisturbed


def test_the_audit_log_is_whole_after_a_run_that_was_stopped_while_it_published(scene, again, short_run):
    home = again()
    short_run(home, scene.practice, CAREGAP_FAULT="publish.recorded:kill")
    assert caregap(Home(home), "audit", "verify").returncode == 0
