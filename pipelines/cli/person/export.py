"""`caregap person export`: everything that is kept about one person."""

from datetime import datetime
from pathlib import Path

import click

from pipelines.cli.person.options import deadline, person_options
from pipelines.home import Home


@click.command()
@person_options
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write into.")
def command(asked: str, folder: Path | None, asked_on: datetime | None, out: Path) -> None:
    """Write person.json and person.html: every table, delivered row, record and disclosure of one person.

    Only you can read the files (mode 0600). That they were made is in the audit log.
    """
    from pipelines.lock import only_writer
    from pipelines.practice import practice_of
    from pipelines.rights.export import write_export
    from pipelines.rights.person import find_person

    home = Home.from_environment()
    with only_writer(home):
        practice = practice_of(home, folder)
        written = write_export(home, practice, find_person(home, practice, asked), out)
    for path, n_rows in written.items():
        click.echo(f"{n_rows:>9,} {path}")
    click.echo(deadline(practice, "export", asked_on)[1])
