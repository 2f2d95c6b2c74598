"""Records the outcome of Dagster-started runs as `caregap run` does.

Hooks are on the assets, not on a job, because assets picked in the graph run in a job of Dagster's own.
"""

from collections.abc import Set

import dagster as dg

from pipelines.errors import CaregapError, HomeBusy
from pipelines.home import Home
from pipelines.publications.last_run import record_failed, tell_published


def recording_hooks(home: Home) -> Set[dg.HookDefinition]:
    """Hooks that record that an asset failed and why, and that the last asset of a run, `published`, succeeded."""

    @dg.failure_hook(name="record_failed")
    def failed(context: dg.HookContext) -> None:
        if context.op_exception is not None:
            record_failed(home, context.op_exception)

    @dg.success_hook(name="tell_published")
    def made(context: dg.HookContext) -> None:
        if context.op.name == "published":
            tell_published(home)

    return {failed, made}


def failures(home: Home) -> dg.SensorDefinition:
    """Records a run that failed before its first asset, which no hook sees: its home could not be opened, or somebody ended it.

    A run that was turned away because another one was writing is not recorded: it has touched nothing.
    """

    @dg.run_failure_sensor(
        name="failures",
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells Data health of a run that failed before its first step.",
    )
    def sensor(context: dg.RunFailureSensorContext) -> None:
        if context.get_step_failure_events():
            return
        error = getattr(context.failure_event.event_specific_data, "error", None)
        while error is not None and error.cause is not None:
            error = error.cause
        name = error.cls_name if error else "an end from outside"
        if name != HomeBusy.__name__:
            run = context.dagster_run.run_id
            record_failed(
                home, CaregapError(f"Dagster's run {run} ended before its first step ({name}). Its page shows the log.")
            )

    return sensor
