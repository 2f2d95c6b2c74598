"""Standard errors of group-time effects by their influence functions, for many clusters.

ψ_i(g, t) = n 1{i in g} (ΔY_i - mean_g) / n_g - n 1{i in C} (ΔY_i - mean_C) / n_C; an aggregate's is the weighted sum of them,
plus what i adds to the estimated cohort sizes (Callaway & Sant'Anna 2021, theorems 2 and 3, corollary 2).
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtri, stdtrit

from ml.effects.estimate import CONFIDENCE
from ml.effects.panel import Panel
from ml.effects.staggered_design import Design

NORMAL = float(ndtri((1 + CONFIDENCE) / 2))


@dataclass(frozen=True)
class Uncertainty:
    """All statistics of a design, cells first, then its aggregates, the dynamic overall last.

    `estimates` and `standard_errors` are (statistics,), `intervals` (statistics, 2), `bands` likewise or None: simultaneous
    over the group-time effects, the event study, and the groups. `pre_trend` holds statistic, degrees_of_freedom and p_value.
    """

    estimates: np.ndarray
    standard_errors: np.ndarray
    intervals: np.ndarray
    inference: str
    pre_trend: dict[str, float] | None = None
    bands: np.ndarray | None = None


def group_totals(panel: Panel, design: Design) -> tuple[np.ndarray, np.ndarray]:
    """Outcome sums (groups, periods) and sizes (groups,), the never treated last."""
    member = np.eye(len(design.cohorts) + 1)[design.group]
    return member.T @ panel.outcome, member.sum(axis=0)


def influence_inference(panel: Panel, design: Design, draws: int, seed: int, *, few_clusters: bool = False) -> Uncertainty:
    """Standard errors clustered by `panel.clusters`, pointwise normal intervals; `draws` > 0: by multiplier bootstrap.

    With `few_clusters`, the variance is scaled by C / (C - 1) and the interval is Student's with C - 1 degrees of freedom.
    """
    sums, sizes = group_totals(panel, design)
    estimates = design.statistics(sums, sizes)
    psi = _influence(panel, design, estimates, sizes)
    n_clusters = int(panel.clusters.max()) + 1
    clustered = np.zeros((n_clusters, psi.shape[1]))
    np.add.at(clustered, panel.clusters, psi / len(psi))
    covariance = clustered.T @ clustered
    errors, critical, inference = np.sqrt(np.diag(covariance)), NORMAL, "clustered influence function, normal interval"
    bands = None
    if few_clusters:
        errors = errors * np.sqrt(n_clusters / (n_clusters - 1))
        critical = float(stdtrit(n_clusters - 1, (1 + CONFIDENCE) / 2))
        inference = "clustered influence function, t interval: few clusters, each with treated and untreated units"
    elif draws:
        errors, bands = _multiplier_bootstrap(design, estimates, clustered, draws, seed)
        inference = f"multiplier bootstrap of the clustered influence function, {draws} draws"
    half = critical * errors
    intervals = np.column_stack([estimates - half, estimates + half])
    is_pre = np.flatnonzero(design.is_pre)
    pre_trend = wald_test(estimates[is_pre], covariance[np.ix_(is_pre, is_pre)])
    return Uncertainty(estimates, errors, intervals, inference, pre_trend, bands)


def wald_test(estimates: np.ndarray, covariance: np.ndarray) -> dict[str, float] | None:
    """The Wald test that all `estimates` are zero; None where there are none, or their covariance is singular."""
    if not len(estimates) or np.linalg.matrix_rank(covariance) < len(estimates):
        return None
    statistic = float(estimates @ np.linalg.solve(covariance, estimates))
    freedom = len(estimates)
    return {"statistic": statistic, "degrees_of_freedom": freedom, "p_value": float(chdtrc(freedom, statistic))}


def _influence(panel: Panel, design: Design, estimates: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """ψ, shape (units, statistics)."""
    n, n_cells = sizes.sum(), len(design.cells)
    cells = np.empty((len(panel.units), n_cells))
    for k, cell in enumerate(design.cells):
        change = cell.change(panel.outcome)
        own, control = design.group == cell.cohort, design.controls(cell)
        cells[:, k] = (
            own * (change - change[own].mean()) / own.sum() - control * (change - change[control].mean()) / control.sum()
        )
    cells *= n
    scaled = design.shares * sizes[design.cell_cohorts]
    total = scaled.sum(axis=1, keepdims=True)
    excess = estimates[:n_cells] - estimates[n_cells:-1, None]
    by_cohort_size = (design.shares * n / total * excess) @ np.eye(len(sizes))[design.cell_cohorts]
    aggregates = cells @ (scaled / total).T + by_cohort_size.T[design.group]
    dynamic = aggregates[:, design.is_after].mean(axis=1, keepdims=True)
    return np.hstack([cells, aggregates, dynamic])


def _multiplier_bootstrap(
    design: Design, estimates: np.ndarray, clustered: np.ndarray, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors from the quartiles of Rademacher draws, as `did` takes them, and bands simultaneous within each table."""
    random = np.random.default_rng(seed)
    drawn = np.array([random.choice((-1.0, 1.0), len(clustered)) @ clustered for _ in range(draws)])
    quartiles = np.quantile(drawn, (0.25, 0.75), axis=0)
    errors = (quartiles[1] - quartiles[0]) / (2 * ndtri(0.75))
    kinds = np.array(["cell"] * len(design.cells) + [kind for kind, _ in design.names] + ["dynamic_overall"])
    half = np.empty_like(errors)
    for kind in np.unique(kinds):
        table = (kinds == kind) & (errors > 0)
        ratio = np.abs(drawn[:, table]) / errors[table]
        half[kinds == kind] = errors[kinds == kind] * np.quantile(ratio.max(axis=1), CONFIDENCE)
    return errors, np.column_stack([estimates - half, estimates + half])
