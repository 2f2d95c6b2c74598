"""`caregap connect`: the systems that are reached by API. One file a verb; each is imported when it is called."""

import importlib

import click

VERBS = {
    "pull": "Fetch what changed at connected systems, as deliveries into the source folders.",
    "check": "Say of each system whether it is reachable, permitted and mapped.",
    "plan": "Show what a push would change, and keep it as a plan.",
    "push": "Carry out a plan: create, change and withdraw tasks.",
    "retry": "Send again what was refused or not answered.",
    "status": "Say how every pushed task stands.",
    "withdraw": "Close open tasks.",
    "outcomes": "Fetch what came of the tasks, for the next run.",
}


class _LazyVerbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return importlib.import_module(f"pipelines.cli.connect.{cmd_name.replace('-', '_')}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_LazyVerbs)
def command() -> None:
    """Pull deliveries from connected systems, and push lists to them. connectors.toml, beside practice.toml, describes them."""
