"""Times selected dbt models on an existing warehouse."""

from datetime import datetime

from pipelines.home import Home
from pipelines.warehouse.build import Build
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import parsed_project


def seconds_of(home: Home, build: Build, select: list[str], variables: dict[str, object] | None = None) -> float:
    """Seconds from the start of the first selected model to the end of the last; dbt's own start is left out."""
    times = []
    for event in run_dbt(parsed_project(home), build.warehouse, {**build.variables, **(variables or {})}, select, command="run"):
        node = event["data"]["node_info"]
        times += [datetime.fromisoformat(node[name]) for name in ("node_started_at", "node_finished_at")]
    return (max(times) - min(times)).total_seconds()
