"""`caregap connect plan`: what a push would do."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli.connect.options import chosen_connectors, connector_options
from pipelines.home import Home


@click.command()
@connector_options
@click.option("--json", "as_json", is_flag=True, help="Print the plans as JSON.")
def command(names: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Compare what should be in each system with what it accepted, and keep the difference as a plan.

    Sends nothing. Next: caregap connect push NAME --apply PLAN, or approve the plan on the page Connections.
    """
    from pipelines.cli.connect.plan_text import show_plan
    from pipelines.connect.session import drawn, session

    home = Home.from_environment()
    practice, connections = chosen_connectors(home, folder, names)
    found = {}
    for connection in [one for one in connections if names or one.settings.push]:
        with session(home, practice, connection) as pushing:
            plan = drawn(pushing)
        found[connection.name] = asdict(plan) | {"id": plan.id}
        if not as_json:
            show_plan(plan)
            click.echo(f"  next: caregap connect push {connection.name} --apply {plan.id}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
