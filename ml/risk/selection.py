"""Selects the recipe and calibrates its risks, using out-of-fold predictions for unseen patients.

All rows of a patient are in the same fold. The challenger replaces the champion only if a bootstrap by patient shows that it
ranks better; otherwise the champion stays, because its reasons are exact. Risks are calibrated on all mature months, and their
level then moves towards that of the newest ones, as far as these have events enough: alone, the newest three of 10,000 simulated
patients put the level off by 8 % by chance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from ml.metrics import Ranked, interval, recalibration

N_FOLDS = 3
MINIMUM_EVENT_PATIENTS = 200
"""Minimum patients with the outcome to try the challenger; with fewer, no bootstrap could distinguish it from the champion."""
SLOPE_PRIOR = 25.0
"""Prior of the calibration slope: mean 1, standard deviation 0.2."""
LEVEL_EVENTS = 300
"""Patients with the outcome at which the newest months decide half of the level. On ten simulated practices of 10,000, whose
newest six months have some 430, this cost nothing (the level was off by 5.8 % with and without it); 100 on three months cost 1.6
points."""

Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], Any]
"""Takes a matrix, labels and weights; returns a model with a `decision_function`."""


@dataclass(frozen=True)
class Selection:
    """The chosen recipe, its calibration (intercept and slope on the log-odds), and the challenger's gain in AUROC."""

    recipe: str
    calibration: tuple[float, float]
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None


def select(
    recipes: dict[str, Fit],
    matrix: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    patients: np.ndarray,
    newest: np.ndarray | None = None,
) -> Selection:
    """Choose between the recipes (the first is the champion) and calibrate the chosen one.

    `matrix` has shape (n, features); `labels` (0 or 1), `weights` and `patients` (n,). `newest` (n,) marks the rows to which the
    level is moved, if any.
    """
    champion, *challengers = recipes
    n_event_patients = len(np.unique(patients[labels == 1]))
    log_odds = {champion: out_of_fold(recipes[champion], matrix, labels, weights, patients)}
    chosen: str = champion
    gains: Sequence[float] = ()
    for challenger in challengers if n_event_patients >= MINIMUM_EVENT_PATIENTS else ():
        log_odds[challenger] = out_of_fold(recipes[challenger], matrix, labels, weights, patients)
        gains = _gain(labels, log_odds[challenger], log_odds[champion], weights, patients)
        chosen = challenger if gains[1] > 0 else champion
    intercept, slope = calibrate(log_odds[chosen], labels, weights)
    if newest is not None:
        calibrated = intercept + slope * log_odds[chosen]
        intercept += level_shift(labels[newest], calibrated[newest], weights[newest], patients[newest])
    return Selection(chosen, (intercept, slope), *gains)


def out_of_fold(fit: Fit, matrix: np.ndarray, labels: np.ndarray, weights: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Log-odds of each row from a fit on the patients of the other folds; shape (n,)."""
    fold = np.unique(patients, return_inverse=True)[1] % N_FOLDS
    log_odds = np.zeros(len(labels))
    for number in range(N_FOLDS):
        seen = fold != number
        log_odds[~seen] = fit(matrix[seen], labels[seen], weights[seen]).decision_function(matrix[~seen])
    return log_odds


def calibrate(log_odds: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Intercept and slope that calibrate out-of-fold log-odds; (0, 1) if they cannot be estimated."""
    found = recalibration(labels, log_odds, weights, prior=SLOPE_PRIOR)
    return found if np.isfinite(found).all() else (0.0, 1.0)


def level_shift(labels: np.ndarray, log_odds: np.ndarray, weights: np.ndarray, patients: np.ndarray) -> float:
    """What to add to calibrated `log_odds` so that their level moves towards the one observed; all arguments have shape (n,).

    The shift at which observed equals expected (calibration in the large: Van Calster et al. 2016, J Clin Epidemiol 74:167),
    times the credibility n / (n + `LEVEL_EVENTS`) of n patients with the outcome (Bühlmann 1967, ASTIN Bulletin 4(3):199): none
    without an event, nearly all of it with many.
    """
    observed = float((weights * labels).sum())
    if not 0 < observed < weights.sum():
        return 0.0
    whole = brentq(lambda shift: float((weights * expit(log_odds + shift)).sum()) - observed, -50, 50)
    n = len(np.unique(patients[labels == 1]))
    return whole * n / (n + LEVEL_EVENTS)


def _gain(
    labels: np.ndarray, challenger: np.ndarray, champion: np.ndarray, weights: np.ndarray, patients: np.ndarray
) -> Sequence[float]:
    better, worse = Ranked(labels, challenger), Ranked(labels, champion)

    def gain(mass: np.ndarray) -> float:
        return better.auroc(mass) - worse.auroc(mass)

    return gain(weights), *interval(lambda drawn: gain(drawn * weights), patients)
