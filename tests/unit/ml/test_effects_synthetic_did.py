"""Synthetic difference-in-differences against a quadratic program, two-way differences, and another implementation's numbers."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from ml.effects.estimate import EstimateRefused
from ml.effects.simplex_weights import simplex_weights, sparse
from ml.effects.synthetic_did import synthetic_did_effect

COLUMNS = {"unit": "unit", "period": "period", "first_treated": "first", "outcome": "y"}


def factor_panel(seed: int, n_units: int, cohorts: dict[int, int], effect: float = 0.0, n_periods: int = 12) -> pl.DataFrame:
    """Units that load on two common trends: parallel trends fail, a weighted comparison is needed."""
    random = np.random.default_rng(seed)
    first = np.concatenate([np.full(n, at) for at, n in cohorts.items()] + [np.zeros(n_units)])[:n_units]
    trends = random.normal(size=(2, n_periods)).cumsum(axis=1) / 2
    y = random.uniform(0, 1, size=(n_units, 2)) @ trends + random.normal(size=(n_units, n_periods)) / 3
    periods = np.arange(1, n_periods + 1)
    y += effect * ((first[:, None] > 0) & (periods >= first[:, None]))
    return pl.DataFrame(
        {
            "unit": np.repeat(np.arange(n_units), n_periods),
            "period": np.tile(periods, n_units),
            "first": np.repeat(first, n_periods).astype(int),
            "y": y.ravel(),
        }
    )


def test_the_weights_solve_the_quadratic_program():
    """Against a general solver with the same objective: mean squared error with an intercept, and ridge."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(15, 6)), random.normal(size=15)
    centred, target = x - x.mean(axis=0), y - y.mean()

    def objective(w: np.ndarray) -> float:
        return float(((centred @ w - target) ** 2).mean() + 0.5**2 * (w @ w))

    weights = simplex_weights(x, y, ridge=0.5, min_decrease=1e-7)
    best = minimize(objective, np.full(6, 1 / 6), bounds=[(0, 1)] * 6, constraints={"type": "eq", "fun": lambda w: w.sum() - 1})
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    assert objective(weights) <= best.fun + 1e-6


def test_weights_of_a_quarter_of_the_largest_are_dropped():
    assert sparse(np.array([0.5, 0.125, 0.2, 0.175])) == pytest.approx(np.array([0.5, 0, 0.2, 0.175]) / 0.875)


def test_the_numbers_of_another_implementation_come_out():
    """The Python package synthdid-py 0.1.0 on this panel (two cohorts, 21 controls): its estimate and its jackknife error."""
    found = synthetic_did_effect(factor_panel(11, 28, {7: 4, 9: 3}, effect=1.5), **COLUMNS, inference="jackknife")
    assert found.estimate == pytest.approx(1.4176087, abs=5e-6)
    assert found.standard_error == pytest.approx(0.0693157, abs=5e-6)


def test_a_constant_effect_without_noise_is_found_exactly_where_trends_are_parallel():
    frame = factor_panel(1, 12, {9: 2})
    units, periods = np.arange(12), np.arange(1, 13)
    y = units[:, None] * 2.0 + np.sin(periods) + 3.0 * ((units[:, None] < 2) & (periods >= 9))
    found = synthetic_did_effect(frame.with_columns(y=pl.Series(y.ravel())), **COLUMNS)
    assert found.estimate == pytest.approx(3.0)
    assert found.standard_error == pytest.approx(0.0, abs=1e-9)


def test_cohorts_add_up_by_their_treated_cells_and_weights_to_one():
    parts = (found := synthetic_did_effect(factor_panel(2, 20, {7: 2, 10: 3}), **COLUMNS, replications=10)).parts
    cells = [row["n_treated"] * row["n_periods_treated"] for row in parts["cohorts"]]
    assert cells == [2 * 6, 3 * 3]
    assert found.estimate == pytest.approx(np.average([row["estimate"] for row in parts["cohorts"]], weights=cells))
    for table in ("unit_weights", "time_weights"):
        for cohort in (7, 10):
            assert sum(row["weight"] for row in parts[table] if row["cohort"] == cohort) == pytest.approx(1)


def test_the_placebo_error_of_one_treated_unit_is_over_all_controls_and_needs_no_luck():
    frame = factor_panel(3, 15, {9: 1})
    one, other = (synthetic_did_effect(frame, **COLUMNS, seed=seed) for seed in (1, 2))
    assert one.standard_error == other.standard_error
    placebos = []
    controls = frame.filter(pl.col("first") == 0)
    for unit in range(1, 15):
        played = controls.with_columns(first=pl.when(pl.col("unit") == unit).then(9).otherwise(0))
        placebos.append(synthetic_did_effect(played, **COLUMNS).estimate)
    assert one.standard_error == pytest.approx(np.std(placebos), rel=0.05)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), shift=st.floats(-100, 100))
def test_names_of_units_order_of_rows_and_level_of_the_outcome_do_not_matter(seed: int, shift: float):
    frame = factor_panel(seed, 10, {8: 1})
    names = np.random.default_rng(seed).permutation(10)
    moved = frame.with_columns(pl.Series("unit", names[frame["unit"].to_numpy()]), y=pl.col("y") + shift)
    first = synthetic_did_effect(frame, **COLUMNS)
    second = synthetic_did_effect(moved.sample(fraction=1, shuffle=True, seed=seed), **COLUMNS)
    assert second.estimate == pytest.approx(first.estimate, abs=1e-4)
    assert second.standard_error == pytest.approx(first.standard_error, rel=1e-2)


REFUSED = {
    "one control": (lambda: factor_panel(0, 4, {8: 3}), {}, "fewer than two units are never treated"),
    "one period before": (lambda: factor_panel(0, 9, {2: 1}), {}, "fewer than two periods"),
    "jackknife of one": (lambda: factor_panel(0, 9, {8: 1}), {"inference": "jackknife"}, "two treated units in every cohort"),
    "bootstrap of one": (lambda: factor_panel(0, 9, {8: 1}), {"inference": "bootstrap"}, "placebo standard error only"),
    "placebo of many": (lambda: factor_panel(0, 9, {8: 5}), {"inference": "placebo"}, "two more controls"),
    "flat controls": (lambda: factor_panel(0, 9, {8: 1}).with_columns(y=pl.lit(1.0)), {}, "do not vary"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_effect_that_cannot_be_estimated_is_refused(name: str):
    make, options, words = REFUSED[name]
    with pytest.raises(EstimateRefused, match=words):
        synthetic_did_effect(make(), **COLUMNS, **options)


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, 1.0])
def test_the_interval_holds_the_truth_in_nineteen_of_twenty_but_for_chance(effect: float):
    """Of 120 panels, fewer than 104 once in 10,000 such tests."""
    frames = [factor_panel(seed, 20, {9: 1}, effect) for seed in range(120)]
    intervals = [synthetic_did_effect(frame, **COLUMNS).interval for frame in frames]
    assert sum(low <= effect <= high for low, high in intervals) >= 104
