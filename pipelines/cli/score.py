"""`caregap score`: writes scores and the outreach list of the newest build."""

from pathlib import Path

import click

from pipelines.home import Home


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
def command(folder: Path | None) -> None:
    """Score the patients of the newest build, estimate and value its programs, and write and test the outreach list.

    FOLDER is the practice's folder, if it is not the home's own practice.
    """
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        from pipelines.cli.steps import run_step
        from pipelines.defs.ml import ESTIMATED, SCORED, VALUED
        from pipelines.practice import practice_of
        from pipelines.warehouse.build import newest_build

        run_step(home, practice_of(home, folder), [*SCORED, *ESTIMATED, *VALUED, "delivery", "catalog"])
        click.echo(f"Scored: {newest_build(home).warehouse}. Publish it with `caregap publish`.")
