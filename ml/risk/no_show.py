"""Predicts missed appointments at the time when the reminder goes out.

Rows are appointments at that prediction time, as in `intermediate.int_no_show__features`. The score serves to offer help with
attending (a call, transport, another time), never to double-book a slot.
"""

from datetime import date, timedelta
from typing import Any, cast

import polars as pl

from ml.metrics import evaluate
from ml.risk.disengagement import Split, TooLittleData
from ml.risk.features import Feature
from ml.risk.risk_model import RiskModel, fit_risk
from models.no_show import OUTCOME_DAYS
from models.phi import Phi

TEST_DAYS = 60
EMBARGO_DAYS = 2 * OUTCOME_DAYS
"""Gap from the last training appointment to the first test appointment: its outcome is on record, with a week to spare."""
KNOWN_DAYS = 540
"""Days of appointments used for training; earlier inputs would look back beyond the first extract of a new warehouse."""
MINIMUM_PATIENTS = 30
MINIMUM_TEST_PATIENTS = 10
TIER_SHARES = (("high", 0.1), ("medium", 0.3))
"""Tiers as shares of a site's upcoming appointments, because its team can make a limited number of calls; the rest are low."""

FEATURES: tuple[Feature, ...] = (
    Feature("lead_time_days", "booking", "Days from booking to start.", reason="booked {value} days ahead"),
    Feature("start_hour", "time", "Hour at which it starts, on the practice's clock."),
    Feature("duration_minutes", "booking", "Minutes booked."),
    Feature(
        "no_show_share_12_months",
        "attendance",
        "Share of appointments in 12 months that were missed, shrunk towards one in ten.",
        reason="missed {n_no_shows_12_months} of {n_due_12_months} appointments in 12 months",
    ),
    Feature("n_due_12_months", "attendance", "Appointments kept or missed in 12 months."),
    Feature("n_no_shows_12_months", "attendance", "Appointments missed in 12 months."),
    Feature(
        "n_cancellations_12_months",
        "attendance",
        "Appointments cancelled by the patient in 12 months.",
        reason="appointments cancelled by the patient in 12 months: {value}",
    ),
    Feature("n_visits_12_months", "visits", "Completed visits in 12 months.", reason="completed visits in 12 months: {value}"),
    Feature("n_portal_logins_3_months", "portal", "Portal logins in 3 months.", reason="portal logins in 3 months: {value}"),
    Feature("n_chronic_conditions", "health", "Chronic conditions on record."),
    Feature(
        "days_since_visit", "visits", "Days since the last completed visit.", reason="last visit {value} days ago", phi=Phi.QUASI
    ),
    Feature("age_years", "person", "Age in years.", phi=Phi.QUASI),
    Feature(
        "is_last_missed", "attendance", "The last appointment was missed.", reason="the last appointment was missed", is_flag=True
    ),
    Feature("is_first_visit", "visits", "No completed visit before.", reason="a first visit", is_flag=True),
    Feature("is_monday", "time", "On a Monday.", is_flag=True),
    Feature("is_friday", "time", "On a Friday.", is_flag=True),
    Feature("is_medicaid", "money", "Covered by Medicaid.", is_flag=True),
)
"""Not inputs: race, ethnicity, language, sex and the patient's area; whether it is a video visit, known only for kept
appointments (from the visit); and how it was booked, because only the last version of a booking is known."""
BY_NAME = {feature.name: feature for feature in FEATURES}


def split_by_time(rows: pl.DataFrame) -> Split:
    """Splits rows into the last `TEST_DAYS` with known outcomes for testing, and those before the embargo for training.

    Raises `TooLittleData` if either part is too small.
    """
    known = _weighted(rows)
    if known.is_empty():
        raise TooLittleData("no appointment has a known outcome")
    first = cast(date, known["predicted_on"].max()) - timedelta(days=TEST_DAYS)
    split = Split(
        known.filter(pl.col("predicted_on") <= first - timedelta(days=EMBARGO_DAYS)), known.filter(pl.col("predicted_on") > first)
    )
    _require(split.train, MINIMUM_PATIENTS, "to train on")
    _require(split.test, MINIMUM_TEST_PATIENTS, "to test on")
    return split


