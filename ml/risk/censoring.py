"""Contacts as censoring: what would have come without them is unknown, and those left alone stand for those contacted.

Inverse probability of censoring weights (Robins & Finkelstein 2000, Biometrics 56(3):779; for predictions: Sperrin et al. 2018,
Stat Med 37(28):4142). In each month until its outcome is decided, a row could have been contacted with a probability that
depends on what whoever chose could know: how overdue the patient is, whether a visit is booked, when the patient was last chosen
and how long the site has been on the program. A row that was never contacted weighs one over the probability of that.

Patients held out at random are among those left alone, so that the weights stay finite where all others are called. The weights
are right as far as these inputs say who is called: a team that knows more than that leaves alone patients who are unlike those
it calls.
"""

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

CHOSEN_BY = (
    "overdue_ratio",
    "days_since_visit",
    "n_chronic_conditions",
    "has_next_appointment",
    "days_since_chosen",
    "days_on_program",
)
"""Inputs of the probability of a contact in a month: columns of `intermediate.int_disengagement__contact_months`."""
MAXIMUM_WEIGHT = 10.0
"""Maximum weight of a row, so that a handful of them cannot decide the fit (Cole & Hernán 2008, Am J Epidemiol 168(6):656)."""
MINIMUM_CONTACTS = 20
"""Minimum months with a contact to estimate who gets one; with fewer, all months are equally likely to have one."""


def left_alone(rows: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """The rows never contacted before their outcome was decided, with their `weight`, 1 to `MAXIMUM_WEIGHT`.

    `rows`: `patient_key`, `index_on`, `decided_on` (the day that decided the outcome) and `contacted_on` (the first contact until
    then, or null). `months`: `patient_key`, `index_on` (the first of a month) and the columns `CHOSEN_BY`; a missing value is a
    value of its own.
    """
    at_risk = _months_at_risk(rows).join(
        months.select("patient_key", pl.col("index_on").alias("month_on"), *CHOSEN_BY),
        on=["patient_key", "month_on"],
        maintain_order="left",
    )
    risks = _contact_risks(at_risk)
    weights = (
        at_risk.select("patient_key", "index_on", log_weight=pl.Series(-np.log1p(-risks), dtype=pl.Float64))
        .group_by("patient_key", "index_on", maintain_order=True)
        .agg(weight=pl.col("log_weight").sum().exp())
    )
    alone = rows.filter(pl.col("contacted_on").is_null())
    weighted = alone.join(weights, on=["patient_key", "index_on"], how="left", maintain_order="left")
    return weighted.with_columns(pl.col("weight").fill_null(1.0).clip(1.0, MAXIMUM_WEIGHT))


def _months_at_risk(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per row and month until it was contacted or its outcome decided: the keys, `month_on`, `is_contacted`."""
    until_on = pl.coalesce("contacted_on", "decided_on")
    return (
        rows.select("patient_key", "index_on", "contacted_on", month_on=pl.date_ranges("index_on", until_on, interval="1mo"))
        .explode("month_on")
        .with_columns(is_contacted=(pl.col("contacted_on").dt.truncate("1mo") == pl.col("month_on")).fill_null(False))
        .drop("contacted_on")
    )


def _contact_risks(at_risk: pl.DataFrame) -> np.ndarray:
    """The probability of a contact in each month; shape (months,)."""
    contacted = at_risk["is_contacted"].to_numpy()
    varying = [name for name in CHOSEN_BY if at_risk[name].drop_nulls().n_unique() > 1]
    if contacted.sum() < MINIMUM_CONTACTS or not varying:
        return np.full(len(contacted), contacted.mean() if len(contacted) else 0.0)
    inputs = at_risk.select(pl.col(name).cast(pl.Float64) for name in varying).to_numpy()
    model = HistGradientBoostingClassifier(
        learning_rate=0.1, max_iter=80, max_leaf_nodes=15, min_samples_leaf=50, early_stopping=False, random_state=0
    )
    with threadpool_limits(1, user_api="openmp"):
        risks = model.fit(inputs, contacted).predict_proba(inputs)[:, 1]
    return np.minimum(risks, 1 - 1 / MAXIMUM_WEIGHT)
