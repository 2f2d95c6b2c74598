"""Which group-time effects a staggered panel offers, against whom, and how they add up.

ATT(g, t) is the mean change of cohort g from its base period to t, less that of its controls: outcome regression without
covariates (Callaway & Sant'Anna, J. Econometrics 2021;225:200, equation 2.4). The base is the last period before g for t ≥ g,
and the one before t for t < g: the "varying" base of the R package `did`.
"""

from dataclasses import dataclass

import numpy as np

from ml.effects.panel import NEVER, Panel


@dataclass(frozen=True)
class Cell:
    """One group-time effect: positions of its cohort and periods, and which groups (the last: never treated) control it."""

    cohort: int
    period: int
    base: int
    controls: np.ndarray


@dataclass(frozen=True)
class Design:
    """The group-time effects that a panel offers, and the aggregates made of them.

    `group` (units,) places each unit's cohort, the last place being the never treated. `shares` (aggregates × cells) holds c
    in Σ_k c_k p_k ATT_k / Σ_k c_k p_k, p_k the size of cell k's cohort; `names` names its rows.
    """

    clock: np.ndarray
    cohorts: np.ndarray
    group: np.ndarray
    cells: list[Cell]
    names: list[tuple[str, object]]
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
            change = sums[..., cell.period] - sums[..., cell.base]
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
        """The place of the simple aggregate among the statistics."""
        return len(self.cells) + [kind for kind, _ in self.names].index("simple")


def make_design(panel: Panel, control: str) -> Design:
    """Which group-time effects and aggregates the panel offers with these controls ("never" or "notyet")."""
    cohorts, clock = panel.cohorts, panel.clock
    joined = np.append(cohorts, NEVER)
    cells = []
    for g, start in enumerate(cohorts):
        for t in range(1, len(clock)):
            base = t - 1 if clock[t] < start else int(np.searchsorted(clock, start)) - 1
            later = joined == NEVER if control == "never" else (joined > clock[max(t, base)]) & (joined != start)
            cells.append(Cell(g, t, base, later.astype(float)))
    cohort = np.array([cell.cohort for cell in cells])
    at = np.array([clock[cell.period] for cell in cells])
    event = at - cohorts[cohort]
    post = event >= 0
    names: list[tuple[str, object]] = [("event", e) for e in np.unique(event)]
    rows = [event == e for _, e in names]
    names += [("group", g) for g in cohorts]
    rows += [post & (cohorts[cohort] == g) for g in cohorts]
    n_post = np.array([(post & (cohort == g)).sum() for g in cohort])
    names += [("simple", None), ("group_overall", None)]
    rows += [post, post / n_post]
    return Design(clock, cohorts, np.searchsorted(joined, panel.first_treated), cells, names, np.array(rows, dtype=float))
