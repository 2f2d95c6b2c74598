"""A run in this process without the log of Dagster's events, which nobody reads: each got an id and a record of its own."""

import logging
from collections.abc import Iterator, Set
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.execution.context.system import StepExecutionContext
from dagster._core.log_manager import DagsterLogManager


@contextmanager
def unheard() -> Iterator[None]:
    """While Dagster runs here, it logs no event but those that tell the state of the run, and its loggers say what is critical
    alone. It also asks once a step, not once a table, which tables the step makes. Other loggers are as they were."""
    log, keys = DagsterLogManager.log_dagster_event, StepExecutionContext.get_output_asset_keys
    logger = logging.getLogger("dagster")
    level = logger.level

    def log_of_runs(self: DagsterLogManager, level: str | int, msg: str, dagster_event: Any, batch_metadata: Any = None) -> None:
        if dagster_event.is_job_event:
            log(self, level, msg, dagster_event, batch_metadata)

    def keys_once(self: StepExecutionContext) -> Set[dg.AssetKey]:
        known: dict[str, Set[dg.AssetKey]] = vars(self)
        if "_keys_once" not in known:
            known["_keys_once"] = keys(self)
        return known["_keys_once"]

    DagsterLogManager.log_dagster_event = log_of_runs  # type: ignore[method-assign]
    StepExecutionContext.get_output_asset_keys = keys_once  # type: ignore[method-assign]
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
        StepExecutionContext.get_output_asset_keys = keys  # type: ignore[method-assign]
        DagsterLogManager.log_dagster_event = log  # type: ignore[method-assign]
