"""Metrics of a score: discrimination, calibration, precision at capacity, each with its uncertainty.

Arrays in, frames out. A row is one patient at one index. A patient has several rows, so intervals come from resampling
patients, not rows.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import polars as pl

RESAMPLES = 200


def auroc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Area under the ROC curve: P(score of an event > score of a non-event) + half the ties (Hanley & McNeil 1982).

    `labels` are 0 or 1, `scores` any ranking, `weights` row weights; each of shape (n,). NaN if one class is absent.
    """
    return Ranked(labels, scores).auroc(weights)


def auprc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Average precision: precision at each distinct score, weighted by the added recall. NaN without events."""
    return Ranked(labels, scores).auprc(weights)


class Ranked:
    """Labels sorted by score once, so that each of 200 resamples costs one pass instead of one sort."""

    def __init__(self, labels: np.ndarray, scores: np.ndarray):
        self._order = np.argsort(scores, kind="stable")
        ranked = np.asarray(scores)[self._order]
        self._starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(ranked) else np.array([], dtype=int)
        self._labels = np.asarray(labels, dtype=float)[self._order]

    def _masses(self, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        if not len(self._labels):
            return np.zeros(1), np.zeros(1)
        mass = np.ones(len(self._labels)) if weights is None else np.asarray(weights, dtype=float)[self._order]
        events = np.add.reduceat(mass * self._labels, self._starts)
        return events, np.add.reduceat(mass, self._starts) - events

    def auroc(self, weights: np.ndarray | None = None) -> float:
        events, others = self._masses(weights)
        pairs = events.sum() * others.sum()
        below = np.cumsum(others) - others
        return float((events * (below + others / 2)).sum() / pairs) if pairs > 0 else float("nan")

    def auprc(self, weights: np.ndarray | None = None) -> float:
        events, others = (mass[::-1] for mass in self._masses(weights))
        found = np.cumsum(events)
        flagged = found + np.cumsum(others)
        precision = np.divide(found, flagged, out=np.zeros_like(found), where=flagged > 0)
        return float((precision * events).sum() / found[-1]) if found[-1] > 0 else float("nan")

    def precision_at(self, share: float, weights: np.ndarray | None = None) -> float:
        events, others = (mass[::-1] for mass in self._masses(weights))
        rows = events + others
        capacity = rows.sum() * share
        taken = np.clip(capacity - (np.cumsum(rows) - rows), 0, rows)
        rate = np.divide(events, rows, out=np.zeros_like(events), where=rows > 0)
        return float((taken * rate).sum() / capacity) if capacity > 0 else float("nan")


def observed_over_expected(labels: np.ndarray, risks: np.ndarray, weights: np.ndarray | None = None) -> float:
    """O/E: events observed over events expected; 1 is calibrated in the large."""
    mass = np.ones(len(labels)) if weights is None else weights
    expected = float((mass * risks).sum())
    return float((mass * labels).sum() / expected) if expected > 0 else float("nan")


def recalibration(
    labels: np.ndarray, logits: np.ndarray, weights: np.ndarray | None = None, prior: float = 1e-9
) -> tuple[float, float]:
    """Intercept and slope of the logistic regression of the label on the log-odds of a risk (Cox 1958); (0, 1) is calibrated.

    `labels` (0 or 1), `logits` and `weights` have shape (n,). `prior` is a ridge penalty on the distance of the slope from 1,
    in units of Fisher information. (NaN, NaN) if one class is absent or all log-odds are equal.
    """
    mass = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=float)
    if not len(logits) or np.ptp(logits) < 1e-9 or not 0 < (mass * labels).sum() < mass.sum():
        return float("nan"), float("nan")
    design, penalty = np.column_stack([np.ones_like(logits), logits]), np.array([1e-9, prior])
    coefficients = np.array([0.0, 1.0])
    for _ in range(25):
        fitted = 1 / (1 + np.exp(-np.clip(design @ coefficients, -35, 35)))
        curvature = (design * (mass * fitted * (1 - fitted))[:, None]).T @ design + np.diag(penalty)
        pull = design.T @ (mass * (labels - fitted)) - penalty * (coefficients - [0.0, 1.0])
        step = np.linalg.solve(curvature, pull)
        coefficients = coefficients + step
        if np.abs(step).max() < 1e-8:
            break
    return float(coefficients[0]), float(coefficients[1])


def calibration_slope(labels: np.ndarray, risks: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The slope of `recalibration`: 1 is calibrated, below 1 too extreme. NaN if undefined."""
    return recalibration(labels, _logit(risks), weights)[1]


