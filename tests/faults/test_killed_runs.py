"""Whole runs, killed at any moment: a later run ends in the same tables. `test_whole_runs_*.py` stop them at named points."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.dbt.conftest import GOLDEN

N_KILLS = 3


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_runs_killed_at_random_moments_end_in_the_same_tables(new_home, table_hashes):
    undisturbed, killed = new_home(), new_home()
    command = [str(Path(sys.executable).with_name("caregap")), "run", str(GOLDEN)]

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
