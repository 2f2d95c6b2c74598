"""`caregap score`: writes scores and the outreach list of the newest build."""

import click

from pipelines.home import Home


@click.command()
def command() -> None:
    """Score the patients of the newest build, estimate and value its programs, and write and test the outreach list."""
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        from pipelines.cli.steps import run_step
        from pipelines.defs.ml import ESTIMATED, SCORED, VALUED
        from pipelines.practice import practice_of
        from pipelines.warehouse.build import newest_build

        run_step(home, practice_of(home, None), [*SCORED, *ESTIMATED, *VALUED, "delivery", "catalog"])
        click.echo(f"Scored: {newest_build(home).warehouse}. Publish it with `caregap publish`.")
