"""Pushes on a schedule, of the connectors whose settings allow it: `when = "approved"` or `"always"`. By default none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import dagster as dg

from pipelines.connect.connectors import Connection, read_connections
from pipelines.connect.scheduled import awaits_push, is_scheduled, push_as_set
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.practice import Practice

JOB = "push"
_AGAIN = dg.RetryPolicy(max_retries=3, delay=600)
"""A run that is still writing to the home turns a push away."""


def scheduled_connections(home: Home, practice: Practice) -> list[Connection]:
    """The connectors that a schedule may push to; none where connectors.toml has mistakes, of which the log tells."""
    try:
        return [one for one in read_connections(home.root, practice).values() if is_scheduled(one)]
    except UsageError as error:
        dg.get_dagster_logger().warning("Nothing is pushed. %s", error)
        return []


@dataclass(frozen=True)
class Pushes:
    """What pushes with nobody at the keyboard: off until somebody turns it on, and empty where nothing is pushed."""

    schedules: list[dg.ScheduleDefinition] = field(default_factory=list)
    sensors: list[dg.SensorDefinition] = field(default_factory=list)


def pushes(home: Home, practice: Practice, connections: Sequence[Connection]) -> Pushes:
    """The job that pushes: on a schedule, 06:30, after the nightly run and before the desk opens; and when a plan was approved.

    A push that fails leaves the others to be pushed.
    """
    if not connections:
        return Pushes()
    ops = [_op(home, practice, number, one) for number, one in enumerate(connections, start=1)]

    @dg.job(name=JOB, executor_def=dg.in_process_executor, description="Today's lists to the connected systems, as approved.")
    def job() -> None:
        for op in ops:
            op()

    @dg.sensor(job=job, name="approvals", minimum_interval_seconds=60, description="Carries out a plan that was approved.")
    def sensor() -> Iterator[dg.RunRequest]:
        for one in connections:
            if plan_id := awaits_push(home, practice, one):
                yield dg.RunRequest(run_key=f"{one.name}-{plan_id}")

    daily = dg.ScheduleDefinition(
        name="pushes",
        job=job,
        cron_schedule="30 6 * * *",
        execution_timezone=practice.time_zone,
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    return Pushes([daily], [sensor])


def _op(home: Home, practice: Practice, number: int, connection: Connection) -> dg.OpDefinition:
    @dg.op(name=f"push_{number}", description=f"Outcomes of {connection.name}, then what is due there.", retry_policy=_AGAIN)
    def push(context: dg.OpExecutionContext) -> None:
        fates = push_as_set(home, practice, connection)
        context.log.info(
            "%s: %s", connection.name, ", ".join(f"{n} {fate}" for fate, n in fates.items() if n) or "nothing to send"
        )

    return push
