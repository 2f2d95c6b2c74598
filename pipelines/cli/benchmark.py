"""`caregap benchmark`: the risk models on data that nobody here wrote."""

import json
from pathlib import Path

import click
import polars as pl

from pipelines.errors import ExtractRefused, UsageError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
LEAK = 0.78
"""No honest model of this file reaches this AUROC; above it, a feature knows the outcome."""


@click.group()
def command() -> None:
    """Measure a risk model on a public data set."""


@command.command()
@click.argument("train", type=FILE)
@click.argument("test", type=FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def noshow(train: Path, test: Path | None, as_json: bool) -> None:
    """Train the no-show model on TRAIN and report on TEST.

    Both are files of the public form "Medical Appointment No Shows" (CSV, plain or .gz). Without TEST the last clinic
    days of TRAIN are held out.
    """
    from ml.noshow import benchmark

    known, n_impossible = _read(train)
    unseen, n_more = _read(test) if test else (None, 0)
    try:
        report = benchmark(known, unseen) | {"n_impossible": n_impossible + n_more}
    except ValueError as wrong:
        raise UsageError(f"{train}: {wrong}.") from None
    if as_json:
        click.echo(json.dumps(report))
        return
    for name, value in report.items():
        click.echo(f"{name:<22}{value:>10,.4f}" if isinstance(value, float) else f"{name:<22}{value:>10,}")
    if report["auroc"] > LEAK:
        click.echo(f"AUROC above {LEAK}: a feature knows the outcome. Look for it before believing any of this.", err=True)


def _read(path: Path) -> tuple[pl.DataFrame, int]:
    from ml.noshow import read_public

    try:
        return read_public(pl.read_csv(path, infer_schema=False))
    except (ValueError, pl.exceptions.PolarsError) as wrong:
        raise ExtractRefused(f"{path}: not a file of the public no-show form: {wrong}.") from None
