"""Which design a history allows, and that no causal number comes out of one that allows none."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from ml.effects.design_picker import Attempt, rollout_designs, trial_designs
from ml.effects.rollout_designs import _trend


def history(
    joining: list[int | None], *, n_months: int = 30, effect: float = -0.1, drift: float = 0.0, seed: int = 1
) -> pl.DataFrame:
    """Sites with a rate of about 0.3 from 200 a month; `joining` is the month in which each joins, from 0; `drift` is a trend
    a month that only sites that join have."""
    random = np.random.default_rng(seed)
    months = [date(2024 + month // 12, month % 12 + 1, 1) for month in range(n_months)]
    rows = []
    for site, joined in enumerate(joining):
        level = 0.3 + random.normal(0, 0.01)
        for place, month in enumerate(months):
            is_live = joined is not None and place >= joined
            rate = level + effect * is_live + drift * place * (joined is not None)
            first = None if joined is None else months[joined]
            rows.append((site, month, first, float(random.binomial(200, rate)), 200.0))
    columns = {"site": pl.Int64, "month": pl.Date, "first_month": pl.Date, "numerator": pl.Float64, "denominator": pl.Float64}
    return pl.DataFrame(rows, schema=columns, orient="row")


def chosen(attempts: list[Attempt]) -> Attempt:
    [one] = [attempt for attempt in attempts if attempt.is_chosen]
    return one


@pytest.mark.parametrize(
    "joining,design,grade",
    [
        ([10, 14, 18, 22, None, None], "staggered_did", "B"),
        ([10, 14, 18, 22, 26], "staggered_did", "B"),
        ([16] + [None] * 9, "synthetic_did", "C"),
        ([16], "interrupted_series", "C"),
        ([16, 16], "interrupted_series", "C"),
    ],
)
def test_the_strongest_design_that_the_history_allows_is_chosen_and_finds_the_effect(joining: list, design: str, grade: str):
    found = chosen(rollout_designs(history(joining)))
    assert (found.design, found.grade, found.is_causal) == (design, grade, True)
    assert found.estimate.interval[0] < -0.1 < found.estimate.interval[1]
    assert found.value_before == pytest.approx(0.3, abs=0.03)


def test_a_design_without_causal_claim_is_a_description_with_its_reason():
    """One site, four months before: neither a comparison nor a series."""
    *refused, found = rollout_designs(history([4], n_months=20))
    assert [attempt.estimate for attempt in refused] == [None] * 3 and all(attempt.refused_reason for attempt in refused)
    assert (found.design, found.grade, found.is_causal, found.is_chosen) == ("before_after", "D", False, True)
    assert found.estimate is not None and "trend" in found.refused_reason


def test_a_trend_before_joining_takes_the_cause_away():
    """Sites that join fall by a point a month long before they do: the difference goes on, and is no effect."""
    attempts = rollout_designs(history([10, 14, 18, 22] * 2 + [None] * 4, effect=0, drift=-0.008))
    staggered = attempts[0]
    assert staggered.design == "staggered_did" and staggered.estimate is not None
    assert "failed" in (staggered.pre_trend.verdict, staggered.placebo.verdict)
    assert not staggered.is_causal and staggered.grade == "D" and not staggered.is_chosen
    assert "failed" in staggered.refused_reason


@pytest.mark.parametrize("joining", [[None, None, None], [0, 0, None]])
def test_where_nobody_joined_within_the_months_there_is_not_even_a_description(joining: list):
    [found] = rollout_designs(history(joining))
    assert found.estimate is None and found.grade == "none" and not found.is_chosen
    assert "no site joined" in found.refused_reason


def test_a_site_or_month_without_anything_to_count_is_left_out_for_all():
    panel = history([10, 14, 18, 22, None, None])
    is_empty = (pl.col("site") == 5) & (pl.col("month") < date(2025, 1, 1))
    panel = panel.with_columns(denominator=pl.when(is_empty).then(0.0).otherwise("denominator"))
    assert chosen(rollout_designs(panel)).estimate.n == 5
    month = date(2024, 3, 1)
    panel = history([10, 14, 18, 22, None, None]).filter((pl.col("site") != 2) | (pl.col("month") != month))
    assert rollout_designs(panel)[0].estimate.parts["n_observations"] == 6 * 29


def test_quarters_take_the_place_of_months_that_have_too_little():
    """Every site has a month without a survey in each quarter."""
    panel = history([10, 14, 18, 22, None, None])
    sparse = panel.filter(pl.col("month").dt.month() % 3 != pl.col("site") % 3)
    found = chosen(rollout_designs(sparse))
    assert found.design == "staggered_did" and found.estimate.parts["n_observations"] == 6 * 10


def members(n: int = 200, breaches: int = 0, days: int = 0) -> pl.DataFrame:
    """A fifth held out; 0.3 of them come, 0.5 of the others. `days`: how much longer ago those held out were seen."""
    held_out = [place % 5 == 0 for place in range(n)]
    come = [(place // 5) % 10 < (3 if held else 5) for place, held in enumerate(held_out)]
    return pl.DataFrame(
        {
            "stratum": ["a" if place < n // 2 else "b" for place in range(n)],
            "cluster": range(n),
            "is_held_out": held_out,
            "outcome": come,
            "days_since_visit": [200 + place % 37 + days * held for place, held in enumerate(held_out)],
            "n_attempts": [int(place < 5 * breaches) if held else 1 for place, held in enumerate(held_out)],
        }
    )


def test_a_randomised_hold_out_gives_grade_a():
    """40 held out of whom 12 come, 160 others of whom 80 do: 0.2, in both campaigns alike."""
    [found] = trial_designs(members())
    assert (found.grade, found.is_causal, found.is_chosen) == ("A", True, True)
    assert found.estimate.estimate == pytest.approx(0.2) and found.value_before == pytest.approx(0.3)
    assert found.overlap.verdict == "passed"


def test_a_randomisation_that_was_not_followed_is_not_causal():
    """5 of 40 held out were contacted."""
    [found] = trial_designs(members(breaches=5))
    assert found.overlap.verdict == "failed" and not found.is_causal and found.grade == "D"
    assert "randomisation was not followed" in found.refused_reason


def test_arms_that_differ_before_are_warned_of():
    [found] = trial_designs(members(days=10))
    assert found.overlap.verdict == "warned" and found.is_causal


def test_a_campaign_with_one_member_held_out_is_left_out():
    rows = members()
    lonely = rows.filter(~pl.col("is_held_out") | (pl.col("stratum") == "a") | (pl.int_range(pl.len()) == 100))
    [found] = trial_designs(lonely)
    assert found.estimate.n == 100
    [refused] = trial_designs(lonely.filter(pl.col("stratum") == "b"))
    assert refused.estimate is None and "two members with a known outcome in each arm" in refused.refused_reason


def test_a_trend_has_the_slope_and_p_value_of_least_squares():
    """1, 2, 4, 5 at 0 to 3: slope (3 + 0.5 + 0.5 + 3) / 5 = 1.4; residuals 0.1, -0.3, 0.3, -0.1, so its error is √(0.2 / 2 / 5) =
    0.1414, t = 9.9 with 2 degrees of freedom, and p = 1 - t / √(t² + 2) = 1 - √0.98 = 0.01005."""
    assert _trend(np.array([1.0, 2.0, 4.0, 5.0])) == (pytest.approx(1.4), pytest.approx(1 - 0.98**0.5))
    assert _trend(np.array([2.0, 2.0, 2.0, 2.0])) == (0.0, 1.0)
