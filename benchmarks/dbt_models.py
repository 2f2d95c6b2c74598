"""Times selected dbt models on an existing warehouse."""

import time
from dataclasses import dataclass
from datetime import datetime

from pipelines.home import Home
from pipelines.warehouse.build import Build
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import parsed_project


@dataclass(frozen=True)
class Spent:
    """`seconds`: wall, from the first model's start to the last one's end. `cpu_seconds`: of all cores, with dbt's start."""

    seconds: float
    cpu_seconds: float


def spent_on(home: Home, build: Build, select: list[str], variables: dict[str, object] | None = None) -> Spent:
    """What the selected models took on a build; `variables` replace its own."""
    times = []
    cpu_seconds = time.process_time()
    for event in run_dbt(parsed_project(home), build.warehouse, {**build.variables, **(variables or {})}, select, command="run"):
        node = event["data"]["node_info"]
        times += [datetime.fromisoformat(node[name]) for name in ("node_started_at", "node_finished_at")]
    return Spent((max(times) - min(times)).total_seconds(), time.process_time() - cpu_seconds)


def seconds_of(home: Home, build: Build, select: list[str], variables: dict[str, object] | None = None) -> float:
    """Wall seconds of `spent_on`."""
    return spent_on(home, build, select, variables).seconds
