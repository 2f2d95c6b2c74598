"""Records the outcome of Dagster-started runs as `caregap run` does.

Hooks are on the assets, not on a job, because assets picked in the graph run in a job of Dagster's own.
"""

from collections.abc import Set

import dagster as dg

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
