"""The disengagement model on a built warehouse: features by SQL, the fit with its evaluation, the scores."""

import time
from collections.abc import Iterator

from benchmarks.dbt_models import seconds_of
from benchmarks.practices import SIZES, built
from benchmarks.result import Result

FEATURES = ["path:models/intermediate/disengagement"]


def run(scale: int) -> list[Result]:
    return list(_measured(*(size * scale for size in SIZES)))


def _measured(small: int, large: int) -> Iterator[Result]:
    taken = {n: _steps(n) for n in (small, large)}
    for n, (n_rows, steps) in taken.items():
        yield Result(f"{n:,} patients, rows of features", n_rows / steps["features"], "rows/s", note=_note(n_rows, steps))
    for step in taken[large][1]:
        before, after = taken[small][1][step], taken[large][1][step]
        yield Result(f"ten times the patients, {step}", after / before, goal="≤ 10.5" if step == "features" else "")


def _note(n_rows: int, steps: dict[str, float]) -> str:
    return f"{n_rows:,} rows; " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps.items())


def _steps(n_patients: int) -> tuple[int, dict[str, float]]:
    """Rows of features, and seconds of each step."""
    from pipelines.scoring import disengagement
    from pipelines.scoring.capacity import capacities
    from pipelines.scoring.feature_rows import ScoringRows, TrainingRows
    from pipelines.scoring.tables import write_ml_tables

    home, build = built(n_patients)
    steps = {"features": seconds_of(home, build, FEATURES)}
    with build.connect() as connection:
        folder = home.scores(build.practice_id)
        began = time.perf_counter()
        write_ml_tables(connection, disengagement.train(TrainingRows.read(connection), folder, build.as_of_on))
        steps["fit"] = time.perf_counter() - began
        began = time.perf_counter()
        capacity = capacities(connection, build.settings)
        scored = disengagement.score(ScoringRows.read(connection), folder, build.as_of_on, capacity=capacity)
        write_ml_tables(connection, scored)
        steps["score"] = time.perf_counter() - began
        ((n_rows,),) = connection.execute("select count(*) from intermediate.int_disengagement__features").fetchall()
    return n_rows, steps
