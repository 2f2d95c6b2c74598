"""Executes the assets in this process, without a server: the same definitions that Dagster's page shows."""

import warnings
from contextlib import nullcontext

import dagster as dg

from pipelines.defs.definitions import definitions
from pipelines.defs.refresh import JOB
from pipelines.defs.unheard import unheard
from pipelines.defs.unstored import unstored_instance
from pipelines.home import Home
from pipelines.landing.land import LandingReport
from pipelines.practice import Practice
from pipelines.progress import Progress, silent

# Dagster's console would print every event of every table; `pipelines/cli/findings.py` reports what a run found.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def execute(
    home: Home,
    practice: Practice,
    *,
    selection: list[str] | None = None,
    progress: Progress = silent,
    landed: LandingReport | None = None,
) -> dg.ExecuteInProcessResult:
    """Materialise all assets, or those of these layers or tables (`marts`, `ml.model_cards`), in the order of the graph.

    The caller holds the home's lock (`pipelines/lock.py`).
    `landed`: the result of a landing just made, so that the layer `raw` does not land again.
    Stops at the first failure and raises its error; `KeyboardInterrupt` where it is stopped. Events are neither logged
    (`pipelines/defs/unheard.py`) nor stored (`pipelines/defs/unstored.py`).
    """
    job = definitions(home, practice, progress, landed=landed, lock=nullcontext).resolve_job_def(JOB)
    wanted = None
    if selection is not None:
        graph = job.asset_layer.asset_graph
        wanted = [key for key in graph.executable_asset_keys if {graph.get(key).group_name, ".".join(key.path)} & set(selection)]
        if not wanted:  # Dagster treats an empty selection as everything
            raise ValueError(f"no asset is in {selection}")
    with warnings.catch_warnings(action="ignore", category=dg.BetaWarning), unheard(), unstored_instance() as instance:
        try:
            return job.execute_in_process(run_config=QUIET, asset_selection=wanted, instance=instance)
        except dg.DagsterExecutionInterruptedError:  # of Ctrl-C and of a service that is stopped
            raise KeyboardInterrupt from None


def warned(result: dg.ExecuteInProcessResult) -> tuple[str, ...]:
    """What the checks that did not pass found, in words, sorted."""
    failed = [check for check in result.get_asset_check_evaluations() if not check.passed]
    return tuple(sorted(check.description or f"{'.'.join(check.asset_key.path)}: {check.check_name}" for check in failed))
