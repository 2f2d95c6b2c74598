"""The model card: the 31 source attributes that ONC's HTI-1 rule asks of predictive decision support.

45 CFR 170.315(b)(11)(iv)(B), as published in 89 FR 1192 (9 January 2024). Answers are computed where possible; the rest hold for
every model that this code fits.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from ml.assessment.subgroups import NOT_EVALUATED
from ml.risk import no_show
from ml.risk.disengagement import EMBARGO_DAYS, MINIMUM_PATIENTS
from ml.risk.features import BY_NAME, Feature
from ml.risk.risk_model import RiskModel
from models.disengagement import GRACE, HORIZON_DAYS, KNOWN_DAYS, SEEN_MONTHS
from models.phi import Phi

ATTRIBUTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Details and output of the intervention",
        (
            "Name and contact information for the intervention developer",
            "Funding source of the technical implementation for the intervention's development",
            "Description of value that the intervention produces as an output",
            "Whether the intervention output is a prediction, classification, recommendation, evaluation, analysis, or other",
        ),
    ),
    (
        "Purpose of the intervention",
        (
            "Intended use of the intervention",
            "Intended patient populations for the intervention's use",
            "Intended users",
            "Intended decision-making role (informs, augments, replaces clinical management)",
        ),
    ),
    (
        "Cautioned out-of-scope use",
        (
            "Tasks, situations, or populations where a user is cautioned against applying the intervention",
            "Known risks, inappropriate settings, inappropriate uses, or known limitations",
        ),
    ),
    (
        "Development details and input features",
        (
            "Exclusion and inclusion criteria that influenced the training data set",
            "Use of demographic, social and health status variables as input features",
            "Description of demographic representativeness",
            "Relevance of training data to intended deployed setting",
        ),
    ),
    (
        "Process used to ensure fairness in development",
        (
            "Approach taken to ensure that the intervention's output is fair",
            "Approaches to manage, reduce, or eliminate bias",
        ),
    ),
    (
        "External validation process",
        (
            "Data source, clinical setting, or environment of the assessment, other than the source of training and testing data",
            "Party that conducted the external testing",
            "Demographic representativeness of external data",
            "External validation process",
        ),
    ),
    (
        "Quantitative measures of performance",
        (
            "Validity in test data derived from the same source as the initial training data",
            "Fairness in test data derived from the same source as the initial training data",
            "Validity in data external to or from a different source than the initial training data",
            "Fairness in data external to or from a different source than the initial training data",
            "References to evaluation of use of the intervention on outcomes",
        ),
    ),
    (
        "Ongoing maintenance of intervention implementation and use",
        (
            "Process and frequency by which the intervention's validity is monitored over time",
            "Validity of intervention in local data",
            "Process and frequency by which the intervention's fairness is monitored over time",
            "Fairness of intervention in local data",
        ),
    ),
    (
        "Update and continued validation or fairness assessment schedule",
        (
            "Process and frequency by which the intervention is updated",
            "Frequency by which the intervention's performance is corrected when risks to validity and fairness are identified",
        ),
    ),
)
NOT_DONE = "None: the model has been assessed on this practice's own data only."


@dataclass(frozen=True)
class Purpose:
    """The answers that depend on the task; all others are computed."""

    output: str
    use: str
    population: str
    users: str
    role: str
    caution: str
    limits: str
    inclusion: str
    catalog: dict[str, Feature]


DISENGAGEMENT = Purpose(
    output=f"For each eligible patient, the probability (0 to 1) that after {HORIZON_DAYS} days there was no completed visit, "
    f"none is booked, and the time since the last visit exceeds {GRACE} times the expected interval.",
    use="To order the care team's outreach list. Never to overbook, refuse or delay care.",
    population=f"Adults, alive, not in hospice, seen within {SEEN_MONTHS} months, known for {KNOWN_DAYS} days, not yet lapsed, "
    "able to lapse in the horizon.",
    users="Care teams and those who plan their capacity.",
    role="Informs which patients to contact first; a person decides.",
    caution="Children, patients who have already lapsed (a rule lists them), patients of another practice.",
    limits="Associations, not causes. The risk is that without a contact: contacts censor, and those left alone are "
    "weighted to stand for those contacted, as far as it is known who is called. "
    "Visits elsewhere are not seen and count as no visit. In a practice that changes quickly, calibration lags: the "
    f"newest outcome that a model can learn from is {EMBARGO_DAYS} days old.",
    inclusion=f"the inclusion criteria of the intended population; outcome on record {EMBARGO_DAYS} days after the index; "
    "patients who died or moved away within the horizon are excluded; "
    f"at least {MINIMUM_PATIENTS} patients with and without the outcome.",
    catalog=BY_NAME,
)
NO_SHOW = Purpose(
    output="For each booked appointment, the probability (0 to 1) that it is missed, predicted when its reminder goes out.",
    use="To offer help with attending: a call, transport, another time. Never to double-book a slot or refuse a patient.",
    population="Appointments still booked two days before they start.",
    users="Front desks and care teams.",
    role="Informs which patients to call before the visit; a person decides.",
    caution="Appointments of another practice; overbooking; walk-ins.",
    limits="Associations, not causes. A patient who is called because of the score may attend because of the call.",
    inclusion="appointments of 18 months that were kept or missed; those cancelled after their reminder are excluded; at least "
    f"{no_show.MINIMUM_PATIENTS} patients who missed an appointment and as many who kept one.",
    catalog=no_show.BY_NAME,
)


def model_card(
    model: RiskModel, model_version: str, evaluations: pl.DataFrame, as_of_on: date, purpose: Purpose = DISENGAGEMENT
) -> pl.DataFrame:
    """One row per attribute: `model_version`, `attribute_number` (1 to 31), `category`, `attribute`, `answer`.

    `evaluations` are the rows of `ml.model_evaluations` of this model.
    """
    validity, fairness = _validity(evaluations), _fairness(evaluations)
    quasi = [name for name in model.features if purpose.catalog[name].phi is Phi.QUASI]
    chosen = model.selection
    recipe = (
        f"{chosen.recipe}; intercept and slope of its calibration {chosen.calibration[0]:.2f} and {chosen.calibration[1]:.2f}"
    )
    if chosen.gain is not None:
        recipe += f"; the challenger's AUROC on unseen patients differed by {chosen.gain:+.3f}"
        recipe += f" ({chosen.gain_low:+.3f} to {chosen.gain_high:+.3f})"
    months = f"{model.trained_from_on:%Y-%m} to {model.trained_to_on:%Y-%m}"
    on_test = evaluations.drop_nulls("test_from_on")  # the note that a model is not used has no days
    tested = f"{min(on_test['test_from_on']):%Y-%m} to {max(on_test['test_to_on']):%Y-%m}"
    answers = (
        "The practice that runs this installation of Caregap; its administrator is the contact.",
        "Not stated by the practice.",
        purpose.output,
        "Prediction.",
        purpose.use,
        purpose.population,
        purpose.users,
        purpose.role,
        purpose.caution,
        purpose.limits,
        f"{months}; {purpose.inclusion}",
        f"{len(model.features)} inputs: {', '.join(model.features)}. Quasi-identifiers among them: "
        f"{', '.join(quasi) or 'none'}. Race, ethnicity and language are not inputs. "
        f"Recipe: {recipe}.",
        f"Counts by group in the test: {_counts(evaluations)}.",
        "Trained on the practice's own records, for the same practice.",
        "The model never reads race, ethnicity or language; its metrics are computed for each group.",
        "Classes are not reweighted; groups are compared by discrimination and by observed over expected events; reasons shown "
        "to the team never come from age, sex or payer.",
        NOT_DONE,
        "Nobody.",
        NOT_DONE,
        NOT_DONE,
        f"Test indexes {tested}: {validity}.",
        f"Test indexes {tested}: {fairness}.",
        NOT_DONE,
        NOT_DONE,
        "None.",
        "With every build, on the newest months with known outcomes.",
        f"{validity}.",
        "With every build, by group.",
        f"{fairness}.",
        f"Refitted with every build; this model on {as_of_on:%Y-%m-%d}.",
        "With every build.",
    )
    named = [(category, attribute) for category, attributes in ATTRIBUTES for attribute in attributes]
    numbered = [
        (model_version, number, category, attribute, answer)
        for number, ((category, attribute), answer) in enumerate(zip(named, answers, strict=True), start=1)
    ]
    return pl.DataFrame(numbered, schema=["model_version", "attribute_number", "category", "attribute", "answer"], orient="row")


def _validity(evaluations: pl.DataFrame) -> str:
    rows = evaluations.filter((pl.col("subgroup_type") == "all") & pl.col("value").is_not_null())
    return "; ".join(_figure(row) for row in rows.iter_rows(named=True)) or "not evaluated"


def _fairness(evaluations: pl.DataFrame) -> str:
    """The worst group on each metric, by kind of group."""
    rows = evaluations.filter((pl.col("subgroup_type") != "all") & pl.col("value").is_not_null())
    worst = [
        f"{kind}: " + "; ".join(f"{row['subgroup']} {_figure(row)}" for row in (part.sort("value").row(0, named=True),))
        for (kind,), part in rows.filter(pl.col("metric") == "auroc").group_by("subgroup_type", maintain_order=True)
    ]
    return "lowest AUROC by " + ", ".join(worst) if worst else "no group was large enough to evaluate"


def _counts(evaluations: pl.DataFrame) -> str:
    shown = evaluations.filter((pl.col("subgroup_type") != "all") & pl.col("metric").is_in(["auroc", NOT_EVALUATED]))
    return ", ".join(
        f"{kind} {group} {n}" for kind, group, n in shown.select("subgroup_type", "subgroup", "n_patients").iter_rows()
    )


def _figure(row: dict[str, Any]) -> str:
    interval = "" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f})"
    return f"{row['metric']} {row['value']:.3f}{interval}"
