"""`caregap connect pull`: what connected systems say becomes deliveries."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli.connect.options import chosen_connectors, connector_options
from pipelines.home import Home


@click.command()
@connector_options
@click.option("--full", is_flag=True, help="Fetch all there is: after the account's rights or a group's members have changed.")
@click.option("--json", "as_json", is_flag=True, help="Print what was delivered, and what failed, as JSON.")
def command(names: tuple[str, ...], folder: Path | None, full: bool, as_json: bool) -> None:
    """Fetch what changed since the last pull, and put it into the source folders as ordinary deliveries.

    A pull that was killed is gone on with. If one system fails, the others are pulled all the same, and the command ends with
    code 14. Next: `caregap run`.
    """
    from pipelines.cli.console import shown_progress
    from pipelines.connect.pulls.pull import pull
    from pipelines.errors import CaregapError, ConnectionFailed, UsageError

    home = Home.from_environment()
    practice, connections = chosen_connectors(home, folder, names)
    wanted = connections if names else [one for one in connections if one.settings.pull]
    if not wanted:
        raise UsageError("No connector has a table [NAME.pull] in connectors.toml: there is nothing to pull.")
    failed: dict[str, CaregapError] = {}
    done = []
    for connection in wanted:
        try:
            with shown_progress(quiet=as_json) as progress:
                done.append(pull(home, practice, connection, progress, is_full=full))
        except CaregapError as error:
            failed[connection.name] = error
    if as_json:
        failures = {name: {"exit_code": error.exit_code, "reason": str(error)} for name, error in failed.items()}
        click.echo(json.dumps({"pulled": [asdict(one) for one in done], "failed": failures}, indent=2))
    else:
        for one in done:
            rows = ", ".join(f"{n:,} {extract}" for extract, n in sorted(one.n_rows.items()))
            where = f"{rows}, in {one.source}/{one.delivery}" if one.delivery else "nothing changed"
            click.echo(f"{one.name}: {where}{', gone on with from an earlier pull' if one.is_resumed else ''}")
            for what, n_rows in one.left_out.items():
                click.echo(f"  left out: {n_rows:,} {what}")
    if len(failed) == 1:
        raise next(iter(failed.values()))
    if failed:
        raise ConnectionFailed("\n  ".join([f"{len(failed)} pulls failed:", *(str(error) for error in failed.values())]))
