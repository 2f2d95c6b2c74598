"""Fits one cohort against the never treated: the synthetic difference-in-differences of Arkhangelsky et al. (2021).

τ = (mean treated - Σ ω controls) after - Σ λ (mean treated - Σ ω controls) before: ω weights controls so that they moved like
the treated before; λ weights the earlier periods that resemble those after.
"""

from dataclasses import dataclass

import numpy as np

from ml.effects.panel import Panel
from ml.effects.simplex_weights import simplex_weights

TOLERANCE = 1e-5


@dataclass(frozen=True)
class CohortFit:
    """One cohort against the never treated: its effect, and the weights of controls (omega) and periods before (lambda).

    `curve` holds the effect in each period from the first treated one on; `noise` is the standard deviation of the controls'
    period-to-period changes before treatment, which sets the ridge.
    """

    effect: float
    omega: np.ndarray
    lambda_: np.ndarray
    curve: np.ndarray
    noise: float


def fit_cohort(
    controls: np.ndarray, treated: np.ndarray, n_before: int, noise: float | None = None, tolerance: float = TOLERANCE
) -> CohortFit:
    """Fit `treated` (units, periods) against `controls` (units, periods), treated from period `n_before` on.

    The ridge of omega is (treated cells)^(1/4) × noise, that of lambda 1e-6 × noise; both fits have an intercept.
    Weights are refined until a step gains no more than (`tolerance` × noise)².
    """
    before, after = controls[:, :n_before], controls[:, n_before:]
    if noise is None:
        noise = float(np.diff(before, axis=1).std(ddof=1))
    target = treated.mean(axis=0)
    cells = treated.shape[0] * after.shape[1]
    lambda_ = simplex_weights(before, after.mean(axis=1), ridge=1e-6 * noise, min_decrease=tolerance * noise)
    omega = simplex_weights(before.T, target[:n_before], ridge=cells**0.25 * noise, min_decrease=tolerance * noise)
    return contrast(controls, target, n_before, omega, lambda_, noise)


def contrast(
    controls: np.ndarray, target: np.ndarray, n_before: int, omega: np.ndarray, lambda_: np.ndarray, noise: float
) -> CohortFit:
    """The fit with these weights of `controls` (units, periods) to the mean of the treated, `target` (periods,)."""
    gap = target - omega @ controls
    curve = gap[n_before:] - gap[:n_before] @ lambda_
    return CohortFit(float(curve.mean()), omega, lambda_, curve, noise)


def pooled_effect(effects: dict[float, float], first: np.ndarray, clock: np.ndarray) -> float:
    """Cohorts' effects weighted by their treated cells."""
    cells = {cohort: (first == cohort).sum() * (clock >= cohort).sum() for cohort in effects}
    return float(sum(effects[cohort] * cells[cohort] for cohort in effects) / sum(cells.values()))


def fit_cohorts(
    panel: Panel, outcome: np.ndarray, first: np.ndarray, *, noise: dict[float, float] | None = None, tolerance: float = TOLERANCE
) -> dict[float, CohortFit]:
    """The fit of each cohort in `first` (units,), keyed by the period of its treatment; `outcome` is (units, periods)."""
    controls = outcome[np.isinf(first)]
    return {
        cohort: fit_cohort(
            controls, outcome[first == cohort], int((panel.clock < cohort).sum()), noise[cohort] if noise else None, tolerance
        )
        for cohort in panel.cohorts
        if (first == cohort).any()
    }
