"""`caregap build`: builds a new warehouse beside the published one."""

from typing import Any

import click

from pipelines.cli.practice_options import chosen_practice, practice_options
from pipelines.home import Home


@click.command()
@practice_options
def command(**options: Any) -> None:
    """Read new deliveries, build raw, staging, intermediate and marts into a new warehouse, and test them.

    Publishes nothing. Next: `caregap train`, `caregap score` and `caregap publish`.
    """
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        from pipelines.cli.steps import run_step
        from pipelines.defs.keys import BEFORE_SCORES
        from pipelines.warehouse.build import newest_build

        run_step(home, chosen_practice(home, **options), list(BEFORE_SCORES))
        click.echo(f"Built: {newest_build(home).warehouse}")
