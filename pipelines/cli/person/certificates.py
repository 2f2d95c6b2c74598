"""`caregap person certificates`: what was certified of erasures."""

import json
from pathlib import Path

import click

from pipelines.home import Home


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with practice.toml [this home; otherwise the sample].",
)
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(folder: Path | None, as_json: bool) -> None:
    """Print the certificates of all erasures. They name nobody; in an encrypted home their files are encrypted."""
    from pipelines.practice import practice_of
    from pipelines.rights.erase import as_text, certificates

    home = Home.from_environment()
    found = certificates(home, practice_of(home, folder))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in found:
        click.echo(as_text(one))
    click.echo(f"{len(found):,} certificates.")
