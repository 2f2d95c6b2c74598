"""`caregap retention`: what is kept for how long, and disposal of what is over."""

import json
from pathlib import Path

import click

from pipelines.home import Home


@click.command()
@click.option("--apply", "is_applied", is_flag=True, help="Dispose of what is due; without it, nothing is changed.")
@click.option(
    "--backups",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder that `caregap backup` writes to; may be repeated.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with practice.toml [this home; otherwise the sample].",
)
@click.option("--clock-is-right", is_flag=True, help="Dispose although the clock is days after all that the home has recorded.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
def command(is_applied: bool, backups: tuple[Path, ...], folder: Path | None, clock_is_right: bool, as_json: bool) -> None:
    """Show what is kept for how long, and how much of it is over ([retention] in practice.toml). Changes nothing without --apply.

    --apply overwrites and removes what is due, destroys the keys of publications that go, and records each kind in the audit log.
    The next `caregap run` publishes without the rows that left. The audit log itself is never shortened. By a clock that is more
    than two days ahead of the newest publication and line of the log nothing goes, unless --clock-is-right.
    """
    from pipelines.lock import only_writer
    from pipelines.practice import practice_of
    from pipelines.rights.retention.dispose import dispose_due, holdings
    from pipelines.rights.retention.evidence import refuse_if_clock_is_ahead

    home = Home.from_environment()
    with only_writer(home):
        if is_applied and not clock_is_right:
            refuse_if_clock_is_ahead(home)
        found = holdings(home, practice_of(home, folder), backups)
        n_disposed = dispose_due(home, found) if is_applied else 0
    if as_json:
        names = ("what", "setting", "months", "unit", "n", "n_due", "note")
        said = [{name: getattr(one, name) for name in names} for one in found]
        click.echo(json.dumps({"is_applied": is_applied, "n_disposed": n_disposed, "holdings": said}, indent=2))
        return
    click.echo(f"{'due':>9} {'of':>11} {'':<12} {'kept for':<10} what")
    for one in found:
        kept = "good" if one.months is None else f"{one.months} months" if one.setting else "a day"
        note = f" ({one.note})" if one.note else ""
        click.echo(f"{one.n_due:>9,} {one.n:>11,} {one.unit:<12} {kept:<10} {one.what}{note}")
    n_due = sum(one.n_due for one in found)
    click.echo(
        f"Disposed of {n_disposed:,}." if is_applied else f"{n_due:,} are due. Nothing was changed; --apply disposes of them."
    )
