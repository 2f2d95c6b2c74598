"""What is published of a trained model: its metrics, curves, importances and card."""

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ml.assessment.evaluation import Worth, curves, evaluation_rows, importances
from ml.assessment.model_card import DISENGAGEMENT, NO_SHOW, model_card
from ml.risk.disengagement import fit, split_by_time
from ml.risk.features import BY_NAME
from models.published.risk import RISK
from pipelines.scoring.disengagement import NOT_USED
from pipelines.scoring.provenance import note
from tests.unit.ml.test_disengagement import contact_months, patients

VERSION = "disengagement-abc"


@pytest.fixture(scope="module")
def test_rows() -> pl.DataFrame:
    return split_by_time(patients(), contact_months(patients())).test


@pytest.fixture(scope="module")
def model():
    return fit(split_by_time(patients(), contact_months(patients())).train)


@pytest.fixture(scope="module")
def evaluations(model, test_rows) -> pl.DataFrame:
    people = test_rows.select("patient_key").unique().with_columns(sex=pl.lit("female"), language=pl.lit(None, pl.String))
    best = test_rows.select("patient_key", "index_on", best_possible="true_risk")
    return evaluation_rows(model, test_rows, people, VERSION, best=best, worth=Worth(effect=0.15, margin_usd=250, cost_usd=5))


def test_metrics_compare_with_the_rule_chance_and_the_best_possible(evaluations):
    everybody = set(evaluations.filter(pl.col("subgroup_type") == "all")["metric"])
    assert {
        "auroc", "auprc", "calibration_slope", "observed_over_expected", "prevalence", "precision_at_capacity",
        "lift_at_capacity", "auroc_overdue_rule", "auroc_best_possible", "auroc_gain_over_best_possible",
        "expected_value_usd_per_100", "challenger_auroc_gain",
    } <= everybody  # fmt: skip
    assert set(evaluations["subgroup_type"]) == {"all", "age", "sex", "language"}


def test_the_level_of_the_risks_and_the_chance_of_the_outcomes_make_up_what_was_observed(evaluations):
    """Observed over expected = observed over the best possible × the best possible over expected."""
    value = dict(evaluations.filter(pl.col("subgroup_type") == "all").select("metric", "value").iter_rows())
    product = value["observed_over_best_possible"] * value["best_possible_over_expected"]
    assert product == pytest.approx(value["observed_over_expected"])
    assert value["observed_over_best_possible"] != pytest.approx(1, abs=1e-6)


def test_a_contact_is_worth_what_it_keeps_less_what_it_costs():
    """100 contacts at precision 0.4 keep 15 % of 40 patients, 6 at $250, and cost $500: $1,000."""
    assert Worth(effect=0.15, margin_usd=250, cost_usd=5).of(100, 0.4) == pytest.approx(1000)


def test_the_curves_keep_their_contract(model, test_rows):
    found = curves(model, test_rows, VERSION)
    RISK["ml.model_curves"].schema.validate(found)
    reliability = found.filter(pl.col("curve") == "reliability")
    assert reliability["n_rows"].sum() == len(test_rows) and reliability["x_value"].is_sorted()


def test_the_input_that_matters_most_comes_first(model, test_rows):
    ranked = importances(model, test_rows, VERSION)
    RISK["ml.model_importances"].schema.validate(ranked)
    assert set(ranked["feature"].head(3)) >= {"has_next_appointment"}


@pytest.mark.parametrize("purpose", [DISENGAGEMENT, replace(NO_SHOW, catalog=BY_NAME)], ids=["disengagement", "no_show"])
def test_a_card_answers_all_31_questions(model, evaluations, purpose):
    card = model_card(model, VERSION, evaluations, date(2026, 6, 1), purpose)
    assert card["attribute_number"].to_list() == list(range(1, 32))
    assert card["answer"].str.len_chars().min() > 0
    assert card["answer"].str.contains("(?i)never to (overbook|double-book)").any()


def test_a_model_that_ranks_no_better_than_the_rule_has_a_card_too(model, evaluations):
    """The note that says so was tested on no days; a run ended with it."""
    noted = pl.concat([evaluations, note(VERSION, NOT_USED, "ranks no better than the overdue_rule")], how="diagonal")
    assert_frame_equal(
        model_card(model, VERSION, noted, date(2026, 6, 1)), model_card(model, VERSION, evaluations, date(2026, 6, 1))
    )
