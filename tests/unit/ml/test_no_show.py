"""The risk of a missed appointment: what it learns from, what it is tested on, and whom it marks."""

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from ml.metrics import auroc
from ml.risk.disengagement import TooLittleData
from ml.risk.no_show import FEATURES, evaluation_rows, fit, score, score_by_rule, split_by_time, trainable
from ml.risk.risk_model import CHAMPION

LAST = date(2026, 6, 30)


def appointments(n_days: int = 200, a_day: int = 12, seed: int = 1) -> pl.DataFrame:
    """`a_day` appointments a day up to 30 June 2026, of 200 patients; the true log-odds are
    6 (own share - 0.3) + 1.5 first visit - 1."""
    random = np.random.default_rng(seed)
    n = n_days * a_day
    inputs = {
        feature.name: (random.random(n) < 0.3) if feature.is_flag else random.gamma(2, 2, n).round(1) for feature in FEATURES
    } | {"no_show_share_12_months": random.uniform(0, 0.6, n)}
    risk = 1 / (1 + np.exp(-(6 * (inputs["no_show_share_12_months"] - 0.3) + 1.5 * inputs["is_first_visit"] - 1)))
    days = [LAST - timedelta(days=number // a_day) for number in range(n)]
    return pl.DataFrame(
        {
            "appointment_key": range(n),
            "patient_key": np.arange(n) % 200,
            "location_key": np.arange(n) % 2,
            "starts_at": [datetime(day.year, day.month, day.day) + timedelta(days=3) for day in days],
            "predicted_at": [datetime(day.year, day.month, day.day) for day in days],
            "predicted_on": days,
            "true_risk": risk,
            "is_no_show": random.random(n) < risk,
        }
        | inputs
    )


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    return appointments()


@pytest.fixture(scope="module")
def split(rows):
    return split_by_time(rows)


@pytest.fixture(scope="module")
def model(split):
    return fit(split.train, CHAMPION)


def test_the_last_60_days_are_for_testing_and_training_ends_14_days_before(split):
    """60 days before 30 June is 1 May: the test begins on 2 May. 14 days before 1 May is 17 April."""
    assert (split.test["predicted_on"].min(), split.test["predicted_on"].max()) == (date(2026, 5, 2), LAST)
    assert split.train["predicted_on"].max() == date(2026, 4, 17)


def test_the_model_for_scoring_learns_nothing_of_the_last_14_days(rows):
    assert trainable(rows, date(2026, 6, 30))["predicted_on"].max() == date(2026, 6, 16)


def test_it_learns_from_the_last_540_days():
    """540 days before 30 June 2026 is 6 January 2025, which is left out."""
    assert split_by_time(appointments(n_days=600, a_day=4)).train["predicted_on"].min() == date(2025, 1, 7)


def test_an_appointment_whose_outcome_is_unknown_teaches_nothing_and_dates_nothing(rows):
    unknown = rows.head(12).with_columns(is_no_show=pl.lit(None, pl.Boolean), predicted_on=date(2026, 9, 30))
    split = split_by_time(pl.concat([rows, unknown]))
    assert split.test["predicted_on"].max() == LAST
    assert split.train["is_no_show"].null_count() == split.test["is_no_show"].null_count() == 0


@pytest.mark.parametrize("is_no_show", [True, False])
def test_fewer_than_30_patients_with_and_without_the_outcome_are_too_few_to_train_on(rows, is_no_show):
    of_few = pl.col("is_no_show").is_null() | (pl.col("is_no_show") != is_no_show) | (pl.col("patient_key") < 29)
    words = "who missed an appointment" if is_no_show else "who kept one"
    with pytest.raises(TooLittleData, match=f"29 patients {words} are too few to train on; 30 are needed"):
        trainable(rows.filter(of_few), LAST)
    trainable(rows.filter(of_few | (pl.col("patient_key") == 29)), LAST)


def test_fewer_than_10_patients_are_too_few_to_test_on(rows):
    is_tested = pl.col("predicted_on") > date(2026, 5, 1)
    nine = rows.filter(is_tested, "is_no_show")["patient_key"].unique().sort().head(9)
    few = rows.filter(~is_tested | ~pl.col("is_no_show") | pl.col("patient_key").is_in(nine.to_list()))
    with pytest.raises(TooLittleData, match="9 patients who missed an appointment are too few to test on; 10 are needed"):
        split_by_time(few)


def test_having_no_known_outcome_is_refused_in_words(rows):
    with pytest.raises(TooLittleData, match="no appointment has a known outcome"):
        split_by_time(rows.with_columns(is_no_show=pl.lit(None, pl.Boolean)))


def test_the_model_comes_near_the_best_possible_and_beats_a_patients_own_share(split, model):
    labels = split.test["is_no_show"].cast(pl.Float64).to_numpy()
    best, reached = auroc(labels, split.test["true_risk"].to_numpy()), auroc(labels, model.risk(split.test))
    assert best - 0.05 < reached
    assert reached > auroc(labels, split.test["no_show_share_12_months"].to_numpy())


def test_its_metrics_compare_with_each_patients_own_share_and_name_the_days(split, model):
    found = evaluation_rows(model, split.test, "no_show-abc")
    assert {"auroc", "auroc_own_share", "lift_at_capacity"} <= set(found["metric"])
    assert set(found.select("test_from_on", "test_to_on").iter_rows()) == {(date(2026, 5, 2), LAST)}


def test_a_tenth_of_each_site_is_high_and_the_next_two_tenths_are_medium(rows, model):
    """Of 25 at site 0, 2.5 and 7.5, rounded up: 3 high and 8 high or medium. Of 10 at site 1, 1 and 3."""
    some = rows.head(100)
    some = pl.concat([some.filter(pl.col("location_key") == 0).head(25), some.filter(pl.col("location_key") == 1).head(10)])
    scored = score(model, some, "no_show-abc")
    assert scored.group_by("location_key", "tier").len().sort("location_key", "tier").rows() == [
        (0, "high", 3), (0, "low", 17), (0, "medium", 5), (1, "high", 1), (1, "low", 7), (1, "medium", 2),
    ]  # fmt: skip
    assert scored["score"].is_between(0, 1).all()
    of_high, of_low = (scored.filter(location_key=0, tier=tier)["score"] for tier in ("high", "low"))
    assert of_high.min() > of_low.max()
    assert set(scored.select("method", "model_version").iter_rows()) == {("model", "no_show-abc")}


def test_equal_risks_are_ranked_by_their_key(rows):
    """So that a second run on the same rows marks the same appointments."""
    equal = rows.filter(pl.col("location_key") == 0).head(20).with_columns(no_show_share_12_months=pl.lit(0.2))
    ranked = score_by_rule(equal.sample(fraction=1, shuffle=True, seed=3)).sort("site_rank")
    assert ranked["appointment_key"].to_list() == sorted(equal["appointment_key"])


def test_without_a_model_the_risk_is_the_patients_own_share_marked_as_a_rule(rows):
    scored = score_by_rule(rows.head(10)).sort("appointment_key")
    assert scored["score"].to_list() == rows.head(10)["no_show_share_12_months"].to_list()
    assert set(scored.select("method", "model_version", "reason_1").iter_rows()) == {("rule", "own_share", None)}


def test_no_input_is_a_sensitive_attribute_or_known_only_afterwards():
    words = {word for feature in FEATURES for word in feature.name.split("_")}
    assert not words & {
        "race",
        "ethnicity",
        "language",
        "religion",
        "sex",
        "female",
        "postal",
        "address",
        "name",
        "video",
        "status",
    }
