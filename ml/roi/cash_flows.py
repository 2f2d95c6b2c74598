"""Monthly benefits and costs of a program, without double counting.

Possible double counts, and how they are avoided:
- A retained patient's visit that was also a recovered slot: retained visits count without the recovered share.
- Collections on visits that the program generated: the effect on collections applies only to what would have been billed without
  them.
- Earlier cash and additional cash: fewer days in A/R are worth the interest; the one-off release of cash is in no total.
- Hours of the program's own staff: these are a program cost; added hours are not deducted again, and saved hours are cash only
  if redeployed.
- One gap in two measures: the incentive depends on care-gap closure only; preventive care and revenue per patient are shown but
  never added.
"""

from collections.abc import Container
from dataclasses import dataclass

import numpy as np

from ml.roi.quantities import Values
from ml.roi.volumes import Volumes
from models.wording import named

BENEFITS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "recovered_slots": (
        "no_show_rate",
        ("revenue_per_visit", "kept_share", "slot_refill_rate", "rebooked_share"),
        "No-shows avoided × (share kept + share given up in time × refill rate) × (1 − rebooked anyway) × revenue per visit "
        "× contribution margin",
    ),
    "retained_patients": (
        "visit_within_90_days",
        ("revenue_per_patient", "patient_attrition_rate"),
        "Patients brought back by outreach × share who would have been lost × revenue per patient × contribution margin, for the "
        "months in which they stay, without visits counted as recovered slots",
    ),
    "staff_hours": (
        "outreach_staff_hours",
        (),
        "Hours of outreach saved × wage × share redeployed; hours by themselves are not cash",
    ),
    "days_in_ar": (
        "days_in_ar",
        ("collections_per_day",),
        "Days saved × collections per day × cost of capital; the one-off release of cash is not income and is excluded",
    ),
    "collections": (
        "net_collection_rate",
        ("revenue_per_visit",),
        "Effect on the net collection rate × what payers and patients owe, without visits that the program generated",
    ),
    "incentive": (
        "care_gap_closure_rate",
        ("care_gap_closure_rate",),
        "Incentive at the closure rate reached minus that without the program: none below the threshold, all at the upper end",
    ),
}
"""For each benefit: the outcome whose effect it uses, the unit values it needs, and its formula in words."""


@dataclass(frozen=True)
class CashFlows:
    """`benefits` and `costs` by category, draws x months, costs as positive numbers. `hours` saved and `release` enter no
    total."""

    benefits: dict[str, np.ndarray]
    costs: dict[str, np.ndarray]
    hours: np.ndarray
    release: np.ndarray

    @property
    def net(self) -> np.ndarray:
        return np.asarray(sum(self.benefits.values()) - sum(self.costs.values()))


def countable(category: str, values: Container[str]) -> str | None:
    """Why a benefit counts as zero; None if it can be counted."""
    outcome, needed, _ = BENEFITS[category]
    if f"effect:{outcome}" not in values:
        return f"no causal effect on {named(outcome)} could be estimated"
    missing = [name for name in needed if name not in values]
    return f"{', '.join(map(named, missing))} was not measured and is not in the scenario" if missing else None


def cash_flows(values: Values, volumes: Volumes) -> CashFlows:
    """The flows under `values`, each of shape (draws, 1)."""
    n_draws = len(values["discount_rate"])
    shape = (n_draws, volumes.n_months)
    fading = (1 - values["effect_decay"]) ** volumes.years_ahead
    nothing = np.zeros(shape)

    def effect(category: str) -> np.ndarray | None:
        return None if countable(category, values) else values[f"effect:{BENEFITS[category][0]}"] * fading

    benefits = dict.fromkeys(BENEFITS, nothing)
    recovered, visits = _recovered(effect("recovered_slots"), values, volumes, nothing)
    benefits["recovered_slots"] = recovered
    retained_revenue = _retained(effect("retained_patients"), values, volumes, visits, nothing)
    margin = values["contribution_margin"]
    benefits["retained_patients"] = retained_revenue * margin
    hours = nothing
    if (change := effect("staff_hours")) is not None:
        hours = (-change * volumes.exposure.get("outreach_staff_hours", 0)).clip(min=0)
        benefits["staff_hours"] = hours * values["staff_usd_per_hour"] * values["redeployed_share"]
    release = np.zeros((n_draws, 1))
    if (change := effect("days_in_ar")) is not None:
        freed = -change * values["collections_per_day"] * volumes.live_share.get("days_in_ar", 0)
        benefits["days_in_ar"] = freed * values["capital_rate"] / 12
        release = freed[:, volumes.n_observed - 1 : volumes.n_observed]
    if (change := effect("collections")) is not None:
        brought = visits * values["revenue_per_visit"] + retained_revenue
        owed = volumes.exposure.get("net_collection_rate", np.zeros(volumes.n_months))
        benefits["collections"] = change * (owed - np.minimum(brought.clip(min=0), owed))
    if (change := effect("incentive")) is not None:
        reached = values["care_gap_closure_rate"]
        without = reached - change * volumes.live_share.get("care_gap_closure_rate", 0)
        benefits["incentive"] = (_incentive(reached, values) - _incentive(without, values)) / 12
    return CashFlows(benefits, program_costs(values, volumes), hours, release)


def program_costs(values: Values, volumes: Volumes) -> dict[str, np.ndarray]:
    """Costs by category, draws x months: as delivered, and beyond the data with growth."""
    growth = (1 + values["cost_growth"]) ** volumes.years_ahead
    return {category: amounts * growth for category, amounts in volumes.costs.items()}


def _recovered(effect: np.ndarray | None, values: Values, volumes: Volumes, nothing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Contribution of recovered slots, and the number of visits in them."""
    if effect is None:
        return nothing, nothing
    used = values["kept_share"] + (1 - values["kept_share"]) * values["slot_refill_rate"]
    anyway = values["rebooked_share"] * values["displaced_share"]
    visits = -effect * volumes.exposure.get("no_show_rate", 0) * used * (1 - anyway)
    return visits * values["revenue_per_visit"] * values["contribution_margin"], visits


def _retained(
    effect: np.ndarray | None, values: Values, volumes: Volumes, recovered_visits: np.ndarray, nothing: np.ndarray
) -> np.ndarray:
    """Revenue of patients whom outreach brought back and who stay, without recovered slots."""
    if effect is None:
        return nothing
    joining = effect * volumes.members * values["lasting_share"]
    staying = 1 - values["patient_attrition_rate"][:, 0]
    there = np.empty_like(joining)
    now = np.zeros(len(joining))
    for month in range(volumes.n_months):
        there[:, month] = now = now * staying + joining[:, month]
    due = volumes.exposure.get("no_show_rate", np.zeros(volumes.n_months))
    recovered_share = np.divide(recovered_visits, due, out=np.zeros_like(joining), where=due > 0).clip(0, 1)
    return there * values["revenue_per_patient"] / 12 * (1 - recovered_share)


def _incentive(rate: np.ndarray, values: Values) -> np.ndarray:
    """Incentive in dollars per year: zero up to the threshold, then proportional, full from the upper end on."""
    threshold, full = values["incentive_threshold"], values["incentive_full"]
    return values["incentive_usd_per_year"] * ((rate - threshold) / np.maximum(full - threshold, 1e-9)).clip(0, 1)
