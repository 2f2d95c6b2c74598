"""Plain wording for the metrics of a risk model."""

TILES = {
    "auroc": (
        "Ranks right",
        "Of two outlooks of which one comes true, how often that one has the higher risk (AUROC); 0.5 is chance.",
    ),
    "auroc_overdue_rule": (
        "The one-line rule ranks",
        "The same for the rule that calls whoever is most overdue; the model must beat it.",
    ),
    "auroc_own_share": (
        "The one-line rule ranks",
        "The same for the share of their own appointments that a patient missed; the model must beat it.",
    ),
    "calibration_slope": (
        "Calibration slope",
        "1: the risks are as spread as the truth. Below 1: too extreme; above 1: too timid.",
    ),
    "lift_at_capacity": ("Lift at capacity", "How many more come true among those whom the team can call than among all."),
}
METRICS = {
    "auroc": "Ranks right (AUROC)",
    "auroc_overdue_rule": "Ranks right, by days overdue alone",
    "auroc_own_share": "Ranks right, by the patient's own share of missed appointments",
    "auroc_gain_over_overdue_rule": "Gain in AUROC over days overdue alone",
    "auroc_gain_over_own_share": "Gain in AUROC over the patient's own share",
    "challenger_auroc_gain": "Gain in AUROC of the challenger, on unseen patients of the training months",
    "auroc_best_possible": "Ranks right, the best possible: known of simulated patients alone",
    "auroc_gain_over_best_possible": "Gain in AUROC over the best possible",
    "auprc": "Average precision (AUPRC)",
    "auprc_overdue_rule": "Average precision, by days overdue alone",
    "auprc_own_share": "Average precision, by the patient's own share",
    "auprc_best_possible": "Average precision, the best possible",
    "prevalence": "Share of outlooks that came true",
    "observed_over_expected": "Observed over expected: 1 is true on the whole",
    "calibration_slope": "Calibration slope: 1 is as spread as the truth",
    "expected_calibration_error": "Mean distance of the risks from the truth",
    "brier": "Brier score: lower is better",
    "precision_at_capacity": "Share that came true among those whom the team can call",
    "lift_at_capacity": "That share over the share among all",
    "expected_value_usd_per_100": "Expected value of 100 contacts by the model, in dollars",
    "expected_value_usd_per_100_by_chance": "Expected value of 100 contacts by chance, in dollars",
}
"""Every metric of the evaluation in words, in display order."""
SUBGROUP_METRICS = {
    "auroc": "How well the model ranks within each group (AUROC)",
    "observed_over_expected": "Observed over expected: above 1, the model underrates the group's risk",
}
MODEL_NAMES = {"disengagement": "Drifting away", "no_show": "Missing an appointment", "noshow": "Missing an appointment"}