def expected_calibration_error(
    labels: np.ndarray, risks: np.ndarray, weights: np.ndarray | None = None, n_bins: int = 10
) -> float:
    """ECE: mean distance between risk and observed rate over `n_bins` equal-width bins, weighted by rows (Naeini et al. 2015)."""
    mass = np.ones(len(labels)) if weights is None else weights
    bins = np.minimum((np.asarray(risks) * n_bins).astype(int), n_bins - 1)
    distance = np.bincount(bins, weights=mass * (np.asarray(labels, dtype=float) - risks), minlength=n_bins)
    return float(np.abs(distance).sum() / mass.sum())


def precision_at(labels: np.ndarray, scores: np.ndarray, share: float, weights: np.ndarray | None = None) -> float:
    """Precision among the `share` of rows with the highest scores; rows tied at the cut-off count in proportion."""
    return Ranked(labels, scores).precision_at(share, weights)


def reliability(
    labels: np.ndarray,
    risks: np.ndarray,
    patients: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    n_bins: int = 10,
) -> pl.DataFrame:
    """One row per tenth of the rows by risk: `bin` (1 the lowest), `n_rows`, `mean_risk`, `observed_rate`, `low`, `high`.

    The interval is that of `interval`, by `patients`; null without them.
    """
    labels, mass = np.asarray(labels, dtype=float), np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=float)
    rank = np.empty(len(labels), dtype=int)
    rank[np.argsort(risks, kind="stable")] = np.arange(len(labels))
    bins, rows = rank * n_bins // max(len(labels), 1), []
    for number in np.unique(bins):
        member = bins == number
        inside = labels[member], mass[member]

        def rate(drawn: np.ndarray, inside: tuple[Any, ...] = inside) -> float:
            total = (drawn * inside[1]).sum()
            return float((drawn * inside[1] * inside[0]).sum() / total) if total > 0 else float("nan")

        ends = (None, None) if patients is None else interval(rate, patients[member])
        rows.append((int(number) + 1, int(member.sum()), float(np.average(risks[member], weights=mass[member])),
                     rate(np.ones(member.sum())), *ends))  # fmt: skip
    types = {"bin": pl.Int32, "n_rows": pl.Int64} | dict.fromkeys(("mean_risk", "observed_rate", "low", "high"), pl.Float64)
    return pl.DataFrame(rows, schema=types, orient="row").with_columns(pl.col("low", "high").fill_nan(None))


def net_benefit(
    labels: np.ndarray, risks: np.ndarray, thresholds: Sequence[float], weights: np.ndarray | None = None
) -> pl.DataFrame:
    """Decision curve (Vickers & Elkin 2006): for each `threshold`, the `net_benefit` of acting above it, and of acting on all."""
    mass = np.ones(len(labels)) if weights is None else weights
    true, false, rows = mass * labels, mass * (1 - labels), []
    for threshold in thresholds:
        odds, acted = threshold / (1 - threshold), risks >= threshold
        benefit = (true[acted].sum() - false[acted].sum() * odds) / mass.sum()
        rows.append((threshold, float(benefit), float((true.sum() - false.sum() * odds) / mass.sum())))
    return pl.DataFrame(rows, schema=["threshold", "net_benefit", "net_benefit_of_all"], orient="row")


