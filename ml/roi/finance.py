"""Values a stream of cash flows: present value, internal rate of return, payback."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import brentq

_RATES = (-0.99, 10.0)


def rate_per_month(annual_rate: Any) -> Any:
    """The monthly rate that compounds to `annual_rate`, a number or an array, over twelve months: (1 + r)^(1/12) - 1."""
    return (1 + annual_rate) ** (1 / 12) - 1


def rate_per_year(monthly_rate: float) -> float:
    """The annual rate that twelve months at `monthly_rate` compound to: (1 + r)^12 - 1."""
    return (1 + monthly_rate) ** 12 - 1


def net_present_value(rate: float, flows: Sequence[float] | np.ndarray, *, first_period: int = 0) -> float:
    """Σ flow_t / (1 + rate)^(t + first_period), in the flows' unit; `rate` per period, as a fraction above -1.

    `first_period` 0 leaves the first flow undiscounted, like an investment made today; 1 discounts it by a whole period, like
    NPV in spreadsheets.
    """
    if rate <= -1:
        raise ValueError("a discount rate must lie above -1")
    periods = np.arange(len(flows)) + first_period
    return float((np.asarray(flows, dtype=float) / (1 + rate) ** periods).sum())


def internal_rate_of_return(flows: Sequence[float] | np.ndarray) -> float:
    """The rate per period, a fraction from -0.99 to 10, at which the present value of `flows` is zero.

    Raises `ValueError` where there is none, and where the flows change sign more than once: then several rates can be
    right, and none of them decides (Hazen, The Engineering Economist 2003;48:31).
    """
    signs = np.sign([flow for flow in flows if flow != 0])
    n_changes = int((signs[1:] != signs[:-1]).sum())
    if n_changes != 1:
        raise ValueError(f"the flows change sign {n_changes} times: an internal rate of return needs exactly one change")
    low, high = (net_present_value(rate, flows) for rate in _RATES)
    if low * high > 0:
        raise ValueError(f"no rate from {_RATES[0]} to {_RATES[1]} brings the present value to zero")
    return float(brentq(lambda rate: net_present_value(rate, flows), *_RATES, xtol=1e-12))


def payback_months(net: np.ndarray) -> np.ndarray:
    """The month, from 1, from which each row's cumulative flow stays at or above zero; infinite if it ends below.

    `net`: draws x months. A later renewal fee that takes the sum below zero again moves the payback behind it.
    """
    below = np.cumsum(net, axis=1) < 0
    n = net.shape[1]
    last_below = np.where(below.any(axis=1), n - np.argmax(below[:, ::-1], axis=1), 0)
    return np.where(last_below == n, np.inf, last_below + 1)
