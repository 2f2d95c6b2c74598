"""`caregap build`: builds a new warehouse beside the published one."""

from typing import Any

import click

from pipelines.cli.practice_options import chosen_practice, engine_option, practice_options
from pipelines.home import Home


@click.command()
@practice_options
@engine_option
def command(**options: Any) -> None:
    """Read new deliveries, build raw, staging, intermediate and marts into a new warehouse, and test them.

    Publishes nothing. A file that is refused stays out: the build does without it, and exits with code 10 as `caregap run` does.
    Next: `caregap train`, `caregap score` and `caregap publish`.
    """
    from pipelines.errors import without
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        from pipelines.cli.console import shown_progress
        from pipelines.cli.steps import run_step
        from pipelines.defs.keys import BEFORE_SCORES
        from pipelines.landing.land import land_whole
        from pipelines.warehouse.build import newest_build

        practice = chosen_practice(home, **options)
        with shown_progress(quiet=False) as progress:
            landed = land_whole(practice, home, progress)
        run_step(home, practice, list(BEFORE_SCORES), landed)
        click.echo(f"Built: {newest_build(home).warehouse}")
        landed.note_told()
    if refused := landed.refused(untold=True):
        raise without(refused)
