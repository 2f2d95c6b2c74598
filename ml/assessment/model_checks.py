"""The checks of `ml/assessment/monitoring.py`, and the thresholds from which each warns and stops."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One check: the values from which it warns and stops (None: never), and why they are these."""

    name: str
    warns_at: float
    stops_at: float | None
    why: str


DRIFT = Check(
    "population_drift",
    0.25,
    None,
    "A population stability index above 0.25 is a major shift (Siddiqi, Credit Risk Scorecards, 2006). It says that patients are "
    "others than they were, not that the model is wrong: it warns.",
)
MISSING = Check(
    "missingness",
    0.10,
    0.50,
    "An input that is missing for a tenth more of the patients than in training is a source that changed; for half of them, one "
    "that stopped, and the model would take its silence for a fact about patients.",
)
SCORE_MIX = Check(
    "score_mix",
    0.5,
    1.1,
    "Log of the mean risk over the mean risk in training. Of 0.5 (1.6 times) a hard year is capable; of 1.1 (3 times) a fault.",
)
CALIBRATION = Check(
    "matured_calibration",
    0.10,
    0.69,
    "Distance of log O/E from 0, after its 95 % interval is given. From 0.1 the risks mislead capacity planning, though the "
    "order stays; at 0.69 (twice, or half) the expected benefit that orders the list is wrong.",
)
STALENESS = Check(
    "staleness",
    270,
    540,
    "Days from the last training index to the index that is scored. 210 is the least (horizon and recording); a model is fitted "
    "with every build, so that more means that outcomes stopped arriving. After 18 months it describes another practice.",
)
CHECKS = (DRIFT, MISSING, SCORE_MIX, CALIBRATION, STALENESS)
