"""`caregap run`: from delivered files to a new publication, with a summary."""

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.practice_options import chosen_practice, engine_option, practice_options
from pipelines.home import Home
from pipelines.practice import Practice

if TYPE_CHECKING:
    from pipelines.defs.run import Run
    from pipelines.publications.store import Publication


@click.command()
@practice_options
@engine_option
@click.option("--landed", "is_landed", is_flag=True, help="Look for no deliveries: build from what has landed.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--strict", is_flag=True, help="Publish nothing while a refused file lies in a source folder.")
def command(is_landed: bool, as_json: bool, strict: bool, **options: Any) -> None:
    """Read, build, score, check and publish; then print a summary.

    FOLDER contains a practice.toml and the extracts. Without it: the practice of this home, otherwise the synthetic sample. A run
    that finds nothing new publishes nothing. The current publication stays until a new warehouse has passed every check.

    A file that is refused stays out: the run publishes the rest and exits with code 10, later runs with 0; the page Data health
    names the file until it is replaced.
    """
    from pipelines.errors import without
    from pipelines.lock import only_writer
    from pipelines.publications.last_run import recorded_last_run

    home = Home.from_environment()
    with only_writer(home), recorded_last_run(home):
        done = _run(home, chosen_practice(home, **options), is_landed, as_json, strict)
        done.landed.note_told()
    _tell(home, done.publication)
    if done.refused:
        raise without(done.refused)


def _tell(home: Home, publication: "Publication") -> None:
    """Send what people asked to be told of. A run has done its work, whatever becomes of a mail: it says so, and goes on."""
    from pipelines.alerts.telling import SETTINGS_FILE, tell
    from pipelines.errors import CaregapError

    if not (home.root / SETTINGS_FILE).is_file():
        return
    try:
        told = tell(home, publication)
        failed = told.failed
    except CaregapError as error:
        failed = (str(error),)
    for one in failed:
        click.echo(f"Alerts: {one} `caregap alerts send` tries again.", err=True)


def _run(home: Home, practice: Practice, is_landed: bool, as_json: bool, strict: bool) -> "Run":
    from pipelines.cli.console import shown_progress
    from pipelines.cli.findings import findings
    from pipelines.cli.summary import print_summary
    from pipelines.defs.run import run

    started = time.monotonic()
    with shown_progress(quiet=as_json) as progress:
        done = run(home, practice, progress, is_delivered=not is_landed, strict=strict)
    found = findings(home, done.publication)
    if as_json:
        facts = {"is_new": done.is_new, "warnings": done.warnings, "refused": done.refused, **asdict(found)}
        click.echo(json.dumps(facts, default=str, indent=2))
    else:
        print_summary(found, done, seconds=time.monotonic() - started)
    return done
