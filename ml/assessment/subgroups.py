"""Evaluates a score by patient subgroup: audits fields that the model does not read, or may treat unfairly."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from ml.metrics import auroc, interval, observed_over_expected
from models.published.risk import MINIMUM_EVENTS

RESAMPLES = 100
NOT_EVALUATED = "not_evaluated"


def evaluate_subgroups(
    labels: np.ndarray, risks: np.ndarray, patients: np.ndarray, weights: np.ndarray, groups: pl.DataFrame
) -> pl.DataFrame:
    """One row per group and metric.

    In: `labels`, `risks`, `patients` and row `weights` of shape (n,), and `groups`, with the same rows and one column per kind.
    Out: `subgroup_type` (the column), `subgroup` (its value, `unknown` if missing), `metric` (`auroc`,
    `observed_over_expected`, `prevalence`, or `not_evaluated`), `value`, `low`, `high`, `n_rows`, `n_patients`, `n_events`,
    `note`.
    """
    tables = []
    for kind in groups.columns:
        values = groups[kind].cast(pl.String).fill_null("unknown").to_numpy()
        for group in np.unique(values):
            member = values == group
            rows = _metrics(np.asarray(labels, dtype=float)[member], risks[member], patients[member], weights[member])
            tables += [{"subgroup_type": kind, "subgroup": str(group)} | row for row in rows]
    return pl.DataFrame(tables, schema=SCHEMA)


SCHEMA = {
    **dict.fromkeys(("subgroup_type", "subgroup", "metric"), pl.String),
    **dict.fromkeys(("value", "low", "high"), pl.Float64),
    **dict.fromkeys(("n_rows", "n_patients", "n_events"), pl.Int64),
    "note": pl.String,
}


def _metrics(labels: np.ndarray, risks: np.ndarray, patients: np.ndarray, weights: np.ndarray) -> list[dict[str, Any]]:
    counts = {"n_rows": len(labels), "n_patients": len(np.unique(patients)), "n_events": int(labels.sum())}
    if counts["n_events"] < MINIMUM_EVENTS:
        note = f"fewer than {MINIMUM_EVENTS} predictions with the outcome: nothing is claimed"
        return [{"metric": NOT_EVALUATED, "value": None, "low": None, "high": None, "note": note} | counts]
    statistics: dict[str, Callable[[np.ndarray], float]] = {
        "auroc": lambda w: auroc(labels, risks, w),
        "observed_over_expected": lambda w: observed_over_expected(labels, risks, w),
        "prevalence": lambda w: float(np.average(labels, weights=w)),
    }
    rows = []
    for metric, statistic in statistics.items():
        low, high = interval(statistic, patients, weights=weights, resamples=RESAMPLES)
        values = {"value": statistic(weights), "low": low, "high": high}
        rows.append({"metric": metric, "note": None} | {k: None if np.isnan(v) else v for k, v in values.items()} | counts)
    return rows
