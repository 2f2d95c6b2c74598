"""What the models learnt: scores and how good they are (schema `ml`)."""

import polars as pl

from models.contract import ALL_SITES, INSTANT, Contract, field, optional
from models.deidentification import ABSENT
from models.phi import Phi
from models.published.facts import SLICES

METHODS = ("model", "rule")
TIERS = ("high", "medium", "low")
CURVES = ("reliability", "decision")
SERIES = ("model", "everybody")
MONITORS = ("population_drift", "missingness", "score_mix", "matured_calibration", "staleness")
STATUSES = ("ok", "warn", "stop")
SUBGROUPS = ("all", "age", "sex", "race", "ethnicity", "language", "payer_class", "location")
MINIMUM_EVENTS = 50
"""Minimum predictions with the outcome to say anything of a group. With 50, chance alone moves its observed over expected by 28 %
either way (1.96 / sqrt(50)); with 10, by 62 %."""

_INDEX_ON = field(pl.Date, "The day that the score looks ahead from, the first of a month.", phi=Phi.QUASI)
_MODEL_VERSION = field(
    pl.String, "The model: its task and a hash of its origin; `overdue_rule` if there were too few data to train."
)


RISK: dict[str, Contract] = {
    "ml.disengagement_scores": Contract(
        "disengagement_scores",
        "eligible patient, at the newest index",
        ("patient_key",),
        {
            "patient_key": field(pl.Int64, "The person.", phi=Phi.QUASI, refers_to="dim_patients.patient_key"),
            "index_on": _INDEX_ON,
            "location_key": SLICES["location_key"],
            "method": field(pl.String, "How the score was made: a fitted model, or the overdue rule.", values=METHODS),
            "model_version": _MODEL_VERSION,
            "score": field(
                pl.Float64,
                "By method model: the probability of disengaging within 180 days. By method rule: the share of the allowed "
                "interval since the last visit that has passed; an order, not a probability.",
                at_least=0,
                at_most=1,
            ),
            "site_rank": field(pl.Int64, "Rank of the score at the patient's site; 1 is the highest.", at_least=1),
            "tier": field(
                pl.String, "By the site's monthly capacity: high are as many, medium twice as many again.", values=TIERS
            ),
            "reason_1": optional(pl.String, "The strongest association that raises the score, in words.", Phi.QUASI),
            "reason_2": optional(pl.String, "The second strongest.", Phi.QUASI),
            "reason_3": optional(pl.String, "The third strongest.", Phi.QUASI),
        },
        notes="Eligible: adult, alive, seen in 24 months, known for 90 days, not yet lapsed and able to lapse in 180 days. "
        "For outreach only; never for overbooking or for refusing care.",
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    "ml.no_show_scores": Contract(
        "no_show_scores",
        "booked appointment that is still to come",
        ("appointment_key",),
        {
            "appointment_key": field(pl.Int64, "The appointment.", refers_to="fct_appointments.appointment_key"),
            "patient_key": field(pl.Int64, "The person.", phi=Phi.QUASI, refers_to="dim_patients.patient_key"),
            "location_key": SLICES["location_key"],
            "starts_at": field(INSTANT, "Start of the appointment.", phi=Phi.QUASI),
            "predicted_at": field(INSTANT, "Prediction time: two days ahead, or today if that is sooner.", phi=Phi.QUASI),
            "method": field(pl.String, "How the score was made: a fitted model, or the patient's own share.", values=METHODS),
            "model_version": _MODEL_VERSION,
            "score": field(pl.Float64, "The probability that it is missed.", at_least=0, at_most=1),
            "site_rank": field(pl.Int64, "Rank of the score among the site's appointments ahead.", at_least=1),
            "tier": field(pl.String, "high: the site's top tenth; medium: to three tenths; low: the rest.", values=TIERS),
            "reason_1": optional(pl.String, "The strongest association that raises the score, in words.", Phi.QUASI),
            "reason_2": optional(pl.String, "The second strongest.", Phi.QUASI),
            "reason_3": optional(pl.String, "The third strongest.", Phi.QUASI),
        },
        notes="For offering help to come; never for booking two patients into one slot.",
        owner="engagement lead",
        site="location_key",
        deidentified=ABSENT,
    ),
    "ml.model_evaluations": Contract(
        "model_evaluations",
        "model, subgroup and metric, on months after those that it was trained on",
        ("model_version", "subgroup_type", "subgroup", "metric"),
        {
            "model_version": _MODEL_VERSION,
            "subgroup_type": field(pl.String, "What patients are grouped by.", values=SUBGROUPS),
            "subgroup": field(pl.String, "The group; `all` for everybody."),
            "metric": field(
                pl.String, "The metric; `not_evaluated` if it could not be measured, `not_used` if the model was too poor."
            ),
            "value": optional(pl.Float64, "Its value; empty if undefined."),
            "low": optional(pl.Float64, "Lower end of the 95 % interval, by patient."),
            "high": optional(pl.Float64, "Upper end of the 95 % interval, by patient."),
            "n_rows": field(pl.Int64, "Rows that it was measured on.", at_least=0),
            "n_patients": field(pl.Int64, "Patients among them.", at_least=0),
            "n_events": field(pl.Int64, "Rows whose patient disengaged.", at_least=0),
            "test_from_on": optional(pl.Date, "First index of the test."),
            "test_to_on": optional(pl.Date, "Last index of the test."),
            "note": optional(pl.String, "Why there is no value, in words."),
        },
        owner="engagement lead",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    "ml.model_curves": Contract(
        "model_curves",
        "point of a curve of a model, on the months of its evaluation",
        ("model_version", "curve", "series", "point"),
        {
            "model_version": _MODEL_VERSION,
            "curve": field(
                pl.String,
                "reliability: observed rate over mean risk, per tenth of the rows. decision: net benefit over the threshold "
                "above which one would act (Vickers & Elkin 2006).",
                values=CURVES,
            ),
            "series": field(pl.String, "Who is acted on in a decision curve; `model` in a reliability curve.", values=SERIES),
            "point": field(pl.Int64, "Place along the curve; 1 is leftmost.", at_least=1),
            "x_value": field(pl.Float64, "Mean risk, or threshold."),
            "y_value": field(pl.Float64, "Observed rate, or net benefit."),
            "low": optional(pl.Float64, "Lower end of the 95 % interval of an observed rate, by patient."),
            "high": optional(pl.Float64, "Upper end of the 95 % interval of an observed rate, by patient."),
            "n_rows": field(pl.Int64, "Rows behind the point.", at_least=0),
        },
        owner="engagement lead",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    "ml.model_importances": Contract(
        "model_importances",
        "model and input",
        ("model_version", "feature"),
        {
            "model_version": _MODEL_VERSION,
            "feature": field(pl.String, "The input, a column of the features."),
            "topic": field(pl.String, "Its topic; a patient has one reason per topic."),
            "description": field(pl.String, "What it means."),
            "phi_class": field(pl.String, "Whether it identifies the patient.", values=tuple(phi.value for phi in Phi)),
            "importance_rank": field(pl.Int64, "Place by importance; 1 moves the risk most.", at_least=1),
            "importance": field(
                pl.Float64, "Mean distance by which the input moves the log-odds of the patients of the evaluation.", at_least=0
            ),
            "missing_rate": field(pl.Float64, "Share of the rows of the evaluation without a value.", at_least=0, at_most=1),
        },
        owner="engagement lead",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    "ml.model_monitoring": Contract(
        "model_monitoring",
        "check of the disengagement model and what it was made on, an input or the score",
        ("check_name", "subject"),
        {
            "check_name": field(pl.String, "The check.", values=MONITORS),
            "subject": field(pl.String, "The input, or `score`."),
            "value": optional(pl.Float64, "The measured value; empty if it could not be measured."),
            "warns_at": field(pl.Float64, "From this value on the check warns."),
            "stops_at": optional(pl.Float64, "From this value on no score of the model is published; empty: it only warns."),
            "status": field(pl.String, "The result; at `stop` the overdue rule replaces the model.", values=STATUSES),
            "why": field(pl.String, "Why the thresholds are these."),
        },
        owner="engagement lead",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    "ml.campaign_effects": Contract(
        "campaign_effects",
        "campaign of Caregap and outcome: people on its list against those held out from it at random",
        ("campaign_code", "outcome"),
        {
            "campaign_code": field(pl.String, "The campaign, or the standing list."),
            "title": field(pl.String, "What the team calls it."),
            "outcome": field(
                pl.String,
                "`visit`: a visit was completed within 90 days. `gap`: a care gap was closed within 90 days.",
                values=("visit", "gap"),
            ),
            "known_from_on": field(pl.Date, "The first day on which somebody's outcome is known."),
            "n_contacted": field(pl.Int64, "People on the list whose outcome is known, contacted or not.", at_least=0),
            "n_held_out": field(pl.Int64, "People held out whose outcome is known.", at_least=0),
            "contacted_rate": optional(pl.Float64, "Share of those on the list with the outcome."),
            "held_out_rate": optional(pl.Float64, "The same share of the held out."),
            "lift": optional(pl.Float64, "Difference of the shares."),
            "low": optional(pl.Float64, "Lower end of its 95 % interval."),
            "high": optional(pl.Float64, "Upper end of its 95 % interval."),
            "n_held_out_needed": optional(
                pl.Int64, "Held-out people needed to see a difference of 5 percentage points with power 80 %."
            ),
            "note": optional(pl.String, "Why there is no difference, or why it is uncertain."),
        },
        notes="By intention to treat, over all sites.",
        owner="engagement lead",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    "ml.outreach_lift": Contract(
        "outreach_lift",
        "month and risk tier, or all of either: patients contacted against patients held out at random",
        ("month", "tier"),
        {
            "month": field(pl.String, "Month in which they were picked, such as 2026-03, or `all`."),
            "tier": field(
                pl.String,
                "Risk tier at the index of that month, by the model of today; none: not scored; all: everybody.",
                values=(*TIERS, "none", "all"),
            ),
            "n_contacted": field(
                pl.Int64, "Patients whom the team tried to contact, in campaigns with two or more in each arm.", at_least=0
            ),
            "n_held_out": field(pl.Int64, "Patients drawn at random not to be contacted.", at_least=0),
            "contacted_rate": optional(pl.Float64, "Share of the contacted with a completed visit within 90 days."),
            "held_out_rate": optional(pl.Float64, "The same share of the held out."),
            "lift": optional(
                pl.Float64,
                "Difference of the shares, weighted by the patients of each campaign: that over all is the program's effect.",
            ),
            "low": optional(pl.Float64, "Lower end of its 95 % interval."),
            "high": optional(pl.Float64, "Upper end of its 95 % interval."),
            "n_held_out_needed": optional(
                pl.Int64, "Held-out patients needed to see a difference of 5 percentage points with power 80 %."
            ),
            "note": optional(pl.String, "Why there is no lift, or why it is uncertain."),
        },
        owner="engagement lead",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
    "ml.model_cards": Contract(
        "model_cards",
        "model and source attribute of decision support (45 CFR 170.315(b)(11)(iv)(B))",
        ("model_version", "attribute_number"),
        {
            "model_version": _MODEL_VERSION,
            "attribute_number": field(pl.Int32, "Number of the attribute, 1 to 31.", at_least=1, at_most=31),
            "category": field(pl.String, "The regulation's heading."),
            "attribute": field(pl.String, "What is asked."),
            "answer": field(pl.String, "What is so for this model."),
        },
        owner="engagement lead",
        site=ALL_SITES,
        deidentified=ABSENT,
    ),
}
