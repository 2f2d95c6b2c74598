"""Lists the group-time effects that a staggered panel allows, their controls, and how they aggregate.

ATT(g, t) is the mean change of cohort g from its base period to t, minus that of its controls: outcome regression without
covariates (Callaway & Sant'Anna, J. Econometrics 2021;225:200, equation 2.4). The base is the last period before g for t ≥ g,
and the period before t for t < g: the "varying" base of the R package `did`. Or, for t ≥ g, the mean of all periods before g.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.effects.panel import NEVER, Panel

PLACEBO_PERIODS = 6
"""Periods between the placebo date and the real one; fewer if the panel has fewer."""


@dataclass(frozen=True)
class Cell:
    """One group-time effect: positions of its cohort, its period and the periods whose mean is its base, and its control groups
    (the last group: never treated)."""

    cohort: int
    period: int
    base: np.ndarray
    controls: np.ndarray

    def change(self, outcome: np.ndarray) -> np.ndarray:
        """The change from the base, of outcomes (..., periods)."""
        return outcome[..., self.period] - outcome[..., self.base].mean(axis=-1)


@dataclass(frozen=True)
class Design:
    """The group-time effects that a panel allows, and their aggregates.

    `group` (units,) places each unit's cohort, the last place being the never treated. `shares` (aggregates × cells) holds c
    in Σ_k c_k p_k ATT_k / Σ_k c_k p_k, p_k the size of cell k's cohort; `names` names its rows.
    """

    clock: np.ndarray
    cohorts: np.ndarray
    group: np.ndarray
    cells: list[Cell]
    names: list[tuple[str, Any]]
    shares: np.ndarray

    @property
    def cell_cohorts(self) -> np.ndarray:
        return np.array([cell.cohort for cell in self.cells])

    @property
    def is_pre(self) -> np.ndarray:
        return np.array([self.clock[cell.period] < self.cohorts[cell.cohort] for cell in self.cells])

    @property
    def is_after(self) -> np.ndarray:
        """Which aggregates are the event study's from the first treated period on."""
        return np.array([kind == "event" and at >= 0 for kind, at in self.names])

    def controls(self, cell: Cell) -> np.ndarray:
        """Which units are a cell's controls, shape (units,)."""
        return cell.controls[self.group] > 0

    def effects(self, sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """ATT(g, t), shape (..., cells), from outcome sums (..., groups, periods) and sizes (..., groups)."""
        found = []
        for cell in self.cells:
            change = cell.change(sums)
            own = change[..., cell.cohort] / sizes[..., cell.cohort]
            found.append(own - (change @ cell.controls) / (sizes @ cell.controls))
        return np.stack(found, axis=-1)

    def statistics(self, sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """The cells' effects, the aggregates and, last, the dynamic overall: shape (..., statistics)."""
        cells = self.effects(sums, sizes)
        cohort_sizes = sizes[..., self.cell_cohorts]
        aggregates = ((cells * cohort_sizes) @ self.shares.T) / (cohort_sizes @ self.shares.T)
        dynamic = aggregates[..., self.is_after].mean(axis=-1, keepdims=True)
        return np.concatenate([cells, aggregates, dynamic], axis=-1)

    @property
    def simple(self) -> int:
        """The position of the simple aggregate among the statistics."""
        return len(self.cells) + [kind for kind, _ in self.names].index("simple")


def make_design(panel: Panel, control: str, base: str = "last") -> Design:
    """The group-time effects and aggregates that the panel allows with these controls ("never" or "notyet") and this base
    ("last" or "all" of the periods before joining)."""
    cohorts, clock = panel.cohorts, panel.clock
    joined = np.append(cohorts, NEVER)
    cells = []
    for g, start in enumerate(cohorts):
        earlier = np.arange(np.searchsorted(clock, start))
        for t in range(1, len(clock)):
            periods = np.array([t - 1]) if clock[t] < start else earlier if base == "all" else earlier[-1:]
            later = joined == NEVER if control == "never" else (joined > clock[t]) & (joined != start)
            cells.append(Cell(g, t, periods, later.astype(float)))
    cohort = np.array([cell.cohort for cell in cells])
    at = np.array([clock[cell.period] for cell in cells])
    event = at - cohorts[cohort]
    post = event >= 0
    names: list[tuple[str, Any]] = [("event", e) for e in np.unique(event)]
    rows = [event == e for _, e in names]
    names += [("group", g) for g in cohorts]
    rows += [post & (cohorts[cohort] == g) for g in cohorts]
    n_post = np.array([(post & (cohort == g)).sum() for g in cohort])
    names += [("simple", None), ("group_overall", None)]
    rows += [post, post / n_post]
    before = _before(clock, cohorts, cells)
    if before:
        h = min([PLACEBO_PERIODS, *map(len, before)])
        names += [("placebo", h), ("pre_slope", None)]
        rows += _placebo_and_slope(before, h, len(cells))
    return Design(clock, cohorts, np.searchsorted(joined, panel.first_treated), cells, names, np.array(rows, dtype=float))


def _before(clock: np.ndarray, cohorts: np.ndarray, cells: list[Cell]) -> list[list[int]]:
    """For each cohort that has any, its cells before joining, in order."""
    own = [
        [k for k, cell in enumerate(cells) if cell.cohort == g and clock[cell.period] < start] for g, start in enumerate(cohorts)
    ]
    return [one for one in own if one]


def _placebo_and_slope(before: list[list[int]], h: int, n_cells: int) -> list[np.ndarray]:
    """Cell weights for the effect at a placebo date, and for the slope of treated against controls before joining.

    δ_1 … δ_m are a cohort's effects before joining, each against the period before it. Had it joined h periods earlier, the
    effect in the k-th of these periods would be the sum of the first k of the last h; over the h periods the j-th counts in
    h - j + 1 of them. Least squares through the m + 1 levels that the δ add up to has the slope
    Σ j (m + 1 - j) δ_j / Σ j (m + 1 - j). Both are scaled to one period's change.
    """
    placebo, slope = np.zeros(n_cells), np.zeros(n_cells)
    for own in before:
        placebo[own[-h:]] = np.arange(h, 0, -1)
        j = np.arange(1, len(own) + 1)
        slope[own] = j * j[::-1]
    return [placebo, slope]
