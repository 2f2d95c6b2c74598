"""The checks that `ml/assessment/monitoring.py` runs, with the thresholds at which each warns or stops the model."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One check: the values at which it warns and stops (None: never), and the reason for them."""

    name: str
    warns_at: float
    stops_at: float | None
    why: str


DRIFT = Check(
    "population_drift",
    0.25,
    None,
    "A population stability index above 0.25 is a major shift (Siddiqi, Credit Risk Scorecards, 2006). It means that the "
    "patients changed, not that the model is wrong, so it only warns.",
)
MISSING = Check(
    "missingness",
    0.10,
    0.50,
    "If an input is missing for 10 percentage points more patients than in training, its source has changed; for 50 points more, "
    "its source has stopped, and the model would mistake missing data for a fact about patients.",
)
SCORE_MIX = Check(
    "score_mix",
    0.5,
    1.1,
    "Log of the mean risk over the mean risk in training. A hard year can reach 0.5 (1.6 times); 1.1 (3 times) suggests a fault.",
)
CALIBRATION = Check(
    "matured_calibration",
    0.10,
    0.69,
    "Distance of log O/E from 0, measured from the nearer end of its 95 % interval. From 0.1 the risks mislead capacity "
    "planning, although the ranking holds; from 0.69 (a factor of two) the expected benefit that orders the list is wrong.",
)
STALENESS = Check(
    "staleness",
    270,
    540,
    "Days from the last training index to the scored index. The minimum is 210 (horizon plus recording); every build refits the "
    "model, so a higher value means that outcomes stopped arriving. After 18 months the practice is no longer the one it learnt.",
)
CHECKS = (DRIFT, MISSING, SCORE_MIX, CALIBRATION, STALENESS)
