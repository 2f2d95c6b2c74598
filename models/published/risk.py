"""What the models learnt: scores and how good they are (schema `ml`)."""

import polars as pl

from models.contract import Contract, field
from models.phi import Phi
from models.published.facts import SLICES

METHODS = ("model", "rule")
TIERS = ("high", "medium", "low")
SUBGROUPS = ("all", "age", "sex", "race", "ethnicity", "language", "payer_class", "location")

_INDEX_ON = field(pl.Date, "The day that the score looks ahead from, the first of a month.", phi=Phi.QUASI)
_MODEL_VERSION = field(pl.String, "The model: its task and what it was made from; `overdue_rule` where nothing could be learnt.")


def _optional(dtype, description: str, phi: Phi = Phi.NONE, **rest):
    return field(dtype, description, phi=phi, nullable=True, **rest)


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
            "reason_1": _optional(pl.String, "The strongest association that raises the score, in words.", Phi.QUASI),
            "reason_2": _optional(pl.String, "The second strongest.", Phi.QUASI),
            "reason_3": _optional(pl.String, "The third strongest.", Phi.QUASI),
        },
        notes="Eligible: adult, alive, seen in 24 months, known for 90 days, not yet lapsed and able to lapse in 180 days. "
        "For outreach only; never for overbooking or for refusing care.",
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
                pl.String, "What was measured; `not_evaluated` where it could not be, `not_used` where it was too poor."
            ),
            "value": _optional(pl.Float64, "Its value; empty where it is not defined."),
            "low": _optional(pl.Float64, "Lower end of the 95 % interval, by patient."),
            "high": _optional(pl.Float64, "Upper end of the 95 % interval, by patient."),
            "n_rows": field(pl.Int64, "Rows that it was measured on.", at_least=0),
            "n_patients": field(pl.Int64, "Patients among them.", at_least=0),
            "n_events": field(pl.Int64, "Rows whose patient disengaged.", at_least=0),
            "test_from_on": _optional(pl.Date, "First index of the test."),
            "test_to_on": _optional(pl.Date, "Last index of the test."),
            "note": _optional(pl.String, "Why there is no value, in words."),
        },
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
    ),
}
