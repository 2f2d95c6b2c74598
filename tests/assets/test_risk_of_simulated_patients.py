"""The disengagement model on simulated patients, whose best possible risk is known."""

import pytest

from data_samples.simulator.simulate import Simulation, simulate
from pipelines.defs.run import run
from pipelines.practice import read_practice
from pipelines.sql.connection import open_file


@pytest.fixture(scope="module")
def metrics(new_home, tmp_path_factory) -> dict[str, tuple[float, float, float]]:
    """Value and interval of every metric, on a practice of 3,000 patients."""
    folder = tmp_path_factory.mktemp("practice")
    simulate(Simulation(n_patients=3_000, n_months=30, seed=5), folder)
    home = new_home()
    run(home, read_practice(folder))
    query = """
        select metric, value, low, high from ml.model_evaluations
        where subgroup_type = 'all' and model_version like 'disengagement-%'
    """
    with open_file((home.published / "current" / "warehouse.duckdb").resolve(), read_only=True) as connection:
        return {metric: values for metric, *values in connection.execute(query).fetchall()}


@pytest.mark.slow
def test_the_model_is_far_above_the_overdue_rule(metrics):
    assert metrics["auroc_gain_over_overdue_rule"][0] >= 0.08


@pytest.mark.slow
def test_the_model_is_near_the_best_possible_and_not_above_it(metrics):
    value, low, _ = metrics["auroc_gain_over_best_possible"]
    assert low <= 0 and value > -0.05


@pytest.mark.slow
def test_its_risks_are_calibrated_within_the_error_of_few_patients(metrics):
    """1 lies within twice the 95 % interval: chance alone puts it beyond once in 10,000 practices, and beyond the interval itself
    once in twenty."""
    for metric in ("calibration_slope", "observed_over_expected"):
        value, low, high = metrics[metric]
        assert value - 2 * (value - low) <= 1 <= value + 2 * (high - value), metric
