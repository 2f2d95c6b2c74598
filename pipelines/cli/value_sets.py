"""`caregap value-sets`: loads and lists the code lists that measures use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.home import Home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.raw.value_sets import Loaded


@click.group()
def command() -> None:
    """Load the code lists that measures use, and see which are missing."""


@command.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def load(path: Path) -> None:
    """Load the value sets in PATH: FHIR ValueSet JSON (one, or a Bundle), VSAC's .xlsx or .csv, or a folder of these.

    All versions are kept; the newest is used, from the next run on. A set that is not whole is left out and named, with the
    measures that cannot be computed without it; then the command exits with code 10, after loading all others.
    """
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        from pipelines.raw.value_sets import known_value_sets, load_value_sets

        known = {value_set["value_set_url"] for value_set in known_value_sets()}
        loaded = load_value_sets(home, path)
    for file in loaded:
        if file.refused:
            continue
        if "measure_code" in file.codes.columns:
            click.echo(f"{file.file_name}: {file.codes.height} codes that measures name directly")
            continue
        urls = set(file.codes["value_set_url"])
        used = f"{len(urls & known)} of them used by a measure"
        click.echo(f"{file.file_name}: {len(urls)} value sets, {file.codes.height} codes; {used}")
    _show_missing()
    _refuse_what_is_not_whole(home, loaded)


def _refuse_what_is_not_whole(home: Home, loaded: Sequence[Loaded]) -> None:
    """Raise `ExtractRefused` naming each file and value set that was left out, first those that a measure lacks."""
    from pipelines.errors import ExtractRefused
    from pipelines.raw.value_sets import measures_without

    cut = {url: f"{file.file_name}: {said}" for file in loaded for url, said in file.cut.items()}
    lacking = measures_without(home, cut)
    left = [file.refused for file in loaded if file.refused]
    left += [f"{cut[url]}; without it: {', '.join(lacking[url])}" for url in sorted(lacking)]
    left += [f"{said}; no measure lacks it" for url, said in sorted(cut.items()) if url not in lacking]
    if left:
        head = f"{len(left)} files or value sets are not whole and were left out; all else was loaded."
        what = "Download the spreadsheet of each that a measure lacks from VSAC, and load that:" if lacking else "They are:"
        raise ExtractRefused("\n  ".join([f"{head} {what}", *left]))


@command.command("list")
def list_() -> None:
    """Show where the codes of each value set come from."""
    import duckdb

    from pipelines.raw.value_sets import build_value_sets

    with duckdb.connect() as connection:
        build_value_sets(connection, Home.from_environment(), with_sample=True)
        for row in connection.sql(
            "select status, n_codes, value_set_url, title from raw.value_sets order by status, title"
        ).fetchall():
            click.echo("\t".join(str(value) for value in row))


def _show_missing() -> None:
    import duckdb

    from pipelines.raw.value_sets import build_value_sets

    with duckdb.connect() as connection:
        build_value_sets(connection, Home.from_environment(), with_sample=False)
        missing = connection.sql("select title from raw.value_sets where status = 'missing' order by title").fetchall()
    if missing:
        click.echo(f"still missing for real patients ({len(missing)}): {', '.join(title for (title,) in missing)}")
