"""The risk that a patient disengages: no visit, none booked, and half as overdue again, 180 days on.

Rows are patients at an index, the first of a month, as `intermediate.int_disengagement__features` and `__labels` hold them:
`patient_key`, `index_on`, the inputs of `ml.features`, and, once the horizon is over, `is_disengaged` (null: died or moved away),
`is_contacted` and `is_held_out`.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from sklearn.pipeline import Pipeline

from ml.features import FEATURES
from ml.reasons import reasons
from ml.spline_logistic import contributions, fit_spline_logistic

HORIZON_DAYS = 180
RECORDING_DAYS = 30
"""Days until what happened in the horizon is on record."""
EMBARGO_DAYS = HORIZON_DAYS + RECORDING_DAYS
"""A training index lies at least so long before the test index, or its outcome would not have been known by then."""
TEST_MONTHS = 3
MINIMUM_PATIENTS = 50
"""Patients with the outcome, and without it, below which nothing is fitted: some 30 inputs could be matched by chance."""
MINIMUM_TEST_PATIENTS = 20
GRACE = 1.5
"""A patient has lapsed at so many expected intervals since the last visit."""


class TooLittleData(ValueError):
    """Nothing can be learnt, or judged, from these rows. The text says what is missing."""


@dataclass(frozen=True)
class Split:
    """Training rows, and test rows that begin at least `EMBARGO_DAYS` after the last training index."""

    train: pl.DataFrame
    test: pl.DataFrame


@dataclass(frozen=True)
class DisengagementModel:
    """A fitted model: `features` are the columns of its matrix, in order."""

    pipeline: Pipeline
    features: tuple[str, ...]
    trained_from_on: date
    trained_to_on: date

    def matrix(self, rows: pl.DataFrame) -> np.ndarray:
        """Shape (rows, features), float; NaN where an input is missing, 0 where a flag is."""
        flags = {feature.name for feature in FEATURES if feature.is_flag}
        values = [pl.col(name).cast(pl.Float64).fill_null(0.0 if name in flags else float("nan")) for name in self.features]
        return rows.select(values).to_numpy()

    def risk(self, rows: pl.DataFrame) -> np.ndarray:
        """The probability of disengaging within the horizon; shape (rows,)."""
        return self.pipeline.predict_proba(self.matrix(rows))[:, 1]


def learnable(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose outcome is known and was left to itself: not contacted in the horizon, or drawn at random not to be."""
    return rows.filter(pl.col("is_disengaged").is_not_null() & (~pl.col("is_contacted") | pl.col("is_held_out")))


def split_by_time(rows: pl.DataFrame) -> Split:
    """The last `TEST_MONTHS` indexes of learnable rows for testing, and what the embargo leaves before them for training.

    Raises `TooLittleData` where either is too small.
    """
    known = learnable(rows)
    indexes = known["index_on"].unique().sort()
    if len(indexes) <= TEST_MONTHS:
        raise TooLittleData(f"outcomes are known for {len(indexes)} months only; {TEST_MONTHS} are kept for testing")
    first_test = indexes[-TEST_MONTHS]
    train = known.filter(pl.col("index_on") <= first_test - timedelta(days=EMBARGO_DAYS))
    test = known.filter(pl.col("index_on") >= first_test)
    _require(train, MINIMUM_PATIENTS, "to train on before the embargo")
    _require(test, MINIMUM_TEST_PATIENTS, "to test on")
    return Split(train, test)


def trainable(rows: pl.DataFrame, as_of_on: date) -> pl.DataFrame:
    """Every learnable row whose outcome is on record on `as_of_on`. Raises `TooLittleData` where they are too few."""
    known = learnable(rows).filter(pl.col("index_on") <= as_of_on - timedelta(days=EMBARGO_DAYS))
    _require(known, MINIMUM_PATIENTS, "to train on")
    return known


def fit(train: pl.DataFrame) -> DisengagementModel:
    """The champion on learnable rows: a spline logistic regression of every input that varies in them."""
    used = [feature for feature in FEATURES if train[feature.name].drop_nulls().n_unique() > 1]
    curves = [feature.name for feature in used if not feature.is_flag]
    flags = [feature.name for feature in used if feature.is_flag]
    indexes = train["index_on"]
    model = DisengagementModel(None, (*curves, *flags), indexes.min(), indexes.max())
    labels = train["is_disengaged"].cast(pl.Float64).to_numpy()
    n_curves, n_features = len(curves), len(model.features)
    pipeline = fit_spline_logistic(model.matrix(train), labels, range(n_curves), range(n_curves, n_features))
    return DisengagementModel(pipeline, model.features, model.trained_from_on, model.trained_to_on)


def score(model: DisengagementModel, rows: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """One row per row of `rows`: `patient_key`, `index_on`, `score` (the probability), `reason_1` to `reason_3`, `method`,
    `model_version`."""
    keys = rows.select("patient_key", "index_on", score=pl.Series(model.risk(rows), dtype=pl.Float64))
    why = reasons(rows, model.features, contributions(model.pipeline, model.matrix(rows)))
    return pl.concat([keys, why], how="horizontal").with_columns(method=pl.lit("model"), model_version=pl.lit(model_version))


def overdue_rule(rows: pl.DataFrame) -> np.ndarray:
    """The one-line rule to be beaten: the share of the allowed interval that has passed, 0 to 1. An order, not a probability."""
    return (rows["overdue_ratio"].cast(pl.Float64) / GRACE).clip(0, 1).to_numpy()


def score_by_rule(rows: pl.DataFrame) -> pl.DataFrame:
    """As `score`, where nothing could be learnt: the overdue rule, and its one reason."""
    keys = rows.select("patient_key", "index_on", score=pl.Series(overdue_rule(rows), dtype=pl.Float64))
    why = reasons(rows, ["overdue_ratio"], np.ones((len(rows), 1)))
    return pl.concat([keys, why], how="horizontal").with_columns(method=pl.lit("rule"), model_version=pl.lit("overdue_rule"))


def tiers(scores: pl.DataFrame, capacity: int) -> pl.DataFrame:
    """`scores`, which has `location_key`, with `rank` (1 the highest at the site) and `tier`.

    `capacity` is how many patients a site's team can contact in a month: `high` are as many as that, `medium` twice as many
    again, `low` the rest. A fixed threshold would swamp one site and starve another.
    """
    ranked = scores.sort("score", "patient_key", descending=[True, False]).with_columns(
        rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("location_key")
    )
    tier = pl.when(pl.col("rank") <= capacity).then(pl.lit("high")).when(pl.col("rank") <= 3 * capacity).then(pl.lit("medium"))
    return ranked.with_columns(tier=tier.otherwise(pl.lit("low")))


def _require(rows: pl.DataFrame, minimum: int, purpose: str) -> None:
    for outcome, words in ((True, "who disengaged"), (False, "who stayed")):
        n = rows.filter(pl.col("is_disengaged") == outcome)["patient_key"].n_unique()
        if n < minimum:
            raise TooLittleData(f"{n} patients {words} are too few {purpose}; {minimum} are needed")
