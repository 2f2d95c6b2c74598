"""Benchmarks the disengagement model on simulated practices with known best possible risk: one practice per seed.

`caregap benchmark disengagement` prints the result. It builds only what the model reads, so 10,000 patients take minutes.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.practice import read_practice
from pipelines.warehouse.build import build_warehouse, newest_build

READ_BY_THE_MODEL = [
    "resource_type:seed",
    "+int_disengagement__features",
    "+int_disengagement__labels",
    "+int_disengagement__contact_months",
    "+int_patients__profile",
]
METRICS = (
    "auroc",
    "auroc_best_possible",
    "auroc_overdue_rule",
    "calibration_slope",
    "observed_over_expected",
    "observed_over_best_possible",
    "best_possible_over_expected",
)
"""Metrics of `ml.model_evaluations`. The last two separate chance from model error in O/E."""
NEAR_BEST = ((30_000, 0.02), (0, 0.03))
"""By minimum number of patients: how far below the best possible AUROC the model may be."""
ABOVE_RULE = 0.08
SLOPE, LEVEL = (0.9, 1.1), (0.9, 1.1)
CALIBRATED_SHARE = 0.75
"""Minimum share of the seeds whose interval of O/E contains 1: chance alone puts one seed in twenty outside."""
GROUPS = ("payer_class", "location")


def benchmark(
    n_patients: int, seeds: Sequence[int], scratch: Path, progress: Callable[[str], None] = lambda text: None
) -> pl.DataFrame:
    """One row per seed: `seed`, the columns of `METRICS`, `auroc_low`, `auroc_high`, the same for the level (O/E), `n_events`.

    And `furthest`: for each of `GROUPS`, the group whose level is furthest off, in words.

    Practices and warehouses are created in the folder `scratch` and deleted one by one; `progress` reports each step.
    Raises `UsageError` if there are too few patients to train a model.
    """
    return pl.DataFrame(list(_measured(n_patients, seeds, scratch, progress)))


def _measured(n_patients: int, seeds: Sequence[int], scratch: Path, progress: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    from data_samples.simulator.simulate import Simulation, simulate
    from pipelines.scoring.disengagement import train
    from pipelines.scoring.feature_rows import TrainingRows
    from pipelines.scoring.truth import best_possible

    for seed in seeds:
        folder, home = scratch / f"practice-{seed}", Home(scratch / f"home-{seed}")
        folder.mkdir()
        progress(f"Simulating {n_patients:,} patients, seed {seed}")
        simulate(Simulation(n_patients=n_patients, n_months=30, seed=seed), folder)
        practice = read_practice(folder)
        progress("Building what the model reads")
        build_warehouse(home, practice, select=READ_BY_THE_MODEL)
        build = newest_build(home)
        progress("Training")
        with build.connect() as connection:
            rows, best = TrainingRows.read(connection), best_possible(connection, practice)
        found = train(rows, home.scores(build.practice_id), build.as_of_on, best=best)["model_evaluations"]
        by_metric = {row["metric"]: row for row in found.filter(pl.col("subgroup_type") == "all").iter_rows(named=True)}
        if missing := [name for name in METRICS if name not in by_metric]:
            raise UsageError(f"{n_patients:,} patients are too few to measure {', '.join(missing)} (seed {seed}). Take more.")
        measured = {name: by_metric[name]["value"] for name in METRICS}
        ends = {f"{name}_{end}": by_metric[name][end] for name in ("auroc", "observed_over_expected") for end in ("low", "high")}
        counts = {"n_events": by_metric["auroc"]["n_events"], "furthest": [furthest_off(found, kind) for kind in GROUPS]}
        yield {"seed": seed} | measured | ends | counts
        shutil.rmtree(folder)
        shutil.rmtree(home.root)


def furthest_off(evaluations: pl.DataFrame, kind: str) -> str:
    """The group of a kind whose O/E is furthest from 1, with its counts, from rows of `ml.model_evaluations`.

    Groups with too few outcomes have no O/E (`ml.assessment.subgroups`) and are left out.
    """
    judged = evaluations.filter(
        pl.col("subgroup_type") == kind, pl.col("metric") == "observed_over_expected", pl.col("value") > 0
    ).sort(pl.col("value").log().abs(), "subgroup", descending=[True, False])
    if judged.is_empty():
        return f"{kind}: no group has outcomes enough to be judged"
    row = judged.row(0, named=True)
    return (
        f"{kind} {row['subgroup']}: O/E {row['value']:.2f} ({row['low']:.2f} to {row['high']:.2f}), {row['n_events']:,} events, "
        f"{row['n_patients']:,} patients"
    )


def bars(measured: pl.DataFrame, n_patients: int) -> dict[str, tuple[float, str, bool]]:
    """What is required of the seeds together: by name, the value, the bar in words, and whether it is met."""
    mean = {name: float(measured[name].to_numpy().mean()) for name in METRICS}
    below, above = mean["auroc_best_possible"] - mean["auroc"], mean["auroc"] - mean["auroc_overdue_rule"]
    near = next(bar for size, bar in NEAR_BEST if n_patients >= size)
    has_one = (measured["observed_over_expected_low"] <= 1) & (measured["observed_over_expected_high"] >= 1)
    calibrated = float(has_one.to_numpy().mean())
    slope, level = mean["calibration_slope"], mean["observed_over_expected"]
    return {
        "AUROC below the best possible": (below, f"≤ {near}", below <= near),
        "AUROC above the overdue rule": (above, f"≥ {ABOVE_RULE}", above >= ABOVE_RULE),
        "Calibration slope": (slope, f"{SLOPE[0]} to {SLOPE[1]}", SLOPE[0] <= slope <= SLOPE[1]),
        "Observed over expected": (level, f"{LEVEL[0]} to {LEVEL[1]}", LEVEL[0] <= level <= LEVEL[1]),
        "Seeds whose O/E holds 1": (calibrated, f"≥ {CALIBRATED_SHARE}", calibrated >= CALIBRATED_SHARE),
    }
