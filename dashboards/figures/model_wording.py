"""Plain wording for the metrics of a risk model."""

from models.published.risk import MINIMUM_EVENTS
from models.wording import amount

TILES = {
    "auroc": (
        "AUROC",
        "Of two predictions, one with the outcome and one without: how often the former has the higher risk; 0.5 is chance.",
    ),
    "auroc_overdue_rule": (
        "AUROC of the simple rule",
        "The same for the rule that ranks by days overdue; the model must beat it.",
    ),
    "auroc_own_share": (
        "AUROC of the simple rule",
        "The same for the share of their own appointments that a patient missed; the model must beat it.",
    ),
    "calibration_slope": (
        "Calibration slope",
        "1: the risks vary as much as the observed rates. Below 1: too extreme; above 1: too cautious.",
    ),
    "lift_at_capacity": ("Lift at capacity", "Outcome rate among the patients whom the team can call, over the rate among all."),
}
METRICS = {
    "auroc": "AUROC",
    "auroc_overdue_rule": "AUROC of days overdue alone",
    "auroc_own_share": "AUROC of the patient's own share of missed appointments",
    "auroc_gain_over_overdue_rule": "Gain in AUROC over days overdue alone",
    "auroc_gain_over_own_share": "Gain in AUROC over the patient's own share",
    "challenger_auroc_gain": "Gain in AUROC of the challenger, on unseen patients of the training months",
    "auroc_best_possible": "Best possible AUROC: known for simulated patients only",
    "auroc_gain_over_best_possible": "Gain in AUROC over the best possible",
    "auprc": "Average precision (AUPRC)",
    "auprc_overdue_rule": "Average precision of days overdue alone",
    "auprc_own_share": "Average precision of the patient's own share",
    "auprc_best_possible": "Best possible average precision",
    "prevalence": "Share of predictions with the outcome",
    "observed_over_expected": "Observed over expected: 1 is calibrated on the whole",
    "calibration_slope": "Calibration slope: 1 is calibrated",
    "expected_calibration_error": "Expected calibration error: mean distance of predicted from observed risk",
    "brier": "Brier score: lower is better",
    "precision_at_capacity": "Precision: outcome rate among the patients whom the team can call",
    "lift_at_capacity": "Lift: that rate over the rate among all",
    "expected_value_usd_per_100": "Expected value of 100 contacts by the model, in dollars",
    "expected_value_usd_per_100_by_chance": "Expected value of 100 contacts by chance, in dollars",
}
"""Every metric of the evaluation, in display order."""
SUBGROUP_METRICS = {
    "auroc": "How well the model ranks within each group (AUROC)",
    "observed_over_expected": "Observed over expected: above 1, the model underrates the group's risk",
}
OUTCOMES = {"disengagement": "drifted away", "no_show": "missed the appointment", "noshow": "missed the appointment"}
MODEL_NAMES = {"disengagement": "Drifting away", "no_show": "Missing an appointment", "noshow": "Missing an appointment"}


def rank_in_words(auroc: float, rule: float | None, gain_low: float | None, outcome: str) -> str:
    """What an AUROC means: of two patients, one of whom had the `outcome` (in words), how often the model names the right one,
    and whether it beats the simple rule, whose AUROC is `rule`, by more than chance (`gain_low`, the low end of the gain)."""
    said = (
        f"**Take one patient who {outcome} and one who did not: in {auroc * 100:.0f} of 100 such pairs the model puts the former "
        "first; a coin does so in 50."
    )
    if rule is None:
        return said + "**"
    better = "that is better by more than chance" if gain_low is not None and gain_low > 0 else "no gain can be told from chance"
    return f"{said}** The simple rule does so in {rule * 100:.0f}: {better}."


def looks_in_words(n_rows: int, n_patients: int, n_events: int, observed_over_expected: float | None, outcome: str) -> str:
    """How many predictions an evaluation rests on, and how many came true beside how many were expected."""
    expected = f"; {n_events / observed_over_expected:.0f} were expected" if observed_over_expected else ""
    if outcome == OUTCOMES["no_show"]:
        came = f"{n_events:,} of them ({n_events / n_rows * 100:.0f} %) were missed"
        return f"{n_rows:,} appointments of {n_patients:,} patients. {came}{expected}."
    every = f"{n_patients:,} patients, each looked at once a month while the test ran: {n_rows:,} predictions"
    if n_rows == n_patients:
        every = f"{n_rows:,} predictions, one for each patient"
    return f"{every}. After {n_events:,} of them ({n_events / n_rows * 100:.0f} %) the patient {outcome}{expected}."


TIERS_IN_WORDS = (
    "High, medium and low are places in the order, not heights of risk: a site's list calls as many patients high as its team "
    "can contact in a month, and twice as many again medium. Where few drift away, a risk of 2 % can be medium."
)


def level_in_words(observed_over_expected: float, low: float | None, high: float | None, n_events: int) -> str:
    """Calibration in the large: observed cases for every 100 expected, and what follows from that.

    `low` and `high` are the 95 % interval of O/E, `n_events` the predictions with the outcome it rests on. With fewer than
    `MINIMUM_EVENTS`, or without an interval, nothing is claimed.
    """
    if n_events < MINIMUM_EVENTS or low is None or high is None:
        return (
            f"It is not known: {n_events:,} of the predictions came true, and fewer than "
            f"{MINIMUM_EVENTS} show nothing but chance. Use the risk to put patients in order, not as a number."
        )
    measured = (
        f"For every 100 patients expected, {observed_over_expected * 100:.0f} came true ({low * 100:.0f} to {high * 100:.0f})."
    )
    if low > 1:
        return f"{measured} The risks are too low, by more than chance: expect more than they add up to."
    if high < 1:
        return f"{measured} The risks are too high, by more than chance: expect fewer than they add up to."
    off = max(1 - low, high - 1)
    return f"{measured} No error can be told from chance; the sum of many risks may be off by up to {amount(off, 'share')}."
