"""All Dagster definitions; `caregap run` executes the same definitions without a server."""

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AbstractContextManager

import dagster as dg

from pipelines.connect.connectors import Connection
from pipelines.defs.build_in_hand import BuildInHand
from pipelines.defs.catalog import catalog_assets
from pipelines.defs.delivery import delivery_assets
from pipelines.defs.derived import derived_assets
from pipelines.defs.executor import executor, has_steps_elsewhere
from pipelines.defs.ml import estimate, score, train, value
from pipelines.defs.published import published
from pipelines.defs.pulls import pull_assets, pulled_connections, pulls
from pipelines.defs.pushes import pushes, scheduled_connections
from pipelines.defs.raw import DELIVERIES, raw
from pipelines.defs.refresh import arrivals, nightly, refresh
from pipelines.defs.run_status import failures, recording_hooks
from pipelines.defs.signs_of_intrusion import signs_of_intrusion
from pipelines.errors import CaregapError
from pipelines.home import Home
from pipelines.landing.land import LandingReport, land_whole
from pipelines.lock import only_writer
from pipelines.practice import Practice, practice_of
from pipelines.progress import Progress, silent
from pipelines.publications.last_run import record_failed
from pipelines.warehouse.dbt_project import parsed_project


def definitions(
    home: Home,
    practice: Practice,
    progress: Progress = silent,
    hooks: Set[dg.HookDefinition] = frozenset(),
    landed: LandingReport | None = None,
    lock: Callable[[Home], AbstractContextManager[object]] | None = None,
    connections: Sequence[Connection] = (),
    pushed: Sequence[Connection] = (),
) -> dg.Definitions:
    """All assets, checks, jobs, schedules and sensors, bound to one home and one practice; every asset calls `hooks`.

    The layer `raw` is built from `landed`; without it, that layer first lands new files. A run holds `lock`, by default the
    home's, from its start to its end; where its steps have processes of their own (`executor`), each step does. Pulls of
    `connections` are upstream of `raw`, in a job of their own; so is the push to those of `pushed`.
    """
    parsed = parsed_project(home)
    pulled = pull_assets(home, practice, connections)
    sent = pushes(home, practice, pushed)
    upstream = [key for one in pulled for key in one.keys]
    landed_tables = raw.map_asset_specs(lambda spec: spec.merge_attributes(deps=upstream))
    made = [landed_tables, derived_assets(parsed), train, score, estimate, value, delivery_assets(parsed)]
    assets = [*made, catalog_assets(parsed, made), published]

    @dg.resource
    def locked_home(_: dg.InitResourceContext) -> Iterator[Home]:
        with lock(home) if lock else only_writer(home, waits=has_steps_elsewhere()):
            yield home

    @dg.resource(required_resource_keys={"home"})
    def build_in_hand(context: dg.InitResourceContext) -> BuildInHand:
        run = context.run
        asked = run.asset_selection if run else None
        return BuildInHand(home, run.run_id if run else "", starts=asked is None or DELIVERIES in asked)

    def landing() -> LandingReport:
        return landed or land_whole(practice, home, progress)

    return dg.Definitions(
        assets=[*pulled, *(one.with_hooks(hooks) for one in assets)],
        asset_checks=[signs_of_intrusion],
        jobs=[refresh],
        schedules=[nightly(home, practice), *pulls(practice, connections), *sent.schedules],
        sensors=[arrivals(home, practice), failures(home), *sent.sensors],
        resources={
            "home": locked_home,
            "builds": build_in_hand,
            "practice": dg.ResourceDefinition.hardcoded_resource(practice),
            "landing": dg.ResourceDefinition.hardcoded_resource(landing),
            "progress": dg.ResourceDefinition.hardcoded_resource(progress),
        },
        executor=executor(),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions that `dagster -m pipelines.defs.definitions` loads: this environment's home, its practice or the sample.

    Where they cannot be made, no run starts, which is recorded as a run that failed.
    """
    home = Home.from_environment()
    try:
        practice = practice_of(home, None)
        pulled, pushed = pulled_connections(home, practice), scheduled_connections(home, practice)
        return definitions(home, practice, hooks=recording_hooks(home), connections=pulled, pushed=pushed)
    except CaregapError as error:
        record_failed(home, error)
        raise
