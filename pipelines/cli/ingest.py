"""`caregap ingest`: reads deliveries and accounts for every row."""

import json
from collections.abc import Sequence
from typing import Any

import click

from pipelines.cli.practice_options import chosen_practice, practice_options
from pipelines.home import Home
from pipelines.landing.ledger import Entry
from pipelines.practice import Practice


@click.command()
@practice_options
@click.option("--json", "as_json", is_flag=True, help="Print every file with its rows as JSON.")
@click.option("--strict", is_flag=True, help="Exit with code 10 as long as a refused file lies in a source folder.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, help="Processes that read, each a file at a time [1].")
@click.option("--join", is_flag=True, help="Help the ingest that goes on in this home, as from another machine that shares it.")
def command(as_json: bool, strict: bool, workers: int, join: bool, **options: Any) -> None:
    """Read new files in the source folders into landing, each once.

    For every file: delivered = landed + quarantined + superseded + erased. Exits with code 10 if a file was refused since the
    last command that said so; all others are landed anyway. Next: `caregap build`.
    """
    from pipelines.lock import only_writer

    home = Home.from_environment()
    if join:
        _join(home, chosen_practice(home, **options), workers, is_quiet=as_json)
        return
    with only_writer(home):
        _ingest(home, chosen_practice(home, **options), as_json, strict, workers)


def _join(home: Home, practice: Practice, workers: int, *, is_quiet: bool) -> None:
    from pipelines.cli.console import shown_progress
    from pipelines.landing.joining import join_landing, joined_by

    with shown_progress(quiet=is_quiet) as progress, joined_by(workers - 1, practice, home):
        is_joined = join_landing(practice, home, progress)
    if not is_joined:
        click.echo("No ingest of this practice goes on here, and none began within a minute.", err=True)


def _ingest(home: Home, practice: Practice, as_json: bool, strict: bool, workers: int) -> None:
    from pipelines.cli.console import shown_progress
    from pipelines.cli.summary import print_files, print_warnings
    from pipelines.errors import ExtractRefused, without
    from pipelines.landing.land import LandingReport, land, landed_before

    outcome: LandingReport | ExtractRefused
    with shown_progress(quiet=as_json) as progress:
        try:
            outcome = land(practice, home, progress, strict=strict, workers=workers)
        except ExtractRefused as error:
            outcome = error
        files, quarantined = _reconciled(home, practice, landed_before(practice, home))
    if as_json:
        click.echo(json.dumps({"files": files, "quarantined": quarantined}, default=str, indent=2))
    else:
        print_files(files, quarantined)
        print_warnings(
            f"{file['source_system']}/{file['file_name']}: {file['n_contradicted']:,} rows differ from another row of the same "
            "key and time of change, which counts instead. Ask the source which is right."
            for file in files
            if file["n_contradicted"]
        )
    if isinstance(outcome, ExtractRefused):
        raise outcome
    if not as_json and (said := outcome.warning()):
        print_warnings([said])
    outcome.note_told()
    if refused := outcome.refused(untold=True):
        raise without(refused)


def _reconciled(home: Home, practice: Practice, ledger: Sequence[Entry]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The status and row counts of every file, and the reasons for quarantine with their row counts."""
    from pipelines.raw.views import build_raw
    from pipelines.scratch import scratch
    from pipelines.sql.connection import open_memory

    with scratch(home.landing(practice.id)) as aside, open_memory(aside / "duckdb") as connection:
        build_raw(connection, practice, home, ledger)
        files = connection.sql("select * from raw.deliveries order by source_system, extract, file_name").pl().to_dicts()
        quarantined = (
            connection.sql(
                """
            select source_system, extract, coalesce(field, '') as field, reason, count(*) as n_rows
            from raw.quarantined_rows
            group by all
            order by n_rows desc, source_system, extract, field, reason
            """
            )
            .pl()
            .to_dicts()
        )
    return files, quarantined
