"""What monitoring says of inputs and scores that have changed."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from ml.assessment.monitoring import is_stopped, monitor, stability_index
from ml.risk.disengagement import fit, split_by_time
from tests.unit.ml.test_disengagement import contact_months, patients

GOOD = pl.DataFrame({"metric": ["observed_over_expected"], "subgroup_type": ["all"], "low": [0.9], "high": [1.1]})


@pytest.fixture(scope="module")
def known():
    return split_by_time(patients(), contact_months(patients())).train


@pytest.fixture(scope="module")
def model(known):
    return fit(known)


def status(monitoring: pl.DataFrame, check: str, subject: str = "score") -> str:
    return monitoring.filter((pl.col("check_name") == check) & (pl.col("subject") == subject))["status"].item()


def test_the_stability_index_is_the_sum_over_the_tenths():
    """Half of the lowest of ten bins moves to the highest: (0.05 - 0.1) ln 0.5 + (0.15 - 0.1) ln 1.5 = 0.0549."""
    before = np.repeat(np.arange(10.0), 10_000)
    now = before.copy()
    now[:5_000] = 9
    assert stability_index(before, now, 10**9, 10**9) == pytest.approx(0.0549, abs=1e-3)


def test_a_difference_that_chance_explains_is_none():
    random = np.random.default_rng(2)
    assert stability_index(random.random(300), random.random(300), 300, 300) < 0.05


def test_a_model_on_rows_like_those_it_learnt_from_is_believed(model, known):
    found = monitor(model, known, known, GOOD, model.trained_to_on)
    assert found["status"].unique().to_list() == ["ok"] and not is_stopped(found)


def test_a_source_that_stops_arriving_stops_the_scores(model, known):
    silent = known.with_columns(n_portal_logins_3_months=pl.lit(None, pl.Float64))
    found = monitor(model, known, silent, GOOD, model.trained_to_on)
    assert status(found, "missingness", "n_portal_logins_3_months") == "stop" and is_stopped(found)


def test_other_patients_than_before_are_warned_of_and_scored(model, known):
    older = known.with_columns(age_years=pl.col("age_years") + 5)
    found = monitor(model, known, older, GOOD, model.trained_to_on)
    assert status(found, "population_drift", "age_years") == "warn" and not is_stopped(found)


def test_a_program_that_goes_on_as_planned_is_no_drift(model, known):
    later = known.with_columns(program_share_of_horizon=pl.lit(1.0))
    found = monitor(model, known, later, GOOD, model.trained_to_on)
    drift = found.filter(pl.col("check_name") == "population_drift")
    assert not drift["subject"].str.starts_with("program").any() and "age_years" in drift["subject"]


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.8, 1.2, "ok"), (1.2, 1.5, "warn"), (0.3, 0.45, "stop"), (2.1, 2.6, "stop")]
)
def test_risks_that_matured_wrong_warn_and_then_stop(model, known, low, high, expected):
    matured = GOOD.with_columns(low=pl.lit(low), high=pl.lit(high))
    assert status(monitor(model, known, known, matured, model.trained_to_on), "matured_calibration") == expected


def test_a_model_of_two_years_ago_is_stopped(model, known):
    assert status(monitor(model, known, known, GOOD, date(2030, 1, 1)), "staleness") == "stop"


def test_the_noise_of_float_sums_changes_no_figure(model, known):
    """A balance of 12.30 that another order of adding made 12.300000000000002 fell into another tenth: 0.217, or 0.235."""
    random = np.random.default_rng(3)
    found = [
        monitor(model, known.with_columns(balance_due_usd=balance), known, GOOD, model.trained_to_on)
        for balance in (pl.lit(12.3), pl.lit(12.3) + pl.Series(random.normal(0, 1e-13, len(known))))
    ]
    assert found[0].equals(found[1])
