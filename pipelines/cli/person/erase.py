"""`caregap person erase`: removes a person from everything that is kept."""

from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.person.options import deadline, person_options
from pipelines.cli.person.publishing import publishing
from pipelines.home import Home


@click.command()
@person_options
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def command(asked: str, folder: Path | None, asked_on: datetime | None, is_sure: bool) -> None:
    """Erase a person: from what was delivered, recorded, kept and published, now and whenever it is delivered again.

    Builds anew and publishes. Refused while the records must be kept ([retention] patients in practice.toml, or the profile), and
    under a legal hold. Stopped at any point, it is ended by the same command again. Writes a certificate, which names nobody; it
    says what is left to people: backups, deliveries in the source folders, and whoever was given the data.
    """
    from pipelines.cli.console import shown_progress
    from pipelines.errors import UsageError
    from pipelines.lock import only_writer
    from pipelines.practice import practice_of
    from pipelines.rights.erase import as_text, erase, finish, refuse_if_kept
    from pipelines.rights.person import find_person, was_erased

    home = Home.from_environment()
    with only_writer(home), shown_progress(quiet=False) as progress:
        practice = practice_of(home, folder)
        publish = publishing(home, practice, progress)
        if was_erased(home, practice, asked):
            done = finish(home, practice, publish)
            if not done:
                click.echo("That person was erased before; nothing was left to do.")
        else:
            person = find_person(home, practice, asked)
            refuse_if_kept(home, practice, person)
            if not is_sure:
                click.confirm("Erase that person for good? Nobody can bring them back.", abort=True)
            done = erase(home, practice, person, publish)
            if not done:
                raise UsageError("--patient: nothing was erased.")
        said = [as_text(one) for one in done]
    for text in said:
        click.echo(text)
    click.echo(deadline(practice, "erase", asked_on)[1])
