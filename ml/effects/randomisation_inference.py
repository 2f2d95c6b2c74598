"""Inference for a staggered program in few clusters: who joined when, dealt again among the clusters.

Where which cluster joined when was as good as drawn by lot, the test has its size with any number of clusters (Fisher 1935;
MacKinnon & Webb, J. Econometrics 2020;218:435). A constant effect τ is kept when the estimate from outcomes less τ is not among
the 5 % farthest from zero of those from re-dealt assignments. Estimates are linear in the outcome, so that with r and d the
re-dealt estimates of the outcome less the estimated effect and of the treatment itself, and δ the distance of τ above the
estimate, assignment b keeps δ while |r_b - δ d_b| ≥ |δ|: up to r / (1 + d) or -r / (1 - d), and the interval needs no search.
"""

from collections import Counter
from collections.abc import Iterator
from math import factorial, prod

import numpy as np

from ml.effects.estimate import CONFIDENCE
from ml.effects.influence import Uncertainty, group_totals, influence_inference
from ml.effects.panel import Panel
from ml.effects.staggered_design import Design

DRAWS = 1999
BATCH = 100


def randomisation_inference(panel: Panel, design: Design, seed: int) -> Uncertainty:
    """All statistics of the design with the simple aggregate's interval from re-dealt assignments.

    All assignments are taken where there are no more than 2,000, else 1,999 at random. Standard errors are the spread of the
    re-dealt estimates with the estimated effect taken out; the other statistics' intervals are their 95 % farthest. An interval
    is infinite where there are too few ways to deal for 5 %.
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
    deals, told = _deals(cluster_group, np.random.default_rng(seed))
    r, d = np.empty((len(deals), len(estimates))), np.empty(len(deals))
    for start in range(0, len(deals), BATCH):
        batch = slice(start, start + BATCH)
        dealt = np.eye(len(design.cohorts) + 1)[deals[batch]].swapaxes(1, 2)
        r[batch] = design.statistics(dealt @ (sums - estimates[simple] * treatment), dealt @ sizes)
        d[batch] = design.statistics(dealt @ treatment, dealt @ sizes)[:, simple]
    half = np.array([_bound(one) for one in np.abs(r).T])
    intervals = np.column_stack([estimates - half, estimates + half])
    up, down = _reach(r[:, simple], d), _reach(-r[:, simple], d)
    intervals[simple] = estimates[simple] - _bound(down), estimates[simple] + _bound(up)
    pre_trend = _pre_trend(estimates, r, np.flatnonzero(design.is_pre))
    inference = f"randomisation inference, {told} of {n_clusters} clusters"
    # About zero: the estimated effect was taken out, and two clusters have one other deal, whose spread about itself is none.
    return Uncertainty(estimates, np.sqrt((r**2).mean(axis=0)), intervals, inference, pre_trend)


def _deals(groups: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, str]:
    """Other assignments of `groups` (clusters,) to the clusters, shape (deals, clusters): all there are, or `DRAWS` of them."""
    ways = factorial(len(groups)) // prod(factorial(int(size)) for size in np.bincount(groups))
    if ways - 1 <= DRAWS:
        others = [deal for deal in _arrangements(Counter(groups.tolist())) if deal != tuple(groups.tolist())]
        return np.array(others), f"all {ways} assignments"
    return random.permuted(np.tile(groups, (DRAWS, 1)), axis=1), f"{DRAWS} re-dealt assignments"


def _arrangements(left: Counter) -> Iterator[tuple[int, ...]]:
    """Every distinct order of a multiset."""
    if not left.total():
        yield ()
    for group in [group for group, size in left.items() if size]:
        left[group] -= 1
        yield from ((group, *rest) for rest in _arrangements(left))
        left[group] += 1


def _reach(r: np.ndarray, d: np.ndarray) -> np.ndarray:
    """How far above the estimate each assignment keeps a constant effect; infinite where it deals the same or its mirror."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.fmax(r / (1 + d), -r / (1 - d))
    return np.where(1 - np.abs(d) < 1e-9, np.inf, reach)


def _bound(reach: np.ndarray) -> float:
    """The largest distance that is kept by more than 5 % of all assignments, the actual one counted as one of them."""
    kept = int(np.floor((1 - CONFIDENCE) * (len(reach) + 1) + 1e-9))
    return float(np.sort(reach)[-kept]) if kept else np.inf


def _pre_trend(estimates: np.ndarray, r: np.ndarray, is_pre: np.ndarray) -> dict[str, float] | None:
    """The largest of |effect| / spread before treatment against those of the re-dealt assignments.

    A Wald statistic says nothing here: five sites with 54 effects before treatment are as far from zero in every deal.
    """
    spread = np.sqrt((r[:, is_pre] ** 2).mean(axis=0))
    is_pre, spread = is_pre[spread > 0], spread[spread > 0]
    if not len(is_pre):
        return None
    actual = float(np.abs(estimates[is_pre] / spread).max())
    dealt = np.abs(r[:, is_pre] / spread).max(axis=1)
    p_value = (1 + (dealt >= actual - 1e-12).sum()) / (len(dealt) + 1)
    return {"statistic": actual, "degrees_of_freedom": len(is_pre), "p_value": float(p_value)}
