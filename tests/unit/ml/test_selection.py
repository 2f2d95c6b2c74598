"""Which recipe makes the model, and how it is calibrated."""

import numpy as np
import pytest
from scipy.special import expit

from ml.metrics import auroc, calibration_slope, observed_over_expected
from ml.risk.selection import calibrate, out_of_fold, select
from ml.risk.spline_logistic import fit_spline_logistic


class Known:
    """A 'fit' that always says the same of a row: the log-odds in one of its columns."""

    def __init__(self, column: int):
        self.column = column

    def __call__(self, matrix, labels, weights):
        return self

    def decision_function(self, matrix):
        return matrix[:, self.column]


@pytest.fixture(scope="module")
def rows():
    """Three rows each of 1,000 patients. Columns: the true log-odds, the same with noise, twice the true."""
    random = np.random.default_rng(1)
    true = np.repeat(random.normal(-1.5, 1, 1000), 3)
    labels = (random.random(3000) < expit(true)).astype(float)
    matrix = np.column_stack([true, true + random.normal(0, 1, 3000), 2 * true])
    return matrix, labels, np.ones(3000), np.repeat(np.arange(1000), 3)


def test_a_challenger_that_surely_ranks_better_replaces_the_champion(rows):
    chosen = select({"noisy": Known(1), "true": Known(0)}, *rows)
    assert chosen.recipe == "true" and chosen.gain_low > 0


def test_a_challenger_that_ranks_as_well_does_not(rows):
    chosen = select({"true": Known(0), "same order": Known(2)}, *rows)
    assert (chosen.recipe, chosen.gain, chosen.gain_low) == ("true", 0, 0)


def test_a_challenger_that_ranks_better_by_chance_does_not(rows):
    """Two scores with as much noise, of which one comes out ahead: its gain is above 0, and the interval of the gain is not."""
    _, labels, weights, patients = rows
    true, random = rows[0][:, 0], np.random.default_rng(2)
    matrix = np.column_stack([true + random.normal(0, 0.5, 3000) for _ in range(2)])
    worse, better = sorted((0, 1), key=lambda column: auroc(labels, matrix[:, column]))
    chosen = select({"worse": Known(worse), "better": Known(better)}, matrix, labels, weights, patients)
    assert chosen.gain > 0 > chosen.gain_low
    assert chosen.recipe == "worse"


def test_a_challenger_is_not_tried_on_few_patients(rows):
    few = [part[:300] for part in rows]
    chosen = select({"noisy": Known(1), "true": Known(0)}, *few)
    assert (chosen.recipe, chosen.gain) == ("noisy", None)


def test_rows_of_a_patient_are_judged_by_a_fit_on_other_patients(rows):
    matrix, labels, weights, patients = rows
    matrix, seen = np.column_stack([matrix, patients]), []

    def fit(part, *_):
        seen.append(set(part[:, -1]))
        return Held(seen[-1])

    class Held(Known):
        def __init__(self, patients):
            self.patients = patients

        def decision_function(self, matrix):
            assert not self.patients & set(matrix[:, -1])
            return matrix[:, 0]

    assert np.array_equal(out_of_fold(fit, matrix, labels, weights, patients), matrix[:, 0])


def test_risks_that_are_too_extreme_are_drawn_in(rows):
    matrix, labels, weights, _ = rows
    intercept, slope = calibrate(matrix[:, 2], labels, weights)
    assert slope == pytest.approx(0.5, abs=0.1)
    risks = expit(intercept + slope * matrix[:, 2])
    assert observed_over_expected(labels, risks) == pytest.approx(1, abs=1e-6)
    assert calibration_slope(labels, risks) == pytest.approx(1, abs=0.1)


def test_risks_that_cannot_be_calibrated_stay_unchanged():
    assert calibrate(np.array([0.1, 0.2]), np.zeros(2), np.ones(2)) == (0.0, 1.0)


def test_a_curve_of_one_value_or_none_is_flat():
    """In a fold of a small practice a rare count may be 0 throughout, or a survey answer missing throughout."""
    random = np.random.default_rng(4)
    matrix = np.column_stack([random.normal(size=60), np.zeros(60), np.full(60, np.nan), np.r_[np.zeros(59), 1.0]])
    labels = (random.random(60) < expit(matrix[:, 0])).astype(float)
    model = fit_spline_logistic(matrix, labels, n_curves=4)
    elsewhere = np.array([[0.0, 0.0, np.nan, 0.0], [0.0, 7.0, 3.0, 0.0]])
    first, second = model.decision_function(elsewhere)
    assert np.isfinite([first, second]).all() and first == pytest.approx(second, abs=0.2)
