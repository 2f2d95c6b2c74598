"""The level of the risks moves towards the newest outcomes as far as their number allows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.risk.selection import level_shift


def shift(n_events: int, n_rows: int, risk: float, patients: np.ndarray | None = None) -> float:
    """The shift where `n_events` of `n_rows` had the outcome and all had the risk `risk`; each row a patient of its own."""
    labels = (np.arange(n_rows) < n_events).astype(float)
    log_odds = np.full(n_rows, np.log(risk / (1 - risk)))
    return level_shift(labels, log_odds, np.ones(n_rows), np.arange(n_rows) if patients is None else patients)


def test_with_300_events_the_level_moves_half_of_the_way():
    """300 of 3,000 had the outcome (odds 1/9), the risk was 20 % (odds 1/4): the whole way is
    ln(4/9) = -0.811, half of it -0.405."""
    assert shift(300, 3_000, 0.2) == pytest.approx(np.log(4 / 9) / 2, abs=1e-4)


def test_a_patient_with_three_rows_counts_once():
    """300 rows with the outcome of 100 patients: credibility 100 / 400, so that the way is a quarter."""
    assert shift(300, 3_000, 0.2, np.arange(3_000) // 3) == pytest.approx(np.log(4 / 9) / 4, abs=1e-4)


@given(n_rows=st.integers(2, 500), risk=st.floats(0.01, 0.99))
def test_without_events_the_level_stays(n_rows, risk):
    assert shift(0, n_rows, risk) == 0.0


@given(n_events=st.integers(1, 199), risk=st.floats(0.05, 0.9))
def test_the_level_moves_towards_what_was_observed_and_never_past_it(n_events, risk):
    observed = n_events / 200
    whole = np.log(observed / (1 - observed)) - np.log(risk / (1 - risk))
    moved = shift(n_events, 200, risk)
    assert (abs(moved) <= abs(whole) + 1e-9 and moved * whole >= 0) or whole == pytest.approx(0, abs=1e-9)


def test_with_many_events_the_level_is_the_one_observed():
    """30,000 of 100,000 at a risk of 20 %: the risk moves to 29.9 %, a hundredth of the way short of 30 %."""
    moved = 1 / (1 + np.exp(-(np.log(0.25) + shift(30_000, 100_000, 0.2))))
    assert moved == pytest.approx(0.3, abs=0.002)
