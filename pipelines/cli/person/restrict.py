"""`caregap person restrict`: keeps a person's data from use."""

from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.person.options import deadline, person_options
from pipelines.cli.person.publishing import publishing
from pipelines.home import Home

REASONS = ("requested", "accuracy_contested", "unlawful_use", "objection", "legal_claims")


@click.command()
@person_options
@click.option("--reason", type=click.Choice(REASONS), required=True, help="Why; legal_claims is a legal hold.")
def command(asked: str, folder: Path | None, asked_on: datetime | None, reason: str) -> None:
    """Restrict the use of a person's data until it is lifted: off lists, pushes and exports at once, and no more scored.

    By the profiles hipaa and ccpa, those who treat the person go on seeing them. By gdpr the data is stored and no more: a new
    publication is made without the person, and earlier ones go. Figures without a name count the person. With legal_claims,
    erasure is refused.
    """
    from pipelines.cli.console import shown_progress
    from pipelines.lock import only_writer
    from pipelines.practice import practice_of
    from pipelines.rights.person import find_person
    from pipelines.rights.restrict import restrict, withhold

    home = Home.from_environment()
    with only_writer(home), shown_progress(quiet=False) as progress:
        practice = practice_of(home, folder)
        n_records = restrict(home, practice, find_person(home, practice, asked), reason)
        is_withheld = withhold(home, practice, publishing(home, practice, progress))
    click.echo(f"Restricted: {n_records} records." if n_records else "It was restricted for this reason already.")
    if is_withheld:
        click.echo("No publication shows the person any more.")
    click.echo(deadline(practice, "restrict", asked_on)[1])
