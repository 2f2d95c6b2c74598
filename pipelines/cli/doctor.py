"""`caregap doctor`: checks whether this installation can run, and says what to fix."""

import json

import click

from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home


@click.command()
@click.option("--deep", "is_deep", is_flag=True, help="Read every landed and published file to its end.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(is_deep: bool, as_json: bool) -> None:
    """Check Python, the locked versions, where the packages come from, the home and its files, and optional parts.

    Of landed and published files, the size and the first bytes are compared with what was written; with --deep, their hashes.
    What --deep finds is noted, and the next `caregap run` makes it good.
    """
    from pipelines.cli.diagnosis import diagnose

    found = diagnose(Home.from_environment(), is_deep=is_deep)
    if as_json:
        click.echo(json.dumps([one.__dict__ for one in found], indent=2))
    else:
        for one in found:
            mark = "ok  " if one.is_well else ("    " if one.is_optional else "FAIL")
            click.echo(f"{mark} {one.what}: " + (one.state if one.is_well else f"{one.state.rstrip('.')}. {one.remedy}"))
    if any(not one.is_well and not one.is_optional for one in found):
        raise EnvironmentNotReady("Something is wrong; see above what to do next.")
