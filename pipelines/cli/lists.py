"""`caregap lists`: writes the outreach files of the current publication as of now."""

from pathlib import Path

import click

from models.audit_log.disclosing import PRACTICE
from pipelines.cli.disclosure_options import disclosure_options
from pipelines.home import Home


@click.command()
@click.option("--out", "folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write into.")
@disclosure_options("the practice")
def command(folder: Path, to: str, purpose: str) -> None:
    """Write the outreach list, the CRM's tasks and the held-out contacts, as of now.

    Leaves out whoever was contacted, opted out or died according to what the care team recorded since the publication. The files
    contain patient data: only you can read them (mode 0600).
    """
    from pipelines.exports.outreach_lists import stale_in_words, write_outreach_anew
    from pipelines.exports.outside import refuse_encrypted_home
    from pipelines.publications.store import current

    home = Home.from_environment()
    refuse_encrypted_home(home, folder)
    publication = current(home)
    written = write_outreach_anew(home, publication, folder, to=to or PRACTICE, purpose=purpose)
    for path, n_rows in written.items():
        click.echo(f"{n_rows:>9,} {path}")
    if said := stale_in_words(publication):
        click.secho(f"This list is {said}", fg="red", bold=True, err=True)
