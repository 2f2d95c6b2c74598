"""`caregap person lift`: lifts what `caregap person restrict` restricted."""

from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.person.options import person_options
from pipelines.home import Home


@click.command()
@person_options
def command(asked: str, folder: Path | None, asked_on: datetime | None) -> None:
    """Lift every restriction of a person's data; the next run uses it again. GDPR 18(3): tell the person before."""
    from pipelines.lock import only_writer
    from pipelines.practice import practice_of
    from pipelines.rights.person import find_person
    from pipelines.rights.restrict import lift

    home = Home.from_environment()
    with only_writer(home):
        practice = practice_of(home, folder)
        n_entries = lift(home, practice, find_person(home, practice, asked))
    click.echo(f"Lifted: {n_entries} entries.")
