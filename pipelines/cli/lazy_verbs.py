"""A group of commands, each of which is imported when it is called, so that `--help` answers at once."""

import importlib
from collections.abc import Mapping

import click


class LazyVerbs(click.Group):
    """`LazyVerbs(verbs={"pull": "Fetch …"}, package="pipelines.cli.connect")`: a file of the package for each verb.

    Each file names its command `command`. `title` heads the list of verbs in the help.
    """

    def __init__(self, *, verbs: Mapping[str, str], package: str, title: str = "Commands", **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self._verbs, self._package, self._title = verbs, package, title

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._verbs:
            return None
        command: click.Command = importlib.import_module(f"{self._package}.{cmd_name.replace('-', '_')}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(self._title):
            formatter.write_dl(list(self._verbs.items()))
