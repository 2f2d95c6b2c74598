"""The risk that a patient disengages: no visit, none booked, and half as overdue again, 180 days on.

Rows are patients at an index, the first of a month, as `intermediate.int_disengagement__features` and `__labels` hold them:
`patient_key`, `index_on`, the inputs of `ml.risk.features`, and, once the horizon is over, `is_disengaged`
(null: died or moved away),
`is_contacted` and `is_held_out`.

The risk is that of being left alone. Whoever was contacted in the horizon does not show it, and is not a random part of the
patients: outreach picks those who are on their way out. So the contacted are left out, and the patients who were picked just as
they were, but drawn at random not to be contacted, stand for them with the weight that this takes (Horvitz & Thompson 1952).
Without that weight the risk came out a third too low in simulated practices where most sites did outreach.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from ml.risk.features import BY_NAME, FEATURES
from ml.risk.reasons import reasons
from ml.risk.risk_model import RiskModel, fit_risk

HORIZON_DAYS = 180
RECORDING_DAYS = 30
"""Days until what happened in the horizon is on record."""
EMBARGO_DAYS = HORIZON_DAYS + RECORDING_DAYS
"""A training index lies at least so long before the test index, or its outcome would not have been known by then."""
TEST_MONTHS = 3
MINIMUM_PATIENTS = 15
"""Patients with the outcome, and without it, below which nothing is fitted. A practice of 400 has some 20: the penalty then keeps
the fit near the average, and the interval of its evaluation says how little is known."""
MINIMUM_TEST_PATIENTS = 5
MAXIMUM_WEIGHT = 10.0
"""Of a held-out row: where few were held out, a handful must not decide."""
GRACE = 1.5
"""A patient has lapsed at so many expected intervals since the last visit."""


class TooLittleData(ValueError):
    """Nothing can be learnt, or judged, from these rows. The text says what is missing."""


@dataclass(frozen=True)
class Split:
    """Training rows, and test rows that begin at least `EMBARGO_DAYS` after the last training index."""

    train: pl.DataFrame
    test: pl.DataFrame


def learnable(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows whose outcome is known and was left to itself, with their `weight`: 1, or more for the held out (see above)."""
    known = rows.filter(pl.col("is_disengaged").is_not_null())
    left_alone = known.filter(~pl.col("is_contacted") | pl.col("is_held_out"))
    n_held_out = left_alone["is_held_out"].sum()
    share = 1 + (len(known) - len(left_alone)) / n_held_out if n_held_out else 1.0
    return left_alone.with_columns(weight=pl.when("is_held_out").then(min(share, MAXIMUM_WEIGHT)).otherwise(1.0))


def split_by_time(rows: pl.DataFrame) -> Split:
    """The last `TEST_MONTHS` indexes whose outcome is known for testing, and what the embargo leaves before them for training.

    Both parts are learnable rows, each weighted by its own held-out share.

    Raises `TooLittleData` where either is too small.
    """
    indexes = rows.filter(pl.col("is_disengaged").is_not_null())["index_on"].unique().sort()
    if len(indexes) <= TEST_MONTHS:
        raise TooLittleData(f"outcomes are known for {len(indexes)} months only; {TEST_MONTHS} are kept for testing")
    first_test = indexes[-TEST_MONTHS]
    train = learnable(rows.filter(pl.col("index_on") <= first_test - timedelta(days=EMBARGO_DAYS)))
    test = learnable(rows.filter(pl.col("index_on") >= first_test))
    _require(train, MINIMUM_PATIENTS, "to train on before the embargo")
    _require(test, MINIMUM_TEST_PATIENTS, "to test on")
    return Split(train, test)


def trainable(rows: pl.DataFrame, as_of_on: date) -> pl.DataFrame:
    """Every learnable row whose outcome is on record on `as_of_on`. Raises `TooLittleData` where they are too few."""
    known = learnable(rows.filter(pl.col("index_on") <= as_of_on - timedelta(days=EMBARGO_DAYS)))
    _require(known, MINIMUM_PATIENTS, "to train on")
    return known


def fit(train: pl.DataFrame, recipe: str | None = None) -> RiskModel:
    """The better recipe, or `recipe`, on learnable rows."""
    return fit_risk(FEATURES, train, outcome="is_disengaged", person="patient_key", day="index_on", recipe=recipe)


def score(model: RiskModel, rows: pl.DataFrame, model_version: str) -> pl.DataFrame:
    """One row per row of `rows`: `patient_key`, `index_on`, `score` (the probability), `reason_1` to `reason_3`, `method`,
    `model_version`."""
    keys = rows.select("patient_key", "index_on", score=pl.Series(model.risk(rows), dtype=pl.Float64))
    why = model.reasons(rows, BY_NAME)
    return pl.concat([keys, why], how="horizontal").with_columns(method=pl.lit("model"), model_version=pl.lit(model_version))


def overdue_rule(rows: pl.DataFrame) -> np.ndarray:
    """The one-line rule to be beaten: the share of the allowed interval that has passed, 0 to 1. An order, not a probability."""
    return (rows["overdue_ratio"].cast(pl.Float64) / GRACE).clip(0, 1).to_numpy()


def score_by_rule(rows: pl.DataFrame) -> pl.DataFrame:
    """As `score`, where nothing could be learnt: the overdue rule, and its one reason."""
    keys = rows.select("patient_key", "index_on", score=pl.Series(overdue_rule(rows), dtype=pl.Float64))
    why = reasons(rows, [BY_NAME["overdue_ratio"]], np.ones((len(rows), 1)))
    return pl.concat([keys, why], how="horizontal").with_columns(method=pl.lit("rule"), model_version=pl.lit("overdue_rule"))


def tiers(scores: pl.DataFrame, capacity: int) -> pl.DataFrame:
    """`scores`, which has `location_key`, with `site_rank` (1 the highest at the site) and `tier`.

    `capacity` is how many patients a site's team can contact in a month: `high` are as many as that, `medium` twice as many
    again, `low` the rest. A fixed threshold would swamp one site and starve another.
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
