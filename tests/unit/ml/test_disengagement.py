"""The task, the split, the model, its reasons and its tiers, on rows whose true risk is known."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from ml.metrics import auroc
from ml.risk import risk_model
from ml.risk.censoring import CHOSEN_BY
from ml.risk.disengagement import (
    TooLittleData,
    fit,
    learnable,
    overdue_rule,
    score,
    score_by_rule,
    split_by_time,
    tiers,
    trainable,
)
from ml.risk.features import BY_NAME, FEATURES
from ml.risk.reasons import reasons
from ml.risk.risk_model import CHAMPION
from pipelines.errors import ChecksFailed
from pipelines.scoring.disengagement import refuse_the_impossible

MONTHS = [date(2024 + month // 12, month % 12 + 1, 1) for month in range(15)]


def patients(n: int = 300, seed: int = 1) -> pl.DataFrame:
    """`n` patients at 15 indexes; the true log-odds are 2 (overdue_ratio - 0.8) - 1.5 has_next_appointment + 0.4 no-shows."""
    random = np.random.default_rng(seed)
    rows = n * len(MONTHS)
    inputs = {
        feature.name: (random.random(rows) < 0.3) if feature.is_flag else random.gamma(2, 2, rows).round(1)
        for feature in FEATURES
    } | {"overdue_ratio": random.uniform(0, 1.5, rows), "n_no_shows_6_months": random.poisson(0.6, rows)}
    logit = 2 * (inputs["overdue_ratio"] - 0.8) - 1.5 * inputs["has_next_appointment"] + 0.4 * inputs["n_no_shows_6_months"]
    risk = 1 / (1 + np.exp(-logit))
    return pl.DataFrame(
        {"patient_key": np.repeat(np.arange(n), len(MONTHS)), "index_on": MONTHS * n, "true_risk": risk}
        | inputs
        | {
            "is_disengaged": random.random(rows) < risk,
            "decided_on": [month + timedelta(days=179) for month in MONTHS] * n,
            "contacted_on": pl.Series(
                np.where(random.random(rows) < 0.2, np.array(MONTHS * n, dtype="datetime64[D]"), np.datetime64("NaT"))
            ),
        }
    )


def contact_months(rows: pl.DataFrame) -> pl.DataFrame:
    """The months of those rows: nothing about a patient says who is contacted."""
    return rows.select("patient_key", "index_on", *(pl.lit(0).alias(name) for name in CHOSEN_BY))


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return patients()


@pytest.fixture(scope="module")
def model(rows):
    return fit(split_by_time(rows, contact_months(rows)).train, CHAMPION)


def test_training_ends_210_days_before_the_test_begins(rows):
    """A horizon of 180 days, and 30 until what happened in it is on record. 210 days before 1 January 2025 is 5 June 2024, so
    that the index of 1 June is the last to learn from; 180 days before is 5 July, and would let in that of 1 July."""
    split = split_by_time(rows, contact_months(rows))
    assert split.test["index_on"].unique().sort().to_list() == [date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)]
    assert split.train["index_on"].max() == date(2024, 6, 1)


def test_contacted_patients_teach_nothing_after_their_contact(rows):
    split = split_by_time(rows, contact_months(rows))
    for part in (split.train, split.test):
        assert part["contacted_on"].is_null().all() and not part.is_empty()


def test_the_model_for_scoring_learns_nothing_whose_outcome_is_not_yet_on_record(rows):
    """210 days before 2 March 2025 is 4 August 2024, and 180 days before 3 September."""
    assert trainable(rows, contact_months(rows), date(2025, 3, 2))["index_on"].max() == date(2024, 8, 1)


def test_a_weight_counts_as_often_as_it_says(rows):
    """A row of weight 3 teaches as that row three times over: the same intercept and curve, but for the folds of calibration."""
    few = learnable(rows.head(1_500), contact_months(rows)).with_columns(
        weight=pl.when(pl.col("patient_key") % 2 == 0).then(3.0).otherwise(1.0)
    )
    repeated = pl.concat([few, *[few.filter(pl.col("weight") == 3)] * 2]).with_columns(weight=pl.lit(1.0))
    weighted, counted, plain = (fit(one, CHAMPION) for one in (few, repeated, few.with_columns(weight=pl.lit(1.0))))
    difference = np.abs(weighted.risk(few) - counted.risk(few)).mean()
    assert difference < np.abs(weighted.risk(few) - plain.risk(few)).mean() / 2


def test_the_model_comes_near_the_best_possible_and_beats_the_overdue_rule(rows, model):
    test = split_by_time(rows, contact_months(rows)).test
    labels = test["is_disengaged"].cast(pl.Float64).to_numpy()
    best, reached = auroc(labels, test["true_risk"].to_numpy()), auroc(labels, model.risk(test))
    assert best - 0.03 < reached <= best + 0.01
    assert reached > auroc(labels, overdue_rule(test)) + 0.03


def test_too_few_patients_are_refused_in_words():
    with pytest.raises(TooLittleData, match="who disengaged are too few to train on"):
        split_by_time(patients(n=6), contact_months(patients(n=6)))
    with pytest.raises(TooLittleData, match="0 months"):
        split_by_time(patients(n=20).filter(pl.col("index_on") < date(2000, 1, 1)), contact_months(patients(n=20)))


def test_contributions_add_up_to_the_log_odds(rows, model):
    intercept, slope = model.selection.calibration
    total = model.contributions(rows).sum(axis=1) + slope * model.estimator["logistic"].intercept_[0] + intercept
    assert np.allclose(1 / (1 + np.exp(-total)), model.risk(rows), atol=1e-9)


def test_a_risk_does_not_depend_on_how_many_are_worked_out_at_once(rows, model, monkeypatch):
    """The splines of all months of 100,000 patients took gigabytes. 50 rows at once, or 7 at a time with one left over."""
    few, whole = rows.head(50), model.risk(rows.head(50))
    monkeypatch.setattr(risk_model, "AT_ONCE", 7)
    assert np.allclose(model.risk(few), whole, rtol=1e-12, atol=0)


def test_an_input_that_never_varies_is_left_out(rows):
    constant = rows.with_columns(balance_due_usd=pl.lit(None, pl.Float64), is_female=pl.lit(False))
    assert not {"balance_due_usd", "is_female"} & set(
        fit(split_by_time(constant, contact_months(constant)).train, CHAMPION).features
    )


def test_scores_carry_model_and_index_and_no_reason_from_who_the_person_is(rows, model):
    scored = score(model, rows, "disengagement-abc")
    assert scored["model_version"].unique().to_list() == ["disengagement-abc"]
    assert scored["index_on"].to_list() == rows["index_on"].to_list()
    assert scored["score"].is_between(0, 1).all()
    said = pl.concat([scored[f"reason_{rank}"] for rank in (1, 2, 3)]).drop_nulls()
    assert not said.is_empty() and not said.str.contains(r"(?i)\bage|sex|female|medicaid|race|ethnic|language").any()


def test_reasons_name_the_strongest_topics_first_and_only_what_raises_the_risk():
    """Recency 2.0 - 0.5 = 1.5; attendance 1.0; the missing satisfaction and the lowered portal are not said."""
    row = pl.DataFrame(
        {"overdue_ratio": 1.2, "days_since_visit": 219.0, "expected_interval_days": 182.5, "n_no_shows_6_months": 2,
         "satisfaction_rate": None, "n_portal_logins_3_months": 4, "has_next_appointment": False},
        schema_overrides={"satisfaction_rate": pl.Float64},
    )  # fmt: skip
    names = ["overdue_ratio", "days_since_visit", "n_no_shows_6_months", "satisfaction_rate", "n_portal_logins_3_months",
             "has_next_appointment"]  # fmt: skip
    said = reasons(row, [BY_NAME[name] for name in names], np.array([[2.0, -0.5, 1.0, 3.0, -1.0, 0.2]])).row(0)
    assert said == (
        "last visit 219 days ago, a visit expected every 182 days",
        "missed appointments in 6 months: 2",
        "no appointment is booked",
    )


def test_nothing_missed_and_nothing_due_are_no_reasons():
    """On a sample of 438 patients "missed appointments in 6 months: 0" and "balance due: $0" led the list."""
    row = pl.DataFrame({"n_no_shows_6_months": [0], "balance_due_usd": [0.4], "n_portal_logins_6_months": [0]})
    said = reasons(row, [BY_NAME[name] for name in row.columns], np.array([[3.0, 2.0, 1.0]])).row(0)
    assert said == ("portal logins in 6 months: 0", None, None)


def test_no_input_is_a_sensitive_attribute():
    words = {word for feature in FEATURES for word in feature.name.split("_")}
    assert not words & {"race", "ethnicity", "language", "religion", "name", "address", "postal"}


def test_the_rule_is_the_share_of_one_and_a_half_intervals_that_has_passed():
    """0.75 of an interval is half of 1.5; at 1.5 a patient has lapsed, and later is no more than that."""
    assert overdue_rule(pl.DataFrame({"overdue_ratio": [0.0, 0.75, 1.5, 3.0]})).tolist() == [0.0, 0.5, 1.0, 1.0]


def test_scores_by_the_rule_are_marked_as_such(rows):
    scored = score_by_rule(rows)
    assert scored["method"].unique().to_list() == ["rule"]
    assert scored["reason_1"].str.starts_with("last visit").all() and scored["reason_2"].is_null().all()


def test_tiers_follow_the_capacity_of_each_site():
    scores = pl.DataFrame({"patient_key": range(20), "location_key": [1] * 12 + [2] * 8, "score": np.linspace(0, 1, 20)})
    ranked = tiers(scores, capacity=2)
    counts = ranked.group_by("location_key", "tier").len().sort("location_key", "tier").rows()
    assert counts == [(1, "high", 2), (1, "low", 6), (1, "medium", 4), (2, "high", 2), (2, "low", 2), (2, "medium", 4)]
    assert ranked.filter(pl.col("site_rank") == 1).sort("location_key")["patient_key"].to_list() == [11, 19]


def test_a_model_that_ranks_better_than_is_possible_is_refused():
    gains = pl.DataFrame({"metric": ["auroc_gain_over_best_possible"], "value": [0.04], "low": [0.01]})
    with pytest.raises(ChecksFailed, match="an input leaks the outcome"):
        refuse_the_impossible(gains)
    refuse_the_impossible(gains.with_columns(low=pl.lit(-0.01)))
