"""The tornado: which uncertain inputs matter most, and at which value of each the program breaks even."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from scipy.optimize import brentq

from ml.roi.cash_flows import cash_flows
from ml.roi.finance import rate_per_month
from ml.roi.quantities import Quantity, Values
from ml.roi.scenario import ASSUMPTIONS, UNIT_VALUES
from ml.roi.volumes import Volumes

LOW, HIGH = 0.05, 0.95
FARTHEST = 1e-4
"""The break-even of an effect is searched between this quantile and its mirror."""


def discount_factors(annual_rate: np.ndarray, n_months: int) -> np.ndarray:
    """Discount factor of each month, the first undiscounted; shape (draws, months) for rates of (draws, 1)."""
    return (1 + rate_per_month(annual_rate)) ** -np.arange(n_months)


def net_present_values(values: Values, volumes: Volumes) -> np.ndarray:
    """Net present value of each draw of `values`, whose arrays are (draws, 1); shape (draws,)."""
    factors = discount_factors(values["discount_rate"], volumes.n_months)
    return (cash_flows(values, volumes).net * factors).sum(axis=1)


def tornado(known: Mapping[str, Quantity], volumes: Volumes) -> pl.DataFrame:
    """One row per quantity: its 5th percentile, centre and 95th percentile; the net present value at each, with all others at
    their centre; the swing between the ends and its rank; and the break-even, at which the net present value is zero (or null).
    """
    ends = np.array([LOW, HIGH])
    rows, central = [], {name: quantity.central for name, quantity in known.items()}
    for name, quantity in known.items():
        low, high = quantity.at(ends)
        tried = np.array([low, quantity.central, high])
        npv = _npv(central, name, tried, volumes)
        rows.append(
            {
                "assumption": name,
                "source": quantity.source,
                "unit": quantity.unit,
                "low": float(low),
                "central": float(quantity.central),
                "high": float(high),
                "npv_low_usd": float(npv[0]),
                "npv_central_usd": float(npv[1]),
                "npv_high_usd": float(npv[2]),
                "swing_usd": float(abs(npv[2] - npv[0])),
                "break_even": _break_even(central, quantity, volumes),
                "basis": quantity.basis,
            }
        )
    table = pl.DataFrame(rows, schema_overrides={"break_even": pl.Float64})
    ordered = table.sort(["swing_usd", "assumption"], descending=[True, False])
    return ordered.with_columns(swing_rank=pl.int_range(1, pl.len() + 1))


def _npv(central: Mapping[str, float], name: str, tried: np.ndarray, volumes: Volumes) -> np.ndarray:
    values = {other: np.full((len(tried), 1), value) for other, value in central.items()}
    return net_present_values(values | {name: tried[:, None]}, volumes)


def _break_even(central: Mapping[str, float], quantity: Quantity, volumes: Volumes) -> float | None:
    """The value nearest to the centre at which the net present value is zero, within the quantity's bounds."""
    low, high = _reach(quantity)
    grid = np.unique(np.append(np.linspace(low, high, 201), quantity.central))
    worth = _npv(central, quantity.name, grid, volumes)
    turns = np.flatnonzero(np.sign(worth[:-1]) * np.sign(worth[1:]) < 0)
    if not len(turns):
        return None
    nearest = turns[np.abs(grid[turns] - quantity.central).argmin()]
    return float(
        brentq(lambda x: _npv(central, quantity.name, np.array([x]), volumes)[0], grid[nearest], grid[nearest + 1], xtol=1e-9)
    )


def _reach(quantity: Quantity) -> tuple[float, float]:
    bounds = (ASSUMPTIONS | UNIT_VALUES).get(quantity.name)
    if bounds is not None:
        _, least, greatest = bounds
        # For amounts of money, ten times the centre is far enough.
        return float(least), float(min(greatest, max(10 * quantity.central, 1.0)))
    ends = quantity.at(np.array([FARTHEST, 1 - FARTHEST]))
    farthest = max(abs(ends[0]), abs(ends[1]))
    return -farthest, farthest
