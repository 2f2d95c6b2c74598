"""`caregap person restrict`: keeps a person's data from use."""

from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.person.options import deadline, person_options
from pipelines.home import Home

REASONS = ("requested", "accuracy_contested", "unlawful_use", "objection", "legal_claims")


@click.command()
@person_options
@click.option("--reason", type=click.Choice(REASONS), required=True, help="Why; legal_claims is a legal hold.")
def command(asked: str, folder: Path | None, asked_on: datetime | None, reason: str) -> None:
    """Restrict the use of a person's data until it is lifted: off written lists and pushes at once, off outreach in every build.

    The data stays, and so do the figures that count the person, scores and pages. With legal_claims, erasure is refused.
    """
    from pipelines.lock import only_writer
    from pipelines.practice import practice_of
    from pipelines.rights.person import find_person
    from pipelines.rights.restrict import restrict

    home = Home.from_environment()
    with only_writer(home):
        practice = practice_of(home, folder)
        n_records = restrict(home, practice, find_person(home, practice, asked), reason)
    click.echo(f"Restricted: {n_records} records." if n_records else "It was restricted for this reason already.")
    click.echo(deadline(practice, "restrict", asked_on)[1])
