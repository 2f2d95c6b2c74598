"""`caregap doctor`: checks whether this installation can run, and says what to fix."""

import json

import click

from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> None:
    """Check Python, the locked versions, where the packages come from, the home, and optional parts."""
    from pipelines.cli.diagnosis import diagnose

    found = diagnose(Home.from_environment())
    if as_json:
        click.echo(json.dumps([one.__dict__ for one in found], indent=2))
    else:
        for one in found:
            mark = "ok  " if one.is_well else ("    " if one.is_optional else "FAIL")
            click.echo(f"{mark} {one.what}: {one.state}" + ("" if one.is_well else f". {one.remedy}"))
    if any(not one.is_well and not one.is_optional for one in found):
        raise EnvironmentNotReady("This installation cannot run; see above what to fix.")
