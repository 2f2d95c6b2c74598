"""`caregap connect check`: is each system reachable, permitted and mapped."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli.connect.options import chosen_connectors, connector_options
from pipelines.home import Home


@click.command()
@connector_options
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(names: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Ask each system whether it is reachable, whether the account may do what is set, and whether all is mapped.

    Writes nothing. Exits with code 14 if something is not as it must be; each line says what to do.
    """
    from pipelines.connect.check import check
    from pipelines.errors import ConnectionFailed

    practice, connections = chosen_connectors(Home.from_environment(), folder, names)
    found = {one.name: check(one, practice) for one in connections}
    if as_json:
        click.echo(json.dumps({name: [asdict(one) for one in findings] for name, findings in found.items()}, indent=2))
    else:
        for name, findings in found.items():
            for one in findings:
                click.echo(f"{'ok ' if one.is_ok else 'NO '} {name}: {one.what}{f'. {one.next_step}' if one.next_step else ''}")
    if wrong := [name for name, findings in found.items() if not all(one.is_ok for one in findings)]:
        raise ConnectionFailed(f"not ready: {', '.join(wrong)}. The lines that begin with NO say what to do.")
