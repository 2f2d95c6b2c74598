"""`caregap connect withdraw`: closes open tasks."""

from pathlib import Path

import click

from models.wording import counted
from pipelines.cli.connect.options import chosen_connectors
from pipelines.home import Home


@click.command()
@click.argument("name")
@click.argument("tasks", metavar="[TASK]...", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Close every open task.")
@click.option("--undo", is_flag=True, help="Let tasks that were withdrawn by hand, or removed in the system, be sent again.")
@click.option("--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Folder with connectors.toml.")
def command(name: str, tasks: tuple[str, ...], is_all: bool, undo: bool, folder: Path | None) -> None:
    """Close open tasks in a system, by their ids (task-…), or all. They are not sent again, until --undo allows it."""
    from pipelines.audit_log import operator
    from pipelines.cli.connect.plan_text import show_fates
    from pipelines.connect.session import session
    from pipelines.errors import UsageError

    if bool(tasks) == is_all:
        raise UsageError("Name the tasks to close, or write --all.")
    home = Home.from_environment()
    practice, (connection,) = chosen_connectors(home, folder, (name,))
    with session(home, practice, connection) as pushing:
        chosen = None if is_all else tasks
        if undo:
            n = pushing.state.take_back(name, chosen)
            click.echo(f"{name}: {counted(n, 'task')} may be sent again. Next: caregap connect plan {name}")
            return
        fates = pushing.withdraw(chosen, operator())
    show_fates(name, fates)
