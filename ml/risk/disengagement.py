"""Predicts disengagement: 180 days later, no visit, none booked, and 1.5 times the expected interval exceeded.

Rows are patients at an index, the first of a month, as `intermediate.int_disengagement__features` and `__labels` hold them:
`patient_key`, `index_on`, the inputs of `ml.risk.features`, and, once the horizon is over, `is_disengaged` (null: died or moved
away), `decided_on` and `contacted_on`. `months` are the rows of `intermediate.int_disengagement__contact_months`.

The risk is that without a contact, while the program runs at the sites as planned: the untreated risk, so that it says whom to
contact (Pajouheshnia et al. 2017, Stat Med 36(29):4529; van Geloven et al. 2020, Eur J Epidemiol 35(7):619). A contact hides it,
and outreach selects patients who are about to leave: contacts censor (`ml.risk.censoring`).
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from ml.risk.censoring import left_alone
from ml.risk.features import BY_NAME, FEATURES
from ml.risk.reasons import reasons
from ml.risk.risk_model import RiskModel, fit_risk
from models.disengagement import GRACE, HORIZON_DAYS, RECORDING_DAYS

EMBARGO_DAYS = HORIZON_DAYS + RECORDING_DAYS
"""Minimum days from a training index to the test index, so that the training outcome was already known by then."""
TEST_MONTHS = 3
MINIMUM_PATIENTS = 15
"""Minimum patients with the outcome, and without it, to fit a model. A practice of 400 has about 20: the penalty then keeps the
fit near the average, and the interval of its evaluation shows how uncertain it is."""
MINIMUM_TEST_PATIENTS = 5
LEVEL_MONTHS = 6
"""Newest months with known outcomes towards which the level of the risks moves (`ml.risk.selection.level_shift`)."""


class TooLittleData(ValueError):
    """These rows are too few to train or evaluate a model. The text says what is missing."""


@dataclass(frozen=True)
class Split:
    """Training rows, and test rows that begin at least `EMBARGO_DAYS` after the last training index."""

    train: pl.DataFrame
    test: pl.DataFrame


def learnable(rows: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """Rows with a known outcome that no contact preceded, with their `weight`: more than 1 if a contact was likely."""
    return left_alone(rows.filter(pl.col("is_disengaged").is_not_null()), months)


def split_by_time(rows: pl.DataFrame, months: pl.DataFrame) -> Split:
    """Splits rows into the last `TEST_MONTHS` indexes with known outcomes for testing, and those before the embargo for training.

    Both parts are learnable rows, each weighted by its own contacts.

    Raises `TooLittleData` if either part is too small.
    """
    indexes = rows.filter(pl.col("is_disengaged").is_not_null())["index_on"].unique().sort()
    if len(indexes) <= TEST_MONTHS:
        raise TooLittleData(f"outcomes are known for {len(indexes)} months only; {TEST_MONTHS} are kept for testing")
    first_test = indexes[-TEST_MONTHS]
    train = learnable(rows.filter(pl.col("index_on") <= first_test - timedelta(days=EMBARGO_DAYS)), months)
    test = learnable(rows.filter(pl.col("index_on") >= first_test), months)
    _require(train, MINIMUM_PATIENTS, "to train on before the embargo")
    _require(test, MINIMUM_TEST_PATIENTS, "to test on")
    return Split(train, test)


def trainable(rows: pl.DataFrame, months: pl.DataFrame, as_of_on: date) -> pl.DataFrame:
    """All learnable rows whose outcome is on record by `as_of_on`. Raises `TooLittleData` if there are too few."""
    known = learnable(rows.filter(pl.col("index_on") <= as_of_on - timedelta(days=EMBARGO_DAYS)), months)
    _require(known, MINIMUM_PATIENTS, "to train on")
    return known


def fit(train: pl.DataFrame, recipe: str | None = None) -> RiskModel:
    """Fits `recipe`, or the better of the two, on learnable rows."""
    return fit_risk(
        FEATURES, train, outcome="is_disengaged", person="patient_key", day="index_on", recipe=recipe, newest_months=LEVEL_MONTHS
    )


def score(model: RiskModel, rows: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """One row per row of `rows`: `patient_key`, `index_on`, `score` (the probability), `reason_1` to `reason_3`, `method`,
    `model_version`."""
    keys = rows.select("patient_key", "index_on", score=pl.Series(model.risk(rows), dtype=pl.Float64))
    why = model.reasons(rows, BY_NAME)
    return pl.concat([keys, why], how="horizontal").with_columns(method=pl.lit("model"), model_version=pl.lit(model_version))


def overdue_rule(rows: pl.DataFrame) -> np.ndarray:
    """The simple rule that the model must beat: share of the allowed interval elapsed, 0 to 1. A ranking, not a probability."""
    return (rows["overdue_ratio"].cast(pl.Float64) / GRACE).clip(0, 1).to_numpy()


def score_by_rule(rows: pl.DataFrame) -> pl.DataFrame:
    """As `score`, if no model could be trained: the overdue rule with its single reason."""
    keys = rows.select("patient_key", "index_on", score=pl.Series(overdue_rule(rows), dtype=pl.Float64))
    why = reasons(rows, [BY_NAME["overdue_ratio"]], np.ones((len(rows), 1)))
    return pl.concat([keys, why], how="horizontal").with_columns(method=pl.lit("rule"), model_version=pl.lit("overdue_rule"))


def tiers(scores: pl.DataFrame, capacity: int) -> pl.DataFrame:
    """Adds `site_rank` (1 is the highest at the site) and `tier` to `scores`, which has `location_key`.

    `capacity` is the number of patients that a site's team can contact in a month: that many are `high`, the next twice as many
    `medium`, the rest `low`. A fixed threshold would give one site too many and another too few.
    """
    ranked = scores.sort("score", "patient_key", descending=[True, False]).with_columns(
        site_rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("location_key")
    )
    tier = (
        pl.when(pl.col("site_rank") <= capacity)
        .then(pl.lit("high"))
        .when(pl.col("site_rank") <= 3 * capacity)
        .then(pl.lit("medium"))
    )
    return ranked.with_columns(tier=tier.otherwise(pl.lit("low")))


def _require(rows: pl.DataFrame, minimum: int, purpose: str) -> None:
    for outcome, words in ((True, "who disengaged"), (False, "who stayed")):
        n = rows.filter(pl.col("is_disengaged") == outcome)["patient_key"].n_unique()
        if n < minimum:
            raise TooLittleData(f"{n} patients {words} are too few {purpose}; {minimum} are needed")
