"""The bars that the disengagement model is held to on simulated practices."""

import polars as pl
import pytest

from pipelines.proof.risk_benchmark import METRICS, bars, furthest_off


def seeds(**changed: float) -> pl.DataFrame:
    """Two seeds whose mean meets every bar at 10,000 patients, with columns changed."""
    values = {
        "auroc": [0.87, 0.85],
        "auroc_best_possible": [0.89, 0.88],
        "auroc_overdue_rule": [0.71, 0.70],
        "calibration_slope": [1.05, 0.93],
        "observed_over_expected": [0.93, 1.05],
        "observed_over_best_possible": [0.95, 1.04],
        "best_possible_over_expected": [0.98, 1.01],
    }
    assert tuple(values) == METRICS
    ends = {"observed_over_expected_low": [0.80, 0.91], "observed_over_expected_high": [1.05, 1.20]}
    return pl.DataFrame(values | ends | {name: [value] * 2 for name, value in changed.items()})


def met(measured: pl.DataFrame, n_patients: int = 10_000) -> dict[str, bool]:
    return {name: is_met for name, (_, _, is_met) in bars(measured, n_patients).items()}


def test_the_mean_of_the_seeds_is_held_to_the_bars_and_not_each_seed():
    assert all(met(seeds()).values())


def test_more_patients_must_come_nearer_to_the_best_possible():
    """The mean lies (0.89 + 0.88 - 0.87 - 0.85) / 2 = 0.025 below it: enough at 10,000 patients, not at 30,000."""
    name = "AUROC below the best possible"
    assert met(seeds())[name] and not met(seeds(), 30_000)[name]
    assert bars(seeds(), 30_000)[name][0] == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        ("AUROC above the overdue rule", "auroc_overdue_rule", 0.79),
        ("Calibration slope", "calibration_slope", 1.2),
        ("Observed over expected", "observed_over_expected", 0.89),
        ("Seeds whose O/E holds 1", "observed_over_expected_high", 0.99),
    ],
)
def test_each_bar_can_be_missed_alone(name, column, value):
    assert [bar for bar, is_met in met(seeds(**{column: value})).items() if not is_met] == [name]


def test_the_group_furthest_off_is_named_with_its_counts_and_never_one_too_small_to_judge():
    """2.0 and 0.5 are equally far from 1, 1.5 less; 0.45 is furthest. `self_pay` has 12 events, so that it has no O/E."""
    groups = {"medicaid": (1.5, 80), "medicare": (0.45, 60), "commercial": (0.5, 400)}
    rows = [
        {"subgroup_type": "payer_class", "subgroup": name, "metric": "observed_over_expected", "value": value, "low": value - 0.1,
         "high": value + 0.1, "n_events": n, "n_patients": 10 * n}
        for name, (value, n) in groups.items()
    ]  # fmt: skip
    unjudged = {"subgroup": "self_pay", "metric": "not_evaluated", "value": None, "low": None, "high": None, "n_events": 12}
    found = pl.DataFrame([*rows, rows[0] | unjudged])
    assert furthest_off(found, "payer_class") == "payer_class medicare: O/E 0.45 (0.35 to 0.55), 60 events, 600 patients"
    assert furthest_off(found, "location") == "location: no group has outcomes enough to be judged"