def interval(
    statistic: Callable[[np.ndarray], float],
    groups: np.ndarray,
    *,
    weights: np.ndarray | float = 1.0,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile interval of `statistic(weights)` when patients (`groups`, shape (n,)) are drawn with replacement.

    A resample is expressed as row weights: how often each row's patient was drawn (Davison & Hinkley 1997, section 3.8),
    times the row's own weight if `weights` (n,) are given.
    (NaN, NaN) if the statistic is undefined in every resample.
    """
    patients, member = np.unique(groups, return_inverse=True)
    if len(patients) < 2:
        return float("nan"), float("nan")
    random = np.random.default_rng(seed)
    draws = (random.multinomial(len(patients), np.full(len(patients), 1 / len(patients))) for _ in range(resamples))
    values = np.array([statistic(draw[member] * weights) for draw in draws])
    values = values[np.isfinite(values)]
    low, high = np.quantile(values, [0.025, 0.975]) if len(values) else (float("nan"), float("nan"))
    return float(low), float(high)


def evaluate(
    labels: np.ndarray,
    risks: np.ndarray,
    patients: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    comparators: dict[str, np.ndarray] | None = None,
    capacity_share: float = 0.1,
    resamples: int = RESAMPLES,
) -> pl.DataFrame:
    """All metrics of a score as a table: one row per metric.

    In: `labels` (0 or 1), `risks` (0 to 1), `patients` (group of the row) and row `weights`, each of shape (n,);
    `comparators`: other scores of the same rows, such as the overdue rule, compared by rank only; `capacity_share`: the share of
    rows that a team can act on. Out: `metric`, `value`, `low`, `high` (95 % by patient; null if undefined), `n_rows`,
    `n_patients`, `n_events`.
    """
    labels, own = np.asarray(labels, dtype=float), np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=float)
    champion, others = Ranked(labels, risks), {name: Ranked(labels, score) for name, score in (comparators or {}).items()}

    def prevalence(mass: np.ndarray) -> float:
        return float((mass * labels).sum() / mass.sum())

    def gain_over(other: Ranked, mass: np.ndarray) -> float:
        return champion.auroc(mass) - other.auroc(mass)

    statistics: dict[str, Callable[[np.ndarray], float]] = {"auroc": champion.auroc, "auprc": champion.auprc}
    for name, other in others.items():
        statistics |= {f"auroc_{name}": other.auroc, f"auprc_{name}": other.auprc}
        statistics[f"auroc_gain_over_{name}"] = partial(gain_over, other)
    statistics |= {
        "calibration_slope": lambda mass: calibration_slope(labels, risks, mass),
        "observed_over_expected": lambda mass: observed_over_expected(labels, risks, mass),
        "expected_calibration_error": lambda mass: expected_calibration_error(labels, risks, mass),
        "brier": lambda mass: float((mass * (labels - risks) ** 2).sum() / mass.sum()),
        "prevalence": prevalence,
        "precision_at_capacity": lambda mass: champion.precision_at(capacity_share, mass),
        "lift_at_capacity": lambda mass: _ratio(champion.precision_at(capacity_share, mass), prevalence(mass)),
    }
    rows = []
    for name, statistic in statistics.items():
        low, high = interval(statistic, patients, weights=own, resamples=resamples)
        rows.append((name, statistic(own), low, high))
    table = pl.DataFrame(rows, orient="row", schema={"metric": pl.String} | dict.fromkeys(("value", "low", "high"), pl.Float64))
    return table.with_columns(pl.col("value", "low", "high").fill_nan(None)).with_columns(
        n_rows=pl.lit(len(labels), pl.Int64),
        n_patients=pl.lit(len(np.unique(patients)), pl.Int64),
        n_events=pl.lit(int(labels.sum()), pl.Int64),
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _logit(risks: np.ndarray) -> np.ndarray:
    clipped = np.clip(np.asarray(risks, dtype=float), 1e-6, 1 - 1e-6)
    return np.log(clipped / (1 - clipped))
