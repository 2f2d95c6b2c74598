"""`caregap train`: trains the risk models on the newest build."""

from pathlib import Path

import click

from pipelines.home import Home


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
def command(folder: Path | None) -> None:
    """Train the risk models on the newest build, and print their metrics on months they have not seen.

    FOLDER is the practice's folder, if it is not the home's own practice. A simulated one is also compared with its ground truth.
    """
    from pipelines.lock import only_writer

    home = Home.from_environment()
    with only_writer(home):
        _train(home, folder)


def _train(home: Home, folder: Path | None) -> None:
    from rich.markdown import Markdown

    from pipelines.cli.console import console
    from pipelines.cli.steps import run_step
    from pipelines.defs.ml import TRAINED
    from pipelines.exports.model_report import write_model_report
    from pipelines.keys import is_encrypted, read
    from pipelines.practice import practice_of
    from pipelines.warehouse.build import newest_build

    run_step(home, practice_of(home, folder), TRAINED)
    build = newest_build(home)
    report = write_model_report(build.warehouse, build.folder)
    console.print(Markdown(read(report).decode()))
    click.echo(f"Trained on: {build.warehouse}" + ("" if is_encrypted(report) else f"\nReport: {report}"))