def trainable(rows: pl.DataFrame, as_of_on: date) -> pl.DataFrame:
    """All appointments whose outcome is on record. Raises `TooLittleData` if there are too few."""
    known = _weighted(rows.filter(pl.col("predicted_on") <= as_of_on - timedelta(days=EMBARGO_DAYS)))
    _require(known, MINIMUM_PATIENTS, "to train on")
    return known


def fit(train: pl.DataFrame, recipe: str | None = None) -> RiskModel:
    """Fits `recipe`, or the better of the two, on appointments with known outcomes."""
    return fit_risk(FEATURES, train, outcome="is_no_show", person="patient_key", day="predicted_on", recipe=recipe)


def evaluation_rows(model: RiskModel, test: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """The rows of `ml.model_evaluations` for all patients, against each patient's own share of missed appointments."""
    labels, patients = test["is_no_show"].cast(pl.Float64).to_numpy(), test["patient_key"].to_numpy()
    own = test["no_show_share_12_months"].to_numpy()
    table = evaluate(labels, model.risk(test), patients, comparators={"own_share": own}, capacity_share=0.1)
    return table.with_columns(
        model_version=pl.lit(model_version),
        subgroup_type=pl.lit("all"),
        subgroup=pl.lit("all"),
        note=pl.lit(None, pl.String),
        test_from_on=pl.lit(test["predicted_on"].min()),
        test_to_on=pl.lit(test["predicted_on"].max()),
    )


def score(model: RiskModel, rows: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """One row per row of `rows`: its keys, `score`, `reason_1` to `reason_3`, `site_rank`, `tier`, `method`, `model_version`."""
    keys = rows.select("appointment_key", "patient_key", "location_key", "starts_at", "predicted_at")
    scored = pl.concat(
        [keys.with_columns(score=pl.Series(model.risk(rows), dtype=pl.Float64)), model.reasons(rows, BY_NAME)], how="horizontal"
    )
    return _tiers(scored).with_columns(method=pl.lit("model"), model_version=pl.lit(model_version))


def score_by_rule(rows: pl.DataFrame) -> pl.DataFrame:
    """As `score`, if no model could be trained: the patient's own share of missed appointments, shrunk towards one in ten."""
    keys = rows.select(
        "appointment_key", "patient_key", "location_key", "starts_at", "predicted_at", score="no_show_share_12_months"
    )
    nothing = {f"reason_{rank}": pl.lit(None, pl.String) for rank in (1, 2, 3)}
    return _tiers(keys).with_columns(method=pl.lit("rule"), model_version=pl.lit("own_share"), **nothing)


def _tiers(scores: pl.DataFrame) -> pl.DataFrame:
    ranked = scores.sort("score", "appointment_key", descending=[True, False]).with_columns(
        site_rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("location_key"), n_site=pl.len().over("location_key")
    )
    tier: Any = pl.when(pl.lit(False)).then(pl.lit(None, pl.String))
    for name, share in TIER_SHARES:
        tier = tier.when(pl.col("site_rank") <= (pl.col("n_site") * share).ceil()).then(pl.lit(name))
    return ranked.with_columns(tier=tier.otherwise(pl.lit("low"))).drop("n_site")


def _weighted(rows: pl.DataFrame) -> pl.DataFrame:
    known = rows.drop_nulls("is_no_show").with_columns(weight=pl.lit(1.0))
    return known.filter(pl.col("predicted_on") > pl.col("predicted_on").max() - timedelta(days=KNOWN_DAYS))


def _require(rows: pl.DataFrame, minimum: int, purpose: str) -> None:
    for outcome, words in ((True, "who missed an appointment"), (False, "who kept one")):
        n = rows.filter(pl.col("is_no_show") == outcome)["patient_key"].n_unique()
        if n < minimum:
            raise TooLittleData(f"{n} patients {words} are too few {purpose}; {minimum} are needed")
