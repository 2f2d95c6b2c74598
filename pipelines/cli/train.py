"""`caregap train`: the risk models, on the newest build."""

import click

from pipelines.home import Home


@click.command()
def command() -> None:
    """Fit the risk models on the newest build, and measure them on months that they have not seen."""
    from pipelines.build import newest_build
    from pipelines.cli.steps import run_step
    from pipelines.defs.ml import TRAINED
    from pipelines.practice import practice_of

    home = Home.from_environment()
    run_step(home, practice_of(home, None), TRAINED)
    click.echo(f"Trained on: {newest_build(home).warehouse}")
