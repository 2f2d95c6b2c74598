"""`caregap person`: a person's rights. One file a verb; each is imported when it is called."""

import importlib

import click

VERBS = {
    "export": "Write everything that is kept about one person.",
    "disclosures": "List whom a person's data was shown or handed to.",
    "restrict": "Keep a person off outreach, and under a legal hold from erasure.",
    "lift": "Lift a restriction.",
    "erase": "Remove a person from everything that is kept, for good.",
}


class _LazyVerbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        return importlib.import_module(f"pipelines.cli.person.{cmd_name}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_LazyVerbs)
def command() -> None:
    """See, restrict or erase what is kept about one person, and account for whom it was disclosed to.

    A person is named by key, or by a record: ehr/ehr_patient/p-1. Never by name.
    """
