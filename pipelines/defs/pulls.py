"""The layer `connect`: one asset a connector, which is a pull of it. In a job of its own, so that a pull that fails stops no run:
what it delivers is an arrival, as any other.
"""

from collections.abc import Sequence

import dagster as dg

from pipelines.connect.connectors import Connection, read_connections
from pipelines.connect.pulls.pull import pull
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.progress import silent

GROUP = "connect"
JOB = "pull"


def pulled_connections(home: Home, practice: Practice) -> list[Connection]:
    """The connectors of the home that are pulled from; none where connectors.toml has mistakes, of which the log tells: they are
    no reason for the nightly run not to be there."""
    try:
        found = read_connections(home.root, practice)
    except UsageError as error:
        dg.get_dagster_logger().warning("No connector is pulled from. %s", error)
        return []
    return [one for one in found.values() if one.settings.pull]


def pull_assets(home: Home, practice: Practice, connections: Sequence[Connection]) -> list[dg.AssetsDefinition]:
    """A pull of each connector. It takes no lock of the home's: it may wait for hours, and writes nothing that a run reads but
    whole deliveries."""
    return [_asset(home, practice, number, one) for number, one in enumerate(connections, start=1)]


def _asset(home: Home, practice: Practice, number: int, connection: Connection) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name=f"pull_{number}",
        specs=[
            dg.AssetSpec(
                dg.AssetKey([GROUP, connection.name]),
                group_name=GROUP,
                kinds={connection.settings.kind},
                description=f"What changed at {connection.name}, as a delivery of {connection.settings.source}.",
            )
        ],
    )
    def made() -> dg.MaterializeResult[None]:
        done = pull(home, practice, connection, silent)
        counts = {f"rows of {extract}": n_rows for extract, n_rows in done.n_rows.items()}
        return dg.MaterializeResult(metadata={"delivery": done.delivery or "nothing changed", **counts})

    return made


def pulls(practice: Practice, connections: Sequence[Connection]) -> list[dg.ScheduleDefinition]:
    """The job that pulls from every connector, on a schedule that somebody must turn on: 02:30, an hour before the nightly run.

    A pull that fails leaves the others to be pulled. None where there is nothing to pull.
    """
    if not connections:
        return []
    job = dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.groups(GROUP),
        executor_def=dg.in_process_executor,
        description="From connected systems to deliveries.",
    )
    return [
        dg.ScheduleDefinition(
            name="pulls",
            job=job,
            cron_schedule="30 2 * * *",
            execution_timezone=practice.time_zone,
            default_status=dg.DefaultScheduleStatus.STOPPED,
        )
    ]
