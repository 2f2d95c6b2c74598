"""Measures the lift of outreach: patients the team tried to contact against patients held out at random.

By intention to treat: an unsuccessful attempt counts as contact. Campaigns are the strata, since the lot was drawn within each;
the lift over all months and tiers is the effect on `visit_within_90_days` in `ml.program_effects`.
"""

from collections.abc import Iterator
from typing import Any

import polars as pl
from scipy.special import ndtri

from ml.effects.estimate import EstimateRefused
from ml.effects.randomised import trial_effect, usable_members

ALL = "all"
MINIMUM_ARM = 5
"""Minimum patients in each arm for a lift."""
WORTH_KNOWING = 0.05
"""The difference in visit rate that the sample size is calculated to detect."""
POWER, CONFIDENCE = 0.8, 0.95


def outreach_lift(members: pl.DataFrame) -> pl.DataFrame:
    """The lift in the share of patients with a completed visit within 90 days; one row per month and tier, `all` for either.

    In: one row per person selected for a campaign: `stratum` (the campaign), `patient_key`, `month_on`, `tier`, `is_held_out`,
    `has_visited` (null: too early to know). Out: `month` (`2026-03`, or `all`), `tier`, `n_contacted`, `n_held_out`,
    `contacted_rate`, `held_out_rate`, `lift`, `low`, `high` (95 %), `n_held_out_needed`, `note`. Campaigns with fewer than two
    members in an arm are left out. One campaign has Newcombe's interval; several are post-stratified (`ml.effects.randomised`).
    """
    mature = members.drop_nulls("has_visited").rename({"has_visited": "outcome", "patient_key": "cluster"})
    return pl.DataFrame([_row(month, tier, rows) for month, tier, rows in _cuts(mature)], schema=SCHEMA)


SCHEMA = {
    "month": pl.String,
    "tier": pl.String,
    "n_contacted": pl.Int64,
    "n_held_out": pl.Int64,
    **dict.fromkeys(("contacted_rate", "held_out_rate", "lift", "low", "high"), pl.Float64),
    "n_held_out_needed": pl.Int64,
    "note": pl.String,
}


def needed(rate: float, ratio: float, difference: float = WORTH_KNOWING) -> int:
    """Held-out patients needed to see `difference` from `rate` with power 80 %, at `ratio` contacted per held out.

    Two proportions, two-sided at 5 % (Fleiss, Statistical Methods for Rates and Proportions, 3rd ed., eq. 4.14 without
    continuity correction).
    """
    other = min(rate + difference, 1.0)
    pooled = (ratio * other + rate) / (1 + ratio)
    alpha, beta = ndtri((1 + CONFIDENCE) / 2), ndtri(POWER)
    chance = alpha * (pooled * (1 - pooled) * (1 + 1 / ratio)) ** 0.5
    effect = beta * (rate * (1 - rate) + other * (1 - other) / ratio) ** 0.5
    return int(-(-((chance + effect) ** 2) // difference**2))


def _cuts(members: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    if members.is_empty():
        return
    yield ALL, ALL, members
    for (tier,), rows in sorted(members.group_by("tier", maintain_order=True), key=lambda part: part[0]):
        yield ALL, tier, rows
    for (month,), rows in sorted(members.group_by("month_on", maintain_order=True), key=lambda part: part[0]):
        yield f"{month:%Y-%m}", ALL, rows
    for (month, tier), rows in sorted(members.group_by("month_on", "tier", maintain_order=True), key=lambda part: part[0]):
        yield f"{month:%Y-%m}", tier, rows


def _row(month: str, tier: str, members: pl.DataFrame) -> dict[str, Any]:
    return {"month": month, "tier": tier} | compared(members)


def compared(members: pl.DataFrame) -> dict[str, Any]:
    """Patients contacted against those held out: `n_contacted` to `note` of `SCHEMA`.

    In: `stratum` (the campaign), `cluster` (the patient), `is_held_out`, `outcome`.
    """
    rows = usable_members(members)
    arms = {is_held_out: rows.filter(pl.col("is_held_out") == is_held_out)["outcome"] for is_held_out in (False, True)}
    contacted, held_out = arms[False], arms[True]
    row: dict[str, Any] = {
        "n_contacted": len(contacted),
        "n_held_out": len(held_out),
        "contacted_rate": contacted.mean(),
        "held_out_rate": held_out.mean(),
    }
    if min(len(contacted), len(held_out)) < MINIMUM_ARM:
        return row | {"note": f"fewer than {MINIMUM_ARM} patients contacted or held out in its campaigns"}
    row["n_held_out_needed"] = needed(row["held_out_rate"], len(contacted) / len(held_out))
    try:
        effect = trial_effect(rows)
    except EstimateRefused as refusal:
        return row | {"note": str(refusal)}
    enough = len(held_out) >= row["n_held_out_needed"]
    note = None if enough else f"too few held out to see a difference of {WORTH_KNOWING:.0%}"
    low, high = effect.interval
    return row | {"lift": effect.estimate, "low": low, "high": high, "note": note}
