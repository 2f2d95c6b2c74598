"""A run that Dagster's page, schedule or sensor starts is told as one of `caregap run` is.

They are hooks of the assets and not of a job: what somebody picks in the asset graph runs in a job of Dagster's own.
"""

from collections.abc import Set

import dagster as dg

from pipelines.home import Home
from pipelines.publications.last_run import record_failed, tell_published


def telling(home: Home) -> Set[dg.HookDefinition]:
    """Hooks that write down that an asset failed and why, and that the last of a run, `published`, was made."""

    @dg.failure_hook(name="record_failed")
    def failed(context: dg.HookContext) -> None:
        record_failed(home, context.op_exception)

    @dg.success_hook(name="tell_published")
    def made(context: dg.HookContext) -> None:
        if context.op.name == "published":
            tell_published(home)

    return {failed, made}
