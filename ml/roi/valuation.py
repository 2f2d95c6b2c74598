"""Values one program under one scenario, as tables: by category and year, in total, and the tornado."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from ml.roi.cash_flows import BENEFITS, CashFlows, cash_flows, countable
from ml.roi.finance import internal_rate_of_return, payback_months, rate_per_year
from ml.roi.quantities import DRAWS, SEED, Effect, Measured, Quantity, Values, quantities
from ml.roi.scenario import Scenario
from ml.roi.sensitivity import discount_factors, tornado
from ml.roi.volumes import Volumes
from models.wording import named

PERCENTILES = (5, 50, 95)


@dataclass(frozen=True)
class Valuation:
    """`values`: kind, category, year, amounts, is_counted, grade, is_significant, is_projected, basis, from_on, until_on.
    `returns`: one row.

    `sensitivities`: one row per quantity, see `tornado`. `months`: one row per month of the horizon, see `_months`.
    """

    values: pl.DataFrame
    returns: pl.DataFrame
    sensitivities: pl.DataFrame
    months: pl.DataFrame


def value_program(
    scenario: Scenario,
    volumes: Volumes,
    effects: Mapping[str, Effect],
    measured: Mapping[str, Measured],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Valuation:
    """Value a program by Monte Carlo with `draws` joint draws of all effects, unit values and assumptions; the same seed gives
    the same numbers.

    `effects` holds only causal effects, by outcome; a benefit without one counts as zero, and its row says so. So does one whose
    effect cannot be told from chance, if the scenario counts significant ones only; otherwise its row is marked.
    """
    counted = {outcome: effect for outcome, effect in effects.items() if effect.is_significant or not scenario.only_significant}
    known = quantities(scenario, counted, measured)
    reasons = {category: _why_not(category, known, effects) for category in BENEFITS}
    drawn = {name: quantity.draws(draws, seed) for name, quantity in known.items()}
    flows = cash_flows(drawn, volumes)
    return Valuation(
        values=_values(effects, reasons, flows, volumes),
        returns=_returns(scenario, drawn, flows, volumes, reasons, draws, seed),
        sensitivities=tornado(known, volumes),
        months=_months(flows.net, volumes),
    )


def _values(effects: Mapping[str, Effect], reasons: Mapping[str, str | None], flows: CashFlows, volumes: Volumes) -> pl.DataFrame:
    rows = []
    for kind, by_category in (("benefit", flows.benefits), ("cost", flows.costs)):
        for category, amounts in by_category.items():
            why_not = reasons.get(category)
            effect = effects.get(BENEFITS[category][0]) if kind == "benefit" else None
            if kind == "cost":
                basis = "Cost lines as delivered; beyond the data, the mean of the last six months with growth"
            elif why_not is not None or effect is None:
                basis = f"Counts as zero: {why_not}"
            else:
                basis = BENEFITS[category][2] + ("" if effect.is_significant else ". The effect cannot be told from chance")
            for year, first in enumerate(range(0, volumes.n_months, 12), start=1):
                in_year = amounts[:, first : first + 12].sum(axis=1)
                low, middle, high = np.percentile(in_year, PERCENTILES)
                rows.append(
                    {
                        "kind": kind,
                        "category": category,
                        "year": year,
                        "amount_p5_usd": float(low),
                        "amount_p50_usd": float(middle),
                        "amount_p95_usd": float(high),
                        # Whole dollars, as people read them: sums over years and over categories then come to one total.
                        "amount_mean_usd": float(round(in_year.mean())),
                        "is_counted": why_not is None,
                        "grade": effect and effect.grade,
                        "is_significant": effect and effect.is_significant,
                        "is_projected": min(first + 12, volumes.n_months) > volumes.n_observed,
                        "basis": basis,
                        "from_on": volumes.month_on(first),
                        "until_on": volumes.month_on(min(first + 12, volumes.n_months)),
                    }
                )
    return pl.DataFrame(rows, schema_overrides={"grade": pl.String, "is_significant": pl.Boolean})


def _why_not(category: str, known: Mapping[str, Quantity], effects: Mapping[str, Effect]) -> str | None:
    outcome = BENEFITS[category][0]
    if category == "incentive" and known["incentive_usd_per_year"].above == 0:
        return "the scenario names no incentive contract"
    if outcome in effects and f"effect:{outcome}" not in known:
        return f"the effect on {named(outcome)} cannot be told from chance"
    return countable(category, known)


def _returns(
    scenario: Scenario,
    drawn: Values,
    flows: CashFlows,
    volumes: Volumes,
    reasons: Mapping[str, str | None],
    draws: int,
    seed: int,
) -> pl.DataFrame:
    factors = discount_factors(drawn["discount_rate"], volumes.n_months)
    net = flows.net
    worth = (net * factors).sum(axis=1)
    cost = (sum(flows.costs.values(), np.zeros_like(net)) * factors).sum(axis=1)
    npv = np.percentile(worth, PERCENTILES)
    roi = np.percentile(worth / cost, PERCENTILES) if (cost > 0).all() else [None] * 3
    months = payback_months(net)
    payback = float(np.median(months))
    # Shift everything by a month; the last month falls beyond the horizon.
    delayed = (net[:, :-1] * factors[:, 1:]).sum(axis=1)
    uncounted = [category for category in BENEFITS if reasons[category]]
    row = {
        "scenario": scenario.name,
        "starts_on": volumes.starts_on,
        "horizon_months": volumes.n_months,
        "observed_months": volumes.n_observed,
        **dict(zip(("npv_p5_usd", "npv_p50_usd", "npv_p95_usd"), map(float, npv), strict=True)),
        **dict(zip(("roi_p5", "roi_p50", "roi_p95"), (x if x is None else float(x) for x in roi), strict=True)),
        "npv_positive_share": float((worth > 0).mean()),
        **_internal_rate(net.mean(axis=0)),
        "payback_month": int(payback) if np.isfinite(payback) else None,
        "payback_share": float(np.isfinite(months).mean()),
        "cost_of_delay_usd": float(np.median(worth - delayed)),
        "one_off_release_usd": None if "days_in_ar" in uncounted else float(np.median(flows.release)),
        "staff_hours_p50": None if "staff_hours" in uncounted else float(np.median(flows.hours.sum(axis=1))),
        "benefits_missing": " ".join(uncounted) or None,
        "n_draws": draws,
        "seed": seed,
    }
    return pl.DataFrame([row])


def _months(net: np.ndarray, volumes: Volumes) -> pl.DataFrame:
    """Benefits less costs of each month from 1 on, in US dollars, undiscounted as payback is: `net_mean_usd`, and all up to the
    month's end, `net_so_far_p5_usd`, `net_so_far_p50_usd` and `net_so_far_p95_usd`; `net` is draws x months.
    """
    so_far = np.percentile(net.cumsum(axis=1), PERCENTILES, axis=0)
    return pl.DataFrame(
        {
            "month_number": range(1, volumes.n_months + 1),
            "month_on": [volumes.month_on(place) for place in range(volumes.n_months)],
            "net_mean_usd": net.mean(axis=0),
            **{f"net_so_far_p{share}_usd": amounts for share, amounts in zip(PERCENTILES, so_far, strict=True)},
            "is_projected": [place >= volumes.n_observed for place in range(volumes.n_months)],
        }
    )


def _internal_rate(flows: np.ndarray) -> dict[str, float | str | None]:
    """The internal rate of return of monthly `flows` as an annual rate, or why there is none."""
    try:
        return {"irr": rate_per_year(internal_rate_of_return(flows)), "irr_note": None}
    except ValueError as reason:
        if flows.cumsum()[-1] < 0:
            return {"irr": None, "irr_note": "does not pay back within the horizon"}
        return {"irr": None, "irr_note": str(reason)}
