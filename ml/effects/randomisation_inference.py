"""Randomisation inference for a staggered program in few clusters: joining dates are re-assigned among the clusters.

If joining dates were as good as random, the test has its nominal size with any number of clusters (Fisher 1935; MacKinnon &
Webb, J. Econometrics 2020;218:435). The interval contains a constant effect τ if the estimate from outcomes minus τ is not
among the 5 % of re-assigned estimates farthest from zero. Estimates are linear in the outcome. Let r be the re-assigned
estimates of the outcome minus the estimated effect, d those of the treatment itself, and δ = τ - estimate: then assignment b
keeps δ while |r_b - δ d_b| ≥ |δ|, that is up to r / (1 + d) or -r / (1 - d), and the interval needs no search.
"""

from collections import Counter
from collections.abc import Iterator
from math import factorial, prod
from typing import Any

import numpy as np

from ml.effects.estimate import CONFIDENCE
from ml.effects.influence import Uncertainty, group_totals, influence_inference
from ml.effects.panel import Panel
from ml.effects.staggered_design import Design

DRAWS = 1999
BATCH = 100


def randomisation_inference(panel: Panel, design: Design, seed: int) -> Uncertainty:
    """All statistics of the design, with the simple aggregate's interval from re-assigned joining dates.

    Uses all assignments if there are at most 2,000, otherwise 1,999 random ones. Standard errors are the spread of the
    re-assigned estimates with the estimated effect removed; the other statistics' intervals are quantiles of these. An interval
    is infinite if there are too few assignments for 5 %.
    If treatment differs within clusters, nothing can be re-assigned: Student's t with C - 1 degrees of freedom is used instead.
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
    others, method = _assignments(cluster_group, np.random.default_rng(seed))
    r, d = np.empty((len(others), len(estimates))), np.empty(len(others))
    for start in range(0, len(others), BATCH):
        batch = slice(start, start + BATCH)
        assigned = np.eye(len(design.cohorts) + 1)[others[batch]].swapaxes(1, 2)
        r[batch] = design.statistics(assigned @ (sums - estimates[simple] * treatment), assigned @ sizes)
        d[batch] = design.statistics(assigned @ treatment, assigned @ sizes)[:, simple]
    half = np.array([_bound(one) for one in np.abs(r).T])
    intervals = np.column_stack([estimates - half, estimates + half])
    up, down = _reach(r[:, simple], d), _reach(-r[:, simple], d)
    intervals[simple] = estimates[simple] - _bound(down), estimates[simple] + _bound(up)
    pre_trend = _pre_trend(estimates, r, np.flatnonzero(design.is_pre))
    inference = f"randomisation inference, {method} of {n_clusters} clusters"
    # Spread about zero: the effect was removed, and two clusters have one other assignment, which has no spread about its mean.
    return Uncertainty(estimates, np.sqrt((r**2).mean(axis=0)), intervals, inference, pre_trend)


def _assignments(groups: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, str]:
    """Other assignments of `groups` (clusters,) to the clusters, shape (others, clusters): all there are, or `DRAWS` of them."""
    ways = factorial(len(groups)) // prod(factorial(int(size)) for size in np.bincount(groups))
    if ways - 1 <= DRAWS:
        others = [way for way in _arrangements(Counter(groups.tolist())) if way != tuple(groups.tolist())]
        return np.array(others), f"all {ways} assignments"
    return random.permuted(np.tile(groups, (DRAWS, 1)), axis=1), f"{DRAWS} random assignments"


def _arrangements(left: Counter[Any]) -> Iterator[tuple[int, ...]]:
    """Every distinct order of a multiset."""
    if not left.total():
        yield ()
    for group in [group for group, size in left.items() if size]:
        left[group] -= 1
        yield from ((group, *rest) for rest in _arrangements(left))
        left[group] += 1


def _reach(r: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Distance above the estimate up to which each assignment keeps an effect; infinite for the actual one and its mirror."""
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.fmax(r / (1 + d), -r / (1 - d))
    return np.where(1 - np.abs(d) < 1e-9, np.inf, reach)


def _bound(reach: np.ndarray) -> float:
    """The largest distance kept by more than 5 % of all assignments, including the actual one."""
    kept = int(np.floor((1 - CONFIDENCE) * (len(reach) + 1) + 1e-9))
    return float(np.sort(reach)[-kept]) if kept else np.inf


def _pre_trend(estimates: np.ndarray, r: np.ndarray, is_pre: np.ndarray) -> dict[str, float] | None:
    """Tests the largest |effect| / spread before treatment against that of the re-assigned dates.

    A Wald statistic is useless here: five sites with 54 effects before treatment are equally far from zero in every assignment.
    """
    spread = np.sqrt((r[:, is_pre] ** 2).mean(axis=0))
    is_pre, spread = is_pre[spread > 0], spread[spread > 0]
    if not len(is_pre):
        return None
    actual = float(np.abs(estimates[is_pre] / spread).max())
    assigned = np.abs(r[:, is_pre] / spread).max(axis=1)
    p_value = (1 + (assigned >= actual - 1e-12).sum()) / (len(assigned) + 1)
    return {"statistic": actual, "degrees_of_freedom": len(is_pre), "p_value": float(p_value)}
