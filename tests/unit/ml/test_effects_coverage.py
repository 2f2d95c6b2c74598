"""The estimators on simulated practices whose true effects are known: how often the 95 % interval holds the truth, and how
often it finds an effect where there is none.

A practice of 12 sites lives through 24 months twice with the same chance, with and without its program
(`data_samples/simulator`); the difference of the two on the treated site months is the true effect on these very patients. The
simulator's own chain is used, without the extracts: 100 whole practices would take hours.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import polars as pl
import pytest

from data_samples.simulator.clock import Clock
from data_samples.simulator.effects import outreach_effects, program_outcomes
from data_samples.simulator.engagement import History, live
from data_samples.simulator.laws import Laws
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.population import make_population
from data_samples.simulator.practice import NEVER, make_practice
from ml.effects.design_picker import trial_designs
from ml.effects.estimate import Estimate
from ml.effects.rollout_designs import Rollout, interrupted, staggered, synthetic

SEEDS = range(100)
PATIENTS, MONTHS = 900, 24
CLOCK = Clock(date(2026, 10, 31), MONTHS)
STAGGERED = [9, 12, 15, 18] * 2 + [NEVER] * 4
ONE_SITE = [14] + [NEVER] * 11
ALL_AT_ONCE = [14] * 12
NO_SHOWS, DUE = "n_no_shows", "n_due"


def _laws(seed: int, joining: list[int], scale: float = 1.0) -> Laws:
    practice_seed, people_seed = np.random.SeedSequence(seed).spawn(2)
    practice = make_practice(200_000, CLOCK, np.random.default_rng(practice_seed))
    month = [NEVER if at == NEVER else CLOCK.first + at for at in joining]
    practice = replace(practice, sites=practice.sites.with_columns(go_live_month=pl.Series(month)))
    population = make_population(1, PATIENTS, practice, CLOCK, np.random.default_rng(people_seed))
    return Laws(Parameters(program_scale=scale), CLOCK, population, practice)


def _live(seed: int, laws: Laws) -> History:
    return live(laws, np.random.default_rng([seed, 1]))


@cache
def _without(seed: int) -> History:
    return _live(seed, replace(_laws(seed, STAGGERED), has_program=False))


def _panel(seed: int, joining: list[int], *, has_effect: bool) -> tuple[pl.DataFrame, float]:
    """No-shows by site and month, and the true effect on their rate over the treated site months, sites and months weighing
    the same."""
    laws = _laws(seed, joining)
    without = _without(seed)
    lived = program_outcomes(_live(seed, laws) if has_effect else without, without, laws)
    months = [None if month == NEVER else CLOCK.month_starts[month].item() for month in laws.practice.go_live_month]
    joined = pl.DataFrame({"location_id": laws.practice.sites["location_id"], "first_month": pl.Series(months, dtype=pl.Date)})
    panel = lived.join(joined, on="location_id").rename({"location_id": "site", "month_on": "month"})
    panel = panel.with_columns(numerator=pl.col(NO_SHOWS).cast(pl.Float64), denominator=pl.col(DUE).cast(pl.Float64))
    live_cells = panel.filter((pl.col("month") >= pl.col("first_month")) & (pl.col(DUE) > 0) & (pl.col(f"{DUE}_without") > 0))
    rate = live_cells[NO_SHOWS] / live_cells[DUE] - live_cells[f"{NO_SHOWS}_without"] / live_cells[f"{DUE}_without"]
    whole = live_cells[NO_SHOWS].sum() / live_cells[DUE].sum()
    whole -= live_cells[f"{NO_SHOWS}_without"].sum() / live_cells[f"{DUE}_without"].sum()
    return panel, float(whole if joining == ALL_AT_ONCE else rate.mean())


def _trial(seed: int, *, has_effect: bool) -> tuple[pl.DataFrame, float]:
    """Members of the recall campaigns with a visit in the month or the two after it, and the true effect of trying to reach
    them."""
    laws = _laws(seed, [0] * 12, scale=1.0 if has_effect else 0.0)
    history = _live(seed, laws)
    members = history.outreach.filter(pl.col("month").is_between(CLOCK.first, CLOCK.last - 2))
    seen = history.appointments.filter(pl.col("outcome") == 0).select("patient", seen="due_month").unique()
    visits = members.join(seen, on="patient").filter(pl.col("seen").is_between(pl.col("month"), pl.col("month") + 2))
    visits = visits.select("patient", "month").unique().with_columns(outcome=1)
    members = members.join(visits, on=["patient", "month"], how="left").with_columns(
        pl.col("is_held_out").cast(pl.Boolean),
        pl.col("outcome").fill_null(0),
        stratum=pl.col("month") // 6,
        cluster="patient",
        days_since_visit=None,
        n_attempts=0,
    )
    truth = outreach_effects(history, laws)
    truth = truth.filter(pl.col("month_on") <= CLOCK.month_starts[CLOCK.last - 2].item())
    return members, float((truth["probability_if_tried"] - truth["probability_if_held_out"]).mean())


def _rollout(joining: list[int], design: Callable) -> Callable[[int, bool], tuple[Estimate, float]]:
    def estimated(seed: int, has_effect: bool) -> tuple[Estimate, float]:
        panel, truth = _panel(seed, joining, has_effect=has_effect)
        return design(Rollout.of(panel))[0], truth

    return estimated


def _randomised(seed: int, has_effect: bool) -> tuple[Estimate, float]:
    members, truth = _trial(seed, has_effect=has_effect)
    return trial_designs(members)[0].estimate, truth


DESIGNS: dict[str, Callable[[int, bool], tuple[Estimate, float]]] = {
    "randomised": _randomised,
    "staggered": _rollout(STAGGERED, staggered),
    "synthetic": _rollout(ONE_SITE, synthetic),
    "interrupted": _rollout(ALL_AT_ONCE, interrupted),
}


@cache
def _found(design: str) -> list[tuple[Estimate, float]]:
    """Estimate and truth in each of the practices."""
    return [DESIGNS[design](seed, True) for seed in SEEDS]


def _held(design: str) -> int:
    """In how many of the practices the interval holds the true effect."""
    return sum(estimate.interval[0] <= truth <= estimate.interval[1] for estimate, truth in _found(design))


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_the_interval_holds_the_truth_in_nineteen_of_twenty_practices_but_for_chance(design: str):
    """One that does so holds it in fewer than 86 of 100 practices once in 7,000 such tests; one that holds it in 80 of 100 fails
    in 9 of 10."""
    assert _held(design) >= 86


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_intervals_are_no_wider_than_they_say():
    """Of 400 practices, 380 are expected; more than 396 once in 400,000 such tests."""
    assert sum(map(_held, DESIGNS)) <= 396


@pytest.mark.slow
def test_seven_points_fewer_no_shows_are_told_from_chance_in_half_of_the_practices():
    """In 61 of 100; one that does so is below 46 once in 1,000 such tests. Compared with the last month before joining alone, it
    was told in 14."""
    assert sum(estimate.is_significant for estimate, _ in _found("staggered")) >= 46


@pytest.mark.slow
@pytest.mark.parametrize("design", DESIGNS)
def test_where_there_is_no_effect_one_is_found_in_one_of_twenty_practices_but_for_chance(design: str):
    """More than 14 of 100 once in 7,000 such tests."""
    found = [DESIGNS[design](seed, False)[0] for seed in SEEDS]
    assert sum(estimate.is_significant for estimate in found) <= 14
