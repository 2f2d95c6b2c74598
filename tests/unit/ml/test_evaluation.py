"""Every figure of the evaluation against a value worked out by hand, or against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from ml.metrics import (
    auprc,
    auroc,
    calibration_slope,
    evaluate,
    expected_calibration_error,
    interval,
    net_benefit,
    observed_over_expected,
    precision_at,
    reliability,
)

LABELS = np.array([0, 0, 1, 1])
SCORES = np.array([0.1, 0.4, 0.4, 0.8])


def test_auroc_counts_a_tie_as_half_a_pair():
    """Four pairs: 0.4 over 0.1 and both of 0.8's are right, 0.4 against 0.4 is half: 3.5 of 4."""
    assert auroc(LABELS, SCORES) == 0.875


def test_auprc_adds_precision_by_the_recall_that_it_gains():
    """At 0.8: precision 1, recall 1/2. At 0.4: two of three are events, recall 1. 1 x 1/2 + 2/3 x 1/2 = 5/6."""
    assert auprc(LABELS, SCORES) == pytest.approx(5 / 6)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(1, 3)), min_size=2, max_size=40))
def test_weights_act_as_if_rows_were_repeated(rows):
    labels, scores, weights = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    repeated = np.repeat(labels, weights.astype(int)), np.repeat(scores, weights.astype(int))
    if 0 < labels.sum() < len(labels):
        assert auroc(labels, scores, weights) == pytest.approx(roc_auc_score(*repeated))
        assert auprc(labels, scores, weights) == pytest.approx(average_precision_score(*repeated))
    else:
        assert np.isnan(auroc(labels, scores, weights))


def test_calibration_slope_is_that_of_a_logistic_regression_on_the_logit():
    random = np.random.default_rng(3)
    logit = random.normal(-1, 1, 4000)
    labels = (random.random(4000) < 1 / (1 + np.exp(-0.7 * logit))).astype(float)
    reference = LogisticRegression(C=np.inf).fit(logit[:, None], labels).coef_[0, 0]
    assert calibration_slope(labels, 1 / (1 + np.exp(-logit))) == pytest.approx(reference, abs=1e-3)


def test_calibration_of_a_constant_risk_has_no_slope():
    assert np.isnan(calibration_slope(LABELS, np.full(4, 0.5)))


def test_observed_over_expected_is_two_events_over_the_sum_of_risks():
    assert observed_over_expected(LABELS, SCORES) == pytest.approx(2 / 1.7)


def test_observed_over_expected_counts_a_row_as_often_as_it_weighs():
    """The event at 0.8 three times: 4 events over 0.1 + 0.4 + 0.4 + 2.4 = 3.3."""
    assert observed_over_expected(LABELS, SCORES, np.array([1, 1, 1, 3])) == pytest.approx(4 / 3.3)


def test_expected_calibration_error_weighs_bins_by_rows():
    """Bins 0.1 (|0.1 - 0|, 1 row), 0.4 (|0.4 - 0.5|, 2 rows), 0.8 (|0.8 - 1|, 1 row): (0.1 + 0.2 + 0.2) / 4."""
    assert expected_calibration_error(LABELS, SCORES) == pytest.approx(0.125)


def test_precision_at_capacity_shares_a_tie_at_the_edge():
    """Of the two highest, 0.8 is an event, and the place left goes to one of two tied rows, of which half are events."""
    assert precision_at(LABELS, SCORES, 0.5) == pytest.approx(0.75)


def test_the_reliability_curve_has_tenths_of_equal_size():
    curve = reliability(np.tile([0, 1], 50), np.linspace(0, 1, 100))
    assert curve["n_rows"].to_list() == [10] * 10
    assert curve["observed_rate"].to_list() == [0.5] * 10


def test_net_benefit_weighs_a_false_alarm_by_the_odds_of_the_threshold():
    """At 0.4: two true and one false of four, odds 2/3: (2 - 2/3) / 4 = 1/3. Acting on all: 1/2 - 1/2 x 2/3 = 1/6."""
    row = net_benefit(LABELS, SCORES, [0.4]).row(0)
    assert row == pytest.approx((0.4, 1 / 3, 1 / 6))


def test_an_interval_widens_when_rows_belong_to_few_patients():
    random = np.random.default_rng(5)
    per_patient = random.random(50)
    labels, patients = np.repeat(per_patient > 0.5, 20).astype(float), np.repeat(np.arange(50), 20)
    mean = lambda w: float((w * labels).sum() / w.sum())  # noqa: E731
    by_patient, by_row = interval(mean, patients), interval(mean, np.arange(1000))
    assert by_patient[1] - by_patient[0] > 3 * (by_row[1] - by_row[0])


def test_the_table_compares_with_other_scores_and_has_no_number_where_none_exists():
    table = evaluate(np.zeros(4), SCORES, np.arange(4), comparators={"overdue_rule": SCORES}, resamples=10)
    values = dict(table.select("metric", "value").iter_rows())
    assert values["auroc"] is None and values["auroc_gain_over_overdue_rule"] is None
    assert values["prevalence"] == 0
