"""Monitors a model: input drift against training data; predictions against observed outcomes.

The checks and their thresholds are in `ml/assessment/model_checks.py`. The overdue rule replaces a stopped model.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from ml.assessment.model_checks import CALIBRATION, DRIFT, MISSING, SCORE_MIX, STALENESS, Check
from ml.risk.features import BY_NAME, PROGRAM
from ml.risk.risk_model import RiskModel, matrix

N_BINS = 10


SCHEMA = {
    **dict.fromkeys(("check_name", "subject"), pl.String),
    "value": pl.Float64,
    **dict.fromkeys(("warns_at", "stops_at"), pl.Float64),
    **dict.fromkeys(("status", "why"), pl.String),
}


def monitor(
    model: RiskModel, trained_on: pl.DataFrame, scored: pl.DataFrame, evaluations: pl.DataFrame, index_on: date
) -> pl.DataFrame:
    """One row per check and subject: `check_name`, `subject` (an input, or `score`), `value`, thresholds, `status`, `why`.

    `trained_on` and `scored` hold the model's inputs; `evaluations` are its rows of `ml.model_evaluations`; `index_on` is the
    scored index. `status` is `ok`, `warn` or `stop`.
    """
    before, now = matrix(trained_on, model.features), matrix(scored, model.features)
    n_before, n_now = trained_on["patient_key"].n_unique(), scored["patient_key"].n_unique()
    rows: list[tuple[Check, str, float | None]] = []
    for column, name in enumerate(model.features):
        # Program inputs move with the practice's own plan: expected, and they would warn throughout a roll-out.
        if BY_NAME[name].topic != PROGRAM:
            rows.append((DRIFT, name, stability_index(before[:, column], now[:, column], n_before, n_now)))
        rows.append((MISSING, name, float(np.isnan(now[:, column]).mean() - np.isnan(before[:, column]).mean())))
    risks = model.risk_of(before), model.risk_of(now)
    rows.append((DRIFT, "score", stability_index(*risks, n_before, n_now)))
    rows.append((SCORE_MIX, "score", abs(float(np.log(risks[1].mean() / risks[0].mean())))))
    rows.append((CALIBRATION, "score", _miscalibration(evaluations)))
    rows.append((STALENESS, "score", float((index_on - model.trained_to_on).days)))
    return pl.DataFrame([_judged(*row) for row in rows], schema=SCHEMA, orient="row")


def is_stopped(monitoring: pl.DataFrame) -> bool:
    return "stop" in monitoring["status"]


def stability_index(before: np.ndarray, now: np.ndarray, n_before: int, n_now: int) -> float:
    """Population stability index: sum of (q - p) ln(q / p) over the tenths of `before`, missing values a bin of their own.

    Reduced by its expected value under chance alone, (bins - 1)(1/n + 1/m) for n and m patients (Yurdakul & Naranjo, J. Risk
    Model Validation 2020;14(4)); never below 0.
    """
    present = before[~np.isnan(before)]
    edges = np.unique(np.quantile(present, np.arange(1, N_BINS) / N_BINS)) if len(present) else np.array([])
    n_bins = len(edges) + 2

    def shares(values: np.ndarray) -> np.ndarray:
        bins = np.where(np.isnan(values), n_bins - 1, np.searchsorted(edges, np.nan_to_num(values), side="left"))
        return (np.bincount(bins, minlength=n_bins) + 0.5) / (len(values) + 0.5 * n_bins)

    p, q = shares(before), shares(now)
    chance = (n_bins - 1) * (1 / max(n_before, 1) + 1 / max(n_now, 1))
    return max(0.0, float(((q - p) * np.log(q / p)).sum()) - chance)


def _miscalibration(evaluations: pl.DataFrame) -> float | None:
    """Distance from 1 to the nearer end of the O/E interval, on the log scale; 0 if the interval contains 1."""
    found = evaluations.filter((pl.col("metric") == "observed_over_expected") & (pl.col("subgroup_type") == "all"))
    ends: Sequence[Any] = found.select("low", "high").row(0) if len(found) else (None, None)
    if None in ends or ends[0] <= 0:
        return None
    low, high = np.log(ends)
    return float(max(low, -high, 0.0))


def _judged(check: Check, subject: str, value: float | None) -> tuple[Any, ...]:
    if value is None:
        status = "ok"
    elif check.stops_at is not None and value >= check.stops_at:
        status = "stop"
    else:
        status = "warn" if value >= check.warns_at else "ok"
    return check.name, subject, value, check.warns_at, check.stops_at, status, check.why
