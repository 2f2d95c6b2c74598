"""Inference for a staggered program in few clusters: who joined when, dealt again among the clusters.

Where which cluster joined when was as good as drawn by lot, the test has its size with any number of clusters (Fisher 1935;
MacKinnon & Webb, J. Econometrics 2020;218:435). A constant effect τ is kept when the estimate from outcomes less τ is not among
the 5 % farthest from zero of those from re-dealt assignments. Estimates are linear in the outcome, so that with r and d the
re-dealt estimates of the outcome less the estimated effect and of the treatment itself, and δ the distance of τ above the
estimate, assignment b keeps δ while |r_b - δ d_b| ≥ |δ|: up to r / (1 + d) or -r / (1 - d), and the interval needs no search.
"""

import numpy as np

from ml.effects.estimate import CONFIDENCE
from ml.effects.influence import Uncertainty, group_totals, influence_inference
from ml.effects.panel import Panel
from ml.effects.staggered_design import Design

DRAWS = 1999
BATCH = 100


def randomisation_inference(panel: Panel, design: Design, seed: int) -> Uncertainty:
    """All statistics of the design with the simple aggregate's interval from re-dealt assignments.

    Standard errors are the spread of the re-dealt estimates with the estimated effect taken out; the other statistics'
    intervals are their 95 % farthest. The interval is infinite where there are too few ways to deal for 5 %.
    Where treatment differs within clusters there is nothing to re-deal: then Student's t with C - 1 degrees of freedom.
    """
    n_clusters = int(panel.clusters.max()) + 1
    cluster_group = np.full(n_clusters, -1)
    cluster_group[panel.clusters] = design.group
    if (cluster_group[panel.clusters] != design.group).any():
        return influence_inference(panel, design, 0, seed, few_clusters=True)
    estimates = design.statistics(*group_totals(panel, design))
    simple = design.simple

    member = np.eye(n_clusters)[panel.clusters]
    sums, sizes = member.T @ panel.outcome, member.sum(axis=0)
    treatment = (panel.clock >= np.append(design.cohorts, np.inf)[cluster_group][:, None]) * sizes[:, None]
    random = np.random.default_rng(seed)
    r, d = np.empty((DRAWS, len(estimates))), np.empty(DRAWS)
    for start in range(0, DRAWS, BATCH):
        batch = slice(start, min(start + BATCH, DRAWS))
        groups = random.permuted(np.tile(cluster_group, (batch.stop - start, 1)), axis=1)
        dealt = np.eye(len(design.cohorts) + 1)[groups].swapaxes(1, 2)
        r[batch] = design.statistics(dealt @ (sums - estimates[simple] * treatment), dealt @ sizes)
        d[batch] = design.statistics(dealt @ treatment, dealt @ sizes)[:, simple]
    half = np.quantile(np.abs(r), CONFIDENCE, axis=0)
    intervals = np.column_stack([estimates - half, estimates + half])
    up, down = _reach(r[:, simple], d), _reach(-r[:, simple], d)
    intervals[simple] = estimates[simple] - _bound(down), estimates[simple] + _bound(up)
    pre_trend = _pre_trend(estimates, r, np.flatnonzero(design.is_pre))
    inference = f"randomisation inference, {DRAWS} re-dealt assignments of {n_clusters} clusters"
    return Uncertainty(estimates, r.std(axis=0), intervals, inference, pre_trend)


def _reach(r: np.ndarray, d: np.ndarray) -> np.ndarray:
    """How far above the estimate each assignment keeps a constant effect; infinite where it deals the same or its mirror."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.fmax(r / (1 + d), -r / (1 - d))
    return np.where(1 - np.abs(d) < 1e-9, np.inf, reach)


def _bound(reach: np.ndarray) -> float:
    """The largest distance that is kept by more than 5 % of all assignments, the actual one counted as one of them."""
    kept = int(np.floor((1 - CONFIDENCE) * (len(reach) + 1)))
    return float(np.sort(reach)[-kept])


def _pre_trend(estimates: np.ndarray, r: np.ndarray, is_pre: np.ndarray) -> dict[str, float] | None:
    if not len(is_pre):
        return None
    inverse = np.linalg.pinv(np.atleast_2d(np.cov(r[:, is_pre].T)))
    actual = float(estimates[is_pre] @ inverse @ estimates[is_pre])
    dealt = np.einsum("bk,kl,bl->b", r[:, is_pre], inverse, r[:, is_pre])
    p_value = (1 + (dealt >= actual - 1e-12).sum()) / (len(dealt) + 1)
    return {"statistic": actual, "degrees_of_freedom": len(is_pre), "p_value": float(p_value)}
