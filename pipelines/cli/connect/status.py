"""`caregap connect status`: how every pushed task stands."""

import json
from pathlib import Path
from typing import Any

import click

from models.pushing import MARKS, WITHDRAWN_BECAUSE
from pipelines.cli.connect.options import chosen_connectors, connector_options
from pipelines.home import Home


@click.command()
@connector_options
@click.option("--json", "as_json", is_flag=True, help="Print all of it, each task by its id, as JSON.")
def command(names: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Say of each system when it was last pushed to, how its tasks stand, and why rows were refused. Asks no system."""
    from pipelines.connect.told import read_status

    home = Home.from_environment()
    practice, connections = chosen_connectors(home, folder, names)
    known = read_status(home, practice.id).get("connectors", {})
    status = {one.name: known.get(one.name, {}) for one in connections}
    if as_json:
        click.echo(json.dumps(status, indent=2))
        return
    for name, said in status.items():
        _show(name, said)


def _show(name: str, said: dict[str, Any]) -> None:
    last = said.get("last_push")
    if not last:
        click.echo(f"{name}: nothing was pushed yet")
        return
    ended = last["ended_at"] or "not to its end: the next push goes on"
    click.echo(f"{name}: last push began {last['started_at']}, by {last['approved_by']}, ended {ended}")
    for mark, n in sorted(said["marks"].items()):
        click.echo(f"  {n:,} {MARKS.get(mark, mark)}")
    for code, n in sorted(said["rejects"].items()):
        click.echo(f"  {n:,} refused: {code}")
    for reason, n in sorted(said["skips"].items()):
        click.echo(f"  {n:,} held back: {WITHDRAWN_BECAUSE.get(reason, reason)}")
