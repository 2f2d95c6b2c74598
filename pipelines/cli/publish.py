"""`caregap publish`: publishes the newest build, or returns to the previous publication."""

from pathlib import Path

import click

from pipelines.home import Home


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
@click.option("--rollback", is_flag=True, help="Return to the publication before the current one.")
def command(folder: Path | None, rollback: bool) -> None:
    """Publish the newest build that passed every check, or go back. The last five publications are kept.

    FOLDER is the practice's folder, if it is not the home's own practice.
    """
    from pipelines.lock import only_writer
    from pipelines.publications.store import current, roll_back

    home = Home.from_environment()
    with only_writer(home):
        if rollback:
            publication = roll_back(home)
        else:
            from pipelines.cli.steps import run_step
            from pipelines.practice import practice_of

            run_step(home, practice_of(home, folder), ["published"])
            publication = current(home)
    click.echo(f"Published: {publication.id}, {publication.practice_name} as of {publication.as_of_on}")
    if publication.anonymity:  # an earlier version's publication does not say
        click.echo(f"De-identified file: {publication.anonymity}")
