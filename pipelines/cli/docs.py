"""`caregap docs`: writes the data dictionary and dbt's lineage pages."""

import click

from pipelines.home import Home


@click.command()
def command() -> None:
    """Write the data dictionary, and dbt's lineage pages of the newest build, to docs/ in the home."""
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        from pipelines.exports.data_dictionary import data_dictionary
        from pipelines.warehouse.build import newest_build
        from pipelines.warehouse.dbt import write_lineage
        from pipelines.warehouse.dbt_project import parsed_project

        folder = home.root / "docs"
        folder.mkdir(exist_ok=True)
        (folder / "data_dictionary.md").write_text(data_dictionary(), encoding="utf-8")
        click.echo(f"Written: {folder / 'data_dictionary.md'}")
        build = newest_build(home)
        click.echo(f"Written: {write_lineage(parsed_project(home), build.warehouse, build.variables, folder)}")
