"""Both engines derive the tables of one practice, in one run: CPU seconds, shuffle and spill.

100 patients; `--scale 10` makes them 1,000. Spark runs on one core, on two, and with two executors of one core and 2 GB, each a
process of its own. The figures of its stages are Spark's own.
"""

import os
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.practices import simulated
from benchmarks.result import Result
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice, read_practice
from pipelines.warehouse.build import build_warehouse
from pipelines.warehouse.spark.session import PACKAGES
from pipelines.warehouse.spark.tables import Tables

PATIENTS = 100
MASTERS = ("local[1]", "local[2]", "local-cluster[2,1,2048]")


def run(scale: int) -> list[Result]:
    """CPU seconds, ratios and megabytes."""
    return list(_measured(PATIENTS * scale))


@dataclass(frozen=True)
class Taken:
    """What deriving the tables took. `stages`: of each stage of Spark's, bytes that were read and written in shuffles, and bytes
    that were spilled to disk. `load`: the machine's, over the last five minutes of it."""

    cpu_seconds: float
    seconds: float
    load: float
    stages: tuple[tuple[int, int, int], ...] = ()

    @property
    def when(self) -> str:
        return f"{self.seconds:.0f} s wall at load {self.load:.0f}"


def _measured(n_patients: int) -> Iterator[Result]:
    practice = read_practice(simulated(n_patients))
    own = _derived(practice)
    yield Result(f"{n_patients:,} patients, DuckDB", own.cpu_seconds, "CPU s", note=own.when)
    if not PACKAGES.is_dir():
        yield Result("Spark", 0, "CPU s", note="not installed: make setup-spark")
        return
    for master in MASTERS:
        taken = _derived(replace(practice, engine="spark", spark_master=master))
        name = f"{n_patients:,} patients, Spark {master}"
        yield Result(name, taken.cpu_seconds, "CPU s", note=f"{taken.when}, {len(taken.stages):,} stages")
        yield Result(f"{name}, against DuckDB", taken.cpu_seconds / own.cpu_seconds)
        for column, what in enumerate(("shuffle read", "shuffle written", "spilled to disk")):
            of_stage = [stage[column] / 1e6 for stage in taken.stages if stage[column]]
            note = f"in {len(of_stage):,} stages, {max(of_stage, default=0):.1f} in the largest"
            yield Result(f"  {what}", sum(of_stage), "MB", note=note)


def _derived(practice: Practice) -> Taken:
    """Derive the tables in a home where everything has landed."""
    with tempfile.TemporaryDirectory(prefix="caregap-bench-") as folder, _stages() as stages:
        home = Home(Path(folder))
        land(practice, home)
        began, cpu = time.monotonic(), _cpu_seconds()
        build_warehouse(home, practice)
        return Taken(_cpu_seconds() - cpu, time.monotonic() - began, os.getloadavg()[1], tuple(stages))


def _cpu_seconds() -> float:
    """Of this process and of those that it waited for, as Java."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@contextmanager
def _stages() -> Iterator[list[tuple[int, int, int]]]:
    """Filled with what Spark says of each stage, when the last table of a build is made."""
    told: list[tuple[int, int, int]] = []
    give_back = Tables.give_back

    def tell(tables: Tables) -> None:
        told.extend(_told(tables.spark.sparkContext))
        give_back(tables)

    Tables.give_back = tell  # type: ignore[assignment]
    kept = os.environ.get("SPARK_CONF_DIR")
    try:
        with tempfile.TemporaryDirectory(prefix="caregap-spark-") as conf:
            (Path(conf) / "spark-defaults.conf").write_text("spark.ui.retainedStages 100000\n", encoding="utf-8")
            os.environ["SPARK_CONF_DIR"] = conf
            yield told
    finally:
        Tables.give_back = give_back  # type: ignore[method-assign]
        os.environ.pop("SPARK_CONF_DIR")
        if kept:
            os.environ["SPARK_CONF_DIR"] = kept


def _told(context: Any) -> Iterator[tuple[int, int, int]]:
    jvm, none = context._jvm, context._gateway.new_array(context._jvm.double, 0)
    stages = context._jsc.sc().statusStore().stageList(None, False, False, none, jvm.java.util.ArrayList())
    for number in range(stages.size()):
        one = stages.apply(number)
        yield one.shuffleReadBytes(), one.shuffleWriteBytes(), one.diskBytesSpilled()
