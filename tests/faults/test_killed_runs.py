"""Whole runs, stopped at any moment or at a named point of Dagster, dbt and the models: a later run ends in the same tables."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import caregap_process

N_KILLS = 10
GOLDEN = Path(__file__).parents[1] / "dbt" / "golden_practice"
POINTS = [
    "landing.folder.placed#12:kill",
    "build.raw.views:enospc",
    "build.derived.node#100:kill",
    "build.derived.node#300:enospc",
    "build.derived.ending:error",
    "score.table.written#3:kill",
    "score.table.written#8:enospc",
    "build.delivered.node#3:error",
    "build.catalogued.starting:kill",
    "publish.audited:enospc",
    "publish.swapped:kill",
]
ENDS_WITH = {"kill": -9, "enospc": 13, "error": 1}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_runs_killed_at_random_moments_end_in_the_same_tables(small_practice, new_home, table_hashes):
    undisturbed, killed = new_home(), new_home()
    command = [str(Path(sys.executable).with_name("caregap")), "run", str(small_practice)]

    def start(home):
        return subprocess.Popen(command, env={**os.environ, "CAREGAP_HOME": str(home.root)}, stdout=subprocess.DEVNULL)

    began = time.monotonic()
    assert start(undisturbed).wait() == 0
    whole = time.monotonic() - began

    moments = random.Random(20261101)  # noqa: S311
    for _ in range(N_KILLS):
        process = start(killed)
        time.sleep(moments.uniform(0, 0.95) * whole)
        process.kill()
        process.wait()

    assert start(killed).wait() == 0
    files = [home.published / "current" / "warehouse.duckdb" for home in (undisturbed, killed)]
    assert table_hashes(files[0].resolve()) == table_hashes(files[1].resolve())
    assert not list(killed.published.glob(".2*"))


@pytest.fixture(scope="module")
def golden_tables(new_home, table_hashes):
    """Of the golden practice, whose seven patients make the shortest whole run."""
    home = new_home()
    done = caregap_process(home, "run", GOLDEN)
    assert done.returncode == 0, done.stderr
    return table_hashes((home.published / "current" / "warehouse.duckdb").resolve())


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", POINTS)
def test_a_whole_run_stopped_at_a_named_point_is_made_good_by_the_next(fault, new_home, golden_tables, table_hashes, monkeypatch):
    home = new_home()
    monkeypatch.setenv("CAREGAP_TESTING", "1")
    monkeypatch.setenv("CAREGAP_FAULT", fault)
    stopped = caregap_process(home, "run", GOLDEN, "--json")
    assert stopped.returncode == ENDS_WITH[fault.rpartition(":")[2]], stopped.stderr
    assert "Traceback" not in stopped.stderr
    monkeypatch.delenv("CAREGAP_FAULT")
    rerun = caregap_process(home, "run", GOLDEN, "--json")
    assert rerun.returncode == 0, rerun.stderr
    assert table_hashes((home.published / "current" / "warehouse.duckdb").resolve()) == golden_tables
