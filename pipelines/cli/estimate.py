"""`caregap estimate`: estimates a program's effect from an analyst's own table."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ml.effects.estimate import Estimate, EstimateRefused
from pipelines.errors import UsageError
from pipelines.sql.table_file import read_table

TABLE = click.argument("file", type=click.Path(path_type=Path))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON.")
SEED = click.option("--seed", default=0, show_default=True, help="Seed of random draws.")
OUTCOME = click.option("--outcome", required=True, metavar="COLUMN", help="The outcome that the program should change.")
PANEL = (
    click.option("--unit", required=True, metavar="COLUMN", help="The unit observed over time: patient, site, county."),
    click.option("--period", required=True, metavar="COLUMN", help="Number, date (2026-03-31) or month (2026-03)."),
    click.option("--first-treated", required=True, metavar="COLUMN", help="First treated period; 0 or empty: never."),
    OUTCOME,
    click.option("--drop-incomplete", is_flag=True, help="Leave out units without an outcome in every period, and count them."),
)


@click.group()
def command() -> None:
    """Estimate the effect of a program from FILE (CSV or Parquet). docs/estimates.md lists each estimator's assumptions."""


def _with(*options: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@command.command()
@_with(TABLE, OUTCOME)
@click.option("--treated", required=True, metavar="COLUMN", help="1: offered the program; 0: held out.")
@click.option("--strata", metavar="COLUMN", help="Strata of the randomisation.")
@click.option("--cluster", metavar="COLUMN", help="Unit of randomisation, if not the row.")
@AS_JSON
def randomised(file: Path, as_json: bool, **columns: Any) -> None:
    """Randomised hold-out: the difference between rows offered the program and rows held out; one row per unit."""
    from ml.effects.randomised import randomised_effect

    _run(file, as_json, lambda frame: randomised_effect(frame, **columns))


@command.command()
@_with(TABLE, *PANEL)
@click.option(
    "--control", type=click.Choice(["never", "notyet"]), default="never", show_default=True, help="Units to compare with."
)
@click.option(
    "--base",
    type=click.Choice(["last", "all"]),
    default="last",
    show_default=True,
    help="What treated periods are compared with: the last period before joining, or the mean of all before it.",
)
@click.option("--cluster", metavar="COLUMN", help="Units treated together; by default each unit by itself.")
@click.option("--bootstrap", default=0, metavar="DRAWS", help="Multiplier bootstrap, with simultaneous bands.")
@_with(SEED, AS_JSON)
def did(file: Path, as_json: bool, **options: Any) -> None:
    """Staggered difference-in-differences (Callaway & Sant'Anna): one row per unit and period."""
    from ml.effects.staggered_did import staggered_effect

    _run(file, as_json, lambda frame: staggered_effect(frame, **options))


@command.command()
@_with(TABLE, *PANEL)
@click.option("--inference", type=click.Choice(["auto", "placebo", "jackknife", "bootstrap"]), default="auto", show_default=True)
@click.option("--replications", type=click.IntRange(2), default=200, show_default=True, help="Placebo or bootstrap draws.")
@_with(SEED, AS_JSON)
def sdid(file: Path, as_json: bool, **options: Any) -> None:
    """Synthetic difference-in-differences, for one or few treated units: one row per unit and period."""
    from ml.effects.synthetic_did import synthetic_did_effect

    _run(file, as_json, lambda frame: synthetic_did_effect(frame, **options))


@command.command()
@_with(TABLE, OUTCOME)
@click.option("--time", required=True, metavar="COLUMN", help="Number of the point in time: 1, 2, 3 …")
@click.option("--intervention", required=True, metavar="COLUMN", help="0 before the program, 1 during it.")
@click.option("--offset", metavar="COLUMN", help="Population at risk; its log is the offset.")
@click.option("--season", metavar="COLUMN:HARMONICS[:PERIOD]", help="Sine and cosine terms; period 12 unless given.")
@click.option("--family", type=click.Choice(["quasipoisson", "poisson"]), default="quasipoisson", show_default=True)
@click.option("--hac", "hac_lags", type=click.IntRange(0), metavar="LAGS", help="Newey-West standard errors.")
@AS_JSON
def its(file: Path, as_json: bool, season: str | None, **options: Any) -> None:
    """An interrupted series of counts: one row per point in time."""
    from ml.effects.interrupted_series import MONTHS, interrupted_series_effect

    column, harmonics, length = _season(season) if season else (None, 0, None)
    terms: dict[str, Any] = {"season": (column, harmonics) if column else None, "season_period": length or MONTHS}
    _run(file, as_json, lambda frame: interrupted_series_effect(frame, **terms, **options))


def _season(text: str) -> tuple[str, int, float | None]:
    column, *numbers = text.split(":")
    try:
        harmonics, *period = numbers
        (length,) = period or (None,)
        return column, int(harmonics), float(length) if length else None
    except ValueError:
        raise UsageError(f"--season {text}: write COLUMN:HARMONICS or COLUMN:HARMONICS:PERIOD, such as month:2.") from None


def _run(file: Path, as_json: bool, estimate: Callable[..., Estimate]) -> None:
    try:
        found = estimate(read_table(file)).as_dict()
    except EstimateRefused as refusal:
        raise UsageError(f"{file}: {refusal}.") from None
    click.echo(json.dumps(found, indent=2, allow_nan=False) if as_json else _readable(found))


def _readable(found: dict[str, object]) -> str:
    """Numbers and single rows as lines, lists of rows as tables."""
    lines, tables = [], []
    for name, value in found.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = [[_cell(item) for item in row.values()] for row in value]
            widths = [max(map(len, column)) for column in zip(value[0], *rows, strict=True)]
            table = [list(value[0]), *rows]
            text = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in table]
            tables.append("\n".join([f"\n{name}", *text]))
        else:
            lines.append(f"{name:<24} {_cell(value)}")
    return "\n".join(lines + tables)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{name} {_cell(item)}" for name, item in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_cell, value))}]"
    if value is None:
        return "not known"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
