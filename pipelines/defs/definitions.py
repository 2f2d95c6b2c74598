"""All Dagster definitions; `caregap run` executes the same definitions without a server."""

from collections.abc import Iterator, Set

import dagster as dg

from pipelines.defs.catalog import catalog_assets
from pipelines.defs.delivery import delivery_assets
from pipelines.defs.derived import derived_assets
from pipelines.defs.ml import estimate, score, train, value
from pipelines.defs.published import published
from pipelines.defs.raw import raw
from pipelines.defs.refresh import arrivals, nightly, refresh
from pipelines.defs.run_status import recording_hooks
from pipelines.home import Home
from pipelines.landing.land import LandingReport, land
from pipelines.lock import only_writer
from pipelines.practice import Practice, practice_of
from pipelines.progress import Progress, silent
from pipelines.warehouse.dbt import parsed_project


def definitions(
    home: Home,
    practice: Practice,
    progress: Progress = silent,
    hooks: Set[dg.HookDefinition] = frozenset(),
    landed: LandingReport | None = None,
) -> dg.Definitions:
    """All assets, checks, jobs, schedules and sensors, bound to one home and one practice; every asset calls `hooks`.

    The layer `raw` is built from `landed`; without it, that layer first lands new files.
    """
    parsed = parsed_project(home)
    made = [raw, derived_assets(parsed), train, score, estimate, value, delivery_assets(parsed)]
    assets = [*made, catalog_assets(parsed, made), published]

    @dg.resource
    def locked_home(_: dg.InitResourceContext) -> Iterator[Home]:
        with only_writer(home):
            yield home

    def landing() -> LandingReport:
        return landed or land(practice, home, progress)

    return dg.Definitions(
        assets=[one.with_hooks(hooks) for one in assets],
        jobs=[refresh],
        schedules=[nightly(practice)],
        sensors=[arrivals(practice)],
        resources={
            "home": locked_home,
            "practice": dg.ResourceDefinition.hardcoded_resource(practice),
            "landing": dg.ResourceDefinition.hardcoded_resource(landing),
            "progress": dg.ResourceDefinition.hardcoded_resource(progress),
        },
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions that `dagster -m pipelines.defs.definitions` loads: this environment's home, its practice or the sample."""
    home = Home.from_environment()
    return definitions(home, practice_of(home, None), hooks=recording_hooks(home))
