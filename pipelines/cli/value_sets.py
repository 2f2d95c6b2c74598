"""`caregap value-sets`: loads and lists the code lists that measures use."""

from pathlib import Path

import click

from pipelines.home import Home


@click.group()
def command() -> None:
    """Load the code lists that measures use, and see which are missing."""


@command.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
def load(path: Path) -> None:
    """Load the value sets in PATH: FHIR ValueSet JSON (one, or a Bundle), VSAC's .xlsx or .csv, or a folder of these.

    All versions are kept; the newest is used, from the next run on.
    """
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        from pipelines.raw.value_sets import known_value_sets, load_value_sets

        known = {value_set["value_set_url"] for value_set in known_value_sets()}
        loaded = load_value_sets(home, path)
    for name, codes in loaded:
        if "measure_code" in codes.columns:
            click.echo(f"{name}: {codes.height} codes that measures name directly")
            continue
        urls = set(codes["value_set_url"])
        click.echo(f"{name}: {len(urls)} value sets, {codes.height} codes; {len(urls & known)} of them used by a measure")
    _show_missing()


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
