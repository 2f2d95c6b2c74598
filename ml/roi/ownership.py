"""Total cost of ownership: what a program costs in each of its first five years, whatever it brings."""

import numpy as np
import polars as pl

from ml.roi.cash_flows import program_costs
from ml.roi.quantities import DRAWS, SEED, quantities
from ml.roi.scenario import Scenario
from ml.roi.sensitivity import discount_factors
from ml.roi.volumes import Volumes

OWNED_MONTHS = 60
TOTAL = "total"


def ownership_costs(scenario: Scenario, volumes: Volumes, *, draws: int = DRAWS, seed: int = SEED) -> pl.DataFrame:
    """Costs by category and year under `scenario`; `volumes` over `OWNED_MONTHS`.

    `category` (and `total`), `year` from 1, `is_projected`, and in US dollars, means of the draws that `value_program` makes
    too, in whole dollars, so that categories and years add up as they are read: `amount_usd`, `discounted_usd` (to the first
    month), and both summed from the first year on: `amount_so_far_usd`, `discounted_so_far_usd`.
    """
    drawn = {name: quantity.draws(draws, seed) for name, quantity in quantities(scenario, {}, {}).items()}
    factors = discount_factors(drawn["discount_rate"], volumes.n_months)
    costs = {
        category: (_by_year(amounts), _by_year(amounts * factors)) for category, amounts in program_costs(drawn, volumes).items()
    }
    nothing = np.zeros(volumes.n_months // 12)
    costs[TOTAL] = (sum((plain for plain, _ in costs.values()), nothing), sum((later for _, later in costs.values()), nothing))
    rows = []
    for category, (plain, discounted) in costs.items():
        so_far, discounted_so_far = np.cumsum(plain), np.cumsum(discounted)
        for year in range(len(plain)):
            rows.append(
                {
                    "category": category,
                    "year": year + 1,
                    "amount_usd": float(plain[year]),
                    "discounted_usd": float(discounted[year]),
                    "amount_so_far_usd": float(so_far[year]),
                    "discounted_so_far_usd": float(discounted_so_far[year]),
                    "is_projected": 12 * (year + 1) > volumes.n_observed,
                }
            )
    return pl.DataFrame(rows)


def _by_year(amounts: np.ndarray) -> np.ndarray:
    """Mean over the draws of the sum of each year, in whole dollars; `amounts` is draws x months."""
    return amounts.mean(axis=0).reshape(-1, 12).sum(axis=1).round()
