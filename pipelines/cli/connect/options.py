"""Options that select the practice and its connectors."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipelines.connect.connectors import Connection
    from pipelines.home import Home
    from pipelines.practice import Practice


def connector_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add NAMES, the connectors, and --folder, which has practice.toml and connectors.toml. `chosen_connectors` reads them."""
    options: list[Callable[..., Any]] = [
        click.argument("names", metavar="[NAME]...", nargs=-1),
        click.option(
            "--folder",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="Folder with practice.toml and connectors.toml [this home].",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def chosen_connectors(home: "Home", folder: Path | None, names: tuple[str, ...]) -> "tuple[Practice, list[Connection]]":
    """The practice, and its connectors of these names; all where none is named. Raises `UsageError`."""
    from pipelines.connect.connectors import chosen_connections
    from pipelines.practice import read_practice

    place = folder or home.root
    practice = read_practice(place)
    return practice, chosen_connections(place, practice, names)
