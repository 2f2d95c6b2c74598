"""The simulated practices that the benchmarks share, and the warehouses built of them: each created once per session."""

import atexit
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipelines.home import CHECKOUT, Home
from pipelines.warehouse.build import Build, newest_build

SIZES = (1_000, 10_000)
"""Patients of the two practices that are compared; `scale` times as many."""
SAMPLE = 0
"""In place of a number of patients: the sample practice, which `make run` runs."""
_STAGE = re.compile(r"✓ (\w+) ([\d.]+) s")


@dataclass(frozen=True)
class Timed:
    """One `caregap run` in a process of its own: wall and CPU seconds, peak resident memory, wall seconds by stage.

    Starting is in no stage; Dagster's start is in the first. CPU seconds, of all cores, hardly depend on what else runs.
    """

    seconds: float
    cpu_seconds: float
    gigabytes: float
    stages: dict[str, float]


@cache
def scratch() -> Path:
    """A folder that lives as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="caregap-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def simulated(n_patients: int) -> Path:
    """The folder of a practice of so many patients over 30 months, 200 FHIR resources each; of `SAMPLE`, the sample unpacked.

    A quarter of the patients may have rare conditions, as in the sample, so that every measure finds somebody.
    """
    from data_samples.simulator.simulate import Simulation, simulate

    folder = scratch() / f"practice-{n_patients}"
    if n_patients == SAMPLE:
        shutil.copytree(CHECKOUT / "data_samples" / "practice", folder)
        for packed in folder.rglob("*.gz"):
            packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
            packed.unlink()
        return folder
    folder.mkdir()
    simulate(Simulation(n_patients=n_patients, n_months=30, seed=1, rare_share=0.25), folder)
    return folder


def home_of(n_patients: int) -> Home:
    """The home in which that practice is run."""
    return Home(scratch() / f"home-{n_patients}")


def run(n_patients: int) -> Timed:
    """Run that practice in its home, whatever the state of both. Raises `RuntimeError` where the run fails."""
    command = [str(Path(sys.executable).with_name("caregap")), "run", str(simulated(n_patients))]
    environment = {**os.environ, "CAREGAP_HOME": str(home_of(n_patients).root)}
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as printed:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=printed)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        text = printed.read()
    if process.returncode != 0:
        raise RuntimeError(f"caregap run of {n_patients} patients ended with {process.returncode}:\n{text[-2000:]}")
    stages: dict[str, float] = defaultdict(float)
    for name, taken in _STAGE.findall(text):  # building comes twice, before the scores and after
        stages[name] += float(taken)
    return Timed(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6, stages)


@cache
def first_run(n_patients: int) -> Timed:
    """The first run of that practice, in an empty home."""
    return run(n_patients)


def built(n_patients: int) -> tuple[Home, Build]:
    """The home and the newest build of that practice, which is run first if it was not."""
    first_run(n_patients)
    home = home_of(n_patients)
    return home, newest_build(home)
