"""`caregap run`: from delivered files to a new publication, and what was found on the way."""

import json
import time
from dataclasses import asdict

import click

from pipelines.cli.practice_options import chosen_practice, practice_options
from pipelines.home import Home


@click.command()
@practice_options
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def command(as_json: bool, **options) -> None:
    """Read, build, score, check and publish; then say what was found.

    FOLDER holds a practice.toml and the extracts. Without it: the practice of this home, else the synthetic sample. A run that
    finds nothing new publishes nothing. What was published before stays until a new warehouse has passed every check.
    """
    from pipelines.cli.console import shown_progress
    from pipelines.landing import land

    home = Home.from_environment()
    practice = chosen_practice(home, **options)
    started = time.monotonic()
    with shown_progress(quiet=as_json) as progress:
        land(practice, home, progress)
        publication = _unchanged(home, practice)
        is_new = publication is None
        if is_new:
            from pipelines.execution import execute
            from pipelines.publications import current

            execute(home, practice, progress=progress)
            publication = current(home)
    from pipelines.findings import findings

    found = findings(home, publication)
    if as_json:
        click.echo(json.dumps(asdict(found) | {"is_new": is_new}, default=str, indent=2))
        return
    from pipelines.cli.summary import print_summary

    print_summary(found, is_new=is_new, seconds=time.monotonic() - started)


def _unchanged(home, practice):
    """The current publication, if it was made from just this; else None."""
    from pipelines.errors import NotPublished
    from pipelines.fingerprint import fingerprint
    from pipelines.publications import current

    try:
        publication = current(home)
    except NotPublished:
        return None
    return publication if publication.fingerprint == fingerprint(home, practice) else None
