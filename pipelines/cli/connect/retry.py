"""`caregap connect retry`: sends again what was not accepted."""

from pathlib import Path

import click

from pipelines.cli.connect.options import chosen_connectors, connector_options
from pipelines.home import Home


@click.command()
@connector_options
def command(names: tuple[str, ...], folder: Path | None) -> None:
    """Send again the rows that a system refused or never answered, as today's list has them. Nothing else is sent."""
    from pipelines.audit_log import operator
    from pipelines.cli.connect.plan_text import show_fates
    from pipelines.connect.session import session

    home = Home.from_environment()
    practice, connections = chosen_connectors(home, folder, names)
    for connection in [one for one in connections if names or one.settings.push]:
        with session(home, practice, connection) as pushing:
            fates = pushing.retry(operator())
        show_fates(connection.name, fates)
