"""`caregap backup`: copies what cannot be made again, and verifies the copy."""

import json
from pathlib import Path

import click

from pipelines.home import Home


@click.command()
@click.argument("to", type=click.Path(path_type=Path, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print folder, files and bytes as JSON.")
def command(to: Path, as_json: bool) -> None:
    """Copy what no run can make again into a new folder in TO, and read the copy to its end.

    That is what has landed, the ledger, what was published of past months, what people recorded, value sets, the audit log, saved
    queries, access and settings. It contains patient data. No key is in it: keep those apart. `caregap restore` is the way back.
    """
    from pipelines.backup import back_up, facts_of
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        backup = back_up(home, to)
    if as_json:
        click.echo(json.dumps(facts_of(backup), indent=2))
    else:
        click.echo(f"Backed up and verified: {backup.folder}, {len(backup.files):,} files, {backup.n_bytes / 1024**2:,.1f} MB.")
        click.echo("Go back to it with `caregap restore`, in an empty home. Keep the keys of home, audit and sign-in elsewhere.")
