"""Groups of patients are judged only with outcomes enough."""

import numpy as np
import polars as pl
import pytest

from ml.assessment.subgroups import evaluate_subgroups


def groups(**n_events: int) -> pl.DataFrame:
    """Groups of 200 patients each, of whom so many had the outcome, at a risk of 20 %."""
    name = np.repeat(list(n_events), 200)
    labels = np.concatenate([np.arange(200) < n for n in n_events.values()]).astype(float)
    risks = np.full(len(labels), 0.2) + 1e-6 * labels
    return evaluate_subgroups(labels, risks, np.arange(len(labels)), np.ones(len(labels)), pl.DataFrame({"payer": name}))


def test_below_fifty_events_nothing_is_claimed_and_the_counts_are_shown():
    found = groups(many=50, few=49)
    few = found.filter(pl.col("subgroup") == "few").row(0, named=True)
    assert (few["metric"], few["value"], few["n_events"], few["n_patients"]) == ("not_evaluated", None, 49, 200)
    assert "not_evaluated" not in found.filter(pl.col("subgroup") == "many")["metric"].to_list()


def test_observed_over_expected_of_a_group_is_its_events_over_its_risks():
    """60 events of 200 patients at 20 %: 60 / 40 = 1.5."""
    found = groups(payer=60).filter(pl.col("metric") == "observed_over_expected")
    assert found["value"].item() == pytest.approx(1.5, abs=1e-4)
    assert 1.1 < found["low"].item() < 1.5 < found["high"].item() < 1.9
