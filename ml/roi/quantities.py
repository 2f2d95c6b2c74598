"""The uncertain inputs of a valuation (effects, measured unit values, assumptions), as draws or at a quantile.

Each quantity has its own random stream, derived from the seed and its name, so two scenarios differ only by their assumptions,
and adding a quantity changes no other. Quantities are drawn independently; one that enters several benefits, such as the
contribution margin, has the same draw in all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from scipy.special import ndtri

from ml.roi.scenario import ASSUMPTIONS, UNIT_VALUES, Scenario
from models.wording import named

SEED = 20_260_101
DRAWS = 10_000
Z = float(ndtri(0.975))
Values = dict[str, np.ndarray]


@dataclass(frozen=True)
class Effect:
    """A causal effect on an outcome, in the unit of its KPI, with its 95 % interval. `bounds` keeps shares between 0 and 1."""

    estimate: float
    low: float
    high: float
    grade: str
    design: str
    bounds: tuple[float, float] = (-np.inf, np.inf)
    unit: str = "share"

    @property
    def is_significant(self) -> bool:
        """Statistically significant: the interval excludes zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Measured:
    """A unit value with its standard error, and a description of what was measured."""

    value: float
    standard_error: float
    basis: str = ""


@dataclass(frozen=True)
class Quantity:
    """One uncertain number; `at` is its inverse distribution function."""

    name: str
    source: str
    unit: str
    central: float
    below: float
    above: float
    basis: str
    bounds: tuple[float, float] = (-np.inf, np.inf)

    def at(self, share: np.ndarray) -> np.ndarray:
        """The quantile at `share`.

        Assumptions have a triangular distribution from `below` to `above`. All others are normal, with the standard deviations
        `below` and `above` for the two halves, which differ if the interval is not symmetric.
        """
        if self.source == "assumed":
            return _triangle(self.below, self.central, self.above, share)
        z = ndtri(share)
        return np.clip(self.central + z * np.where(z < 0, self.below, self.above), *self.bounds)

    def draws(self, n: int, seed: int) -> np.ndarray:
        """Shape (n, 1)."""
        random = np.random.default_rng([seed, crc32(self.name.encode())])
        return self.at(random.random(n).clip(1e-12, 1 - 1e-12))[:, None]


def quantities(scenario: Scenario, effects: Mapping[str, Effect], measured: Mapping[str, Measured]) -> dict[str, Quantity]:
    """All quantities of a valuation by name; effects as `effect:<outcome>`. A unit value in the scenario replaces the measured
    one."""
    found = {}
    for outcome, effect in effects.items():
        below, above = (effect.estimate - effect.low) / Z, (effect.high - effect.estimate) / Z
        basis = f"{named(effect.design)}, grade {effect.grade}"
        found[f"effect:{outcome}"] = Quantity(
            f"effect:{outcome}", "effect", effect.unit, effect.estimate, below, above, basis, effect.bounds
        )
    for name, value in measured.items():
        if name in UNIT_VALUES and name not in scenario.ranges:
            unit, least, greatest = UNIT_VALUES[name]
            error = value.standard_error
            found[name] = Quantity(name, "measured", unit, value.value, error, error, value.basis, (least, greatest))
    for name, chosen in scenario.ranges.items():
        unit = (ASSUMPTIONS | UNIT_VALUES)[name][0]
        found[name] = Quantity(name, "assumed", unit, chosen.central, chosen.low, chosen.high, chosen.basis)
    return found


def _triangle(low: float, mode: float, high: float, share: np.ndarray) -> np.ndarray:
    if high == low:
        return np.full_like(share, mode)
    turn = (mode - low) / (high - low)
    rising = low + np.sqrt(share * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - share) * (high - low) * (high - mode))
    return np.where(share < turn, rising, falling)
