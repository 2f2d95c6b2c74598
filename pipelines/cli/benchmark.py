"""`caregap benchmark`: evaluates the risk models where the truth is known."""

import json
from pathlib import Path

import click
import polars as pl

from pipelines.errors import ExtractRefused, UsageError

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
LEAK = 0.78
"""No sound model reaches this AUROC on this file; above it, a feature leaks the outcome."""


@click.group()
def command() -> None:
    """Evaluate a risk model where the truth is known: on a public data set, or on simulated practices."""


@command.command()
@click.argument("train", type=FILE)
@click.argument("test", type=FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def noshow(train: Path, test: Path | None, as_json: bool) -> None:
    """Train the no-show model on TRAIN and evaluate it on TEST.

    Both are files in the format of the public data set "Medical Appointment No Shows" (CSV, plain or .gz). Without TEST, the
    last clinic days of TRAIN are held out.
    """
    from ml.risk.public_no_show import benchmark

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
        click.echo(f"AUROC above {LEAK}: a feature leaks the outcome. Find it before you trust these results.", err=True)


@command.command()
@click.option("--patients", "n_patients", default=10_000, show_default=True, type=click.IntRange(min=1_000))
@click.option(
    "--seed", "seeds", multiple=True, default=(1, 2, 3, 4), show_default=True, type=click.IntRange(min=0), help="Repeat it."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: `seeds`, `mean`, `bars`.")
def disengagement(n_patients: int, seeds: tuple[int, ...], as_json: bool) -> None:
    """Train the disengagement model on simulated practices, one per seed, and compare it with the best possible risk.

    Metrics cover the three months after training and embargo. Exits with code 11 if the seeds miss a bar. Groups with fewer
    than 50 outcomes are not judged.
    """
    import tempfile

    from pipelines.errors import ChecksFailed
    from pipelines.proof.risk_benchmark import METRICS, bars, benchmark

    with tempfile.TemporaryDirectory(prefix="caregap-") as scratch:
        measured = benchmark(n_patients, seeds, Path(scratch), lambda text: click.echo(f"{text} ...", err=True))
    mean = {name: float(measured[name].to_numpy().mean()) for name in METRICS}
    reached = bars(measured, n_patients)
    if as_json:
        bars_reached = {name: {"value": value, "bar": bar, "is_met": is_met} for name, (value, bar, is_met) in reached.items()}
        click.echo(json.dumps({"n_patients": n_patients, "seeds": measured.to_dicts(), "mean": mean, "bars": bars_reached}))
    else:
        _print_seeds(measured, mean)
        for name, (value, bar, is_met) in reached.items():
            click.echo(f"{name:<32}{value:>8.3f}  {bar:<14}{'met' if is_met else 'MISSED'}")
    missed = [name for name, (_, _, is_met) in reached.items() if not is_met]
    if missed:
        raise ChecksFailed(f"The seeds miss: {', '.join(missed)}.")


def _print_seeds(measured: pl.DataFrame, mean: dict[str, float]) -> None:
    """Print one line per seed with intervals for AUROC and O/E, and one line of means without intervals."""
    titles = {
        "auroc": "AUROC",
        "auroc_best_possible": "best",
        "auroc_overdue_rule": "rule",
        "calibration_slope": "slope",
        "observed_over_expected": "O/E",
        "observed_over_best_possible": "O/best",
        "best_possible_over_expected": "best/E",
    }
    with_ends = {name for name in titles if f"{name}_low" in measured.columns}
    click.echo("seed  " + "".join(f"{title:>8}" + f"{'(95 %)':>16}" * (name in with_ends) for name, title in titles.items()))
    for row in [*measured.iter_rows(named=True), {"seed": "mean", **mean}]:
        line = f"{row['seed']:<6}"
        for name in titles:
            ends = f"{row[f'{name}_low']:.3f} to {row[f'{name}_high']:.3f}" if f"{name}_low" in row else ""
            line += f"{row[name]:>8.3f}" + f"{ends:>16}" * (name in with_ends)
        click.echo(line)
    click.echo()
    click.echo("Furthest off:")
    for row in measured.iter_rows(named=True):
        for group in row["furthest"]:
            click.echo(f"{row['seed']:<6}{group}")
    click.echo()


def _read(path: Path) -> tuple[pl.DataFrame, int]:
    from ml.risk.public_no_show import read_public

    try:
        return read_public(pl.read_csv(path, infer_schema=False))
    except (ValueError, pl.exceptions.PolarsError) as wrong:
        raise ExtractRefused(f"{path}: not in the format of the public no-show file: {wrong}.") from None
