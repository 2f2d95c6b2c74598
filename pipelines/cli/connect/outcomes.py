"""`caregap connect outcomes`: fetches what came of the tasks."""

from pathlib import Path

import click

from models.wording import counted
from pipelines.cli.connect.options import chosen_connectors, connector_options
from pipelines.home import Home


@click.command()
@connector_options
def command(names: tuple[str, ...], folder: Path | None) -> None:
    """Fetch the outcomes that were recorded in each system since the last time, as a delivery for the next run.

    The pages show them at once, and the next push holds back who was reached. Next: caregap run.
    """
    from pipelines.audit_log import record
    from pipelines.connect.outcomes import read_outcomes
    from pipelines.connect.session import session

    home = Home.from_environment()
    practice, connections = chosen_connectors(home, folder, names)
    for connection in [one for one in connections if names or one.settings.push]:
        source = connection.settings.source
        with session(home, practice, connection) as pushing:
            record(home, "outcomes_read", subject=connection.name)
            n_done, n_unreadable = read_outcomes(
                home, practice.id, connection.name, pushing.adapter, pushing.state, source, practice.sources[source]
            )
        click.echo(f"{connection.name}: {counted(n_done, 'outcome')}")
        if n_unreadable:
            click.echo(f"  {counted(n_unreadable, 'row')} without a usable id left out")
