"""`caregap score`: scores and the outreach list, on the newest build."""

import click

from pipelines.home import Home


@click.command()
def command() -> None:
    """Score the patients of the newest build with the newest models, and write and test the outreach list."""
    from pipelines.build import newest_build
    from pipelines.cli.steps import run_step
    from pipelines.defs.ml import SCORED
    from pipelines.practice import practice_of

    home = Home.from_environment()
    run_step(home, practice_of(home, None), [*SCORED, "delivery"])
    click.echo(f"Scored: {newest_build(home).warehouse}. Publish it with `caregap publish`.")
