"""The simulator's oracles are right: probabilities come true, and an effect is the difference of two worlds."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from data_samples.simulator.clock import Clock
from data_samples.simulator.effects import outreach_effects, program_outcomes
from data_samples.simulator.engagement import History, live
from data_samples.simulator.laws import Laws
from data_samples.simulator.parameters import Parameters
from data_samples.simulator.population import make_population
from data_samples.simulator.practice import make_practice
from data_samples.simulator.truth import disengagement_risk
from data_samples.simulator.visits import Visits, schedule

# `make test` notices a changed simulator by the bytes of the committed sample.
pytestmark = pytest.mark.slow

World = tuple[Laws, History, Visits]


def _world(n_patients: int, seed: int, *, program_scale: float = 1.0, has_program: bool = True) -> World:
    clock = Clock(date(2026, 10, 31), 30)
    makers = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)]
    practice = make_practice(n_patients, clock, makers[0])
    population = make_population(1, n_patients, practice, clock, makers[1])
    laws = Laws(Parameters(program_scale=program_scale), clock, population, practice, has_program)
    history = live(laws, makers[2])
    return laws, history, schedule(history, laws, makers[3])


@pytest.fixture(scope="module")
def world() -> World:
    return _world(4_000, 21)


@pytest.fixture(scope="module")
def risk(world: World) -> pl.DataFrame:
    """Risk of patients who stayed and were not contacted; every sixth month, so that outcomes do not overlap."""
    laws, history, visits = world
    rows = disengagement_risk(history, laws, visits)
    months = [laws.clock.month_starts[laws.clock.first + 1 + step].item() for step in range(0, 30, 6)]
    return rows.filter(~pl.col("is_contacted") & ~pl.col("has_left") & pl.col("index_on").is_in(months))


@pytest.mark.parametrize("oracle", ["probability", "best_possible"])
@pytest.mark.parametrize("has_appointment", [True, False])
def test_the_risk_of_lapsing_comes_true(risk: pl.DataFrame, oracle: str, has_appointment: bool):
    """Observed less expected lapses, in standard deviations of a sum of independent draws, in each fifth of the risk."""
    rows = risk.filter(pl.col("has_appointment") == has_appointment).sort(oracle)
    assert rows.height > 1_000
    for fifth in rows.iter_slices(rows.height // 5 + 1):
        p = fifth[oracle].to_numpy().astype(float)
        z = (fifth["has_lapsed"].sum() - p.sum()) / np.sqrt((p * (1 - p)).sum() + 1)
        assert abs(z) < 4, (oracle, has_appointment, p.mean(), fifth["has_lapsed"].mean())


def test_knowing_the_hidden_state_beats_the_best_observer_who_beats_the_overdue_rule(risk: pl.DataFrame):
    overdue = risk["days_since_visit"] / risk["interval_days"]
    auroc = [roc_auc_score(risk["has_lapsed"], scores) for scores in (risk["probability"], risk["best_possible"], overdue)]
    assert auroc[0] > auroc[1] + 0.02
    assert auroc[1] > auroc[2] + 0.08


def test_an_observers_belief_matches_the_frequency_of_the_state(world: World):
    laws, history, _ = world
    month = laws.clock.last
    present = laws.is_present(month)
    belief, state = history.belief[month][present], history.state[month][present]
    assert np.allclose(belief.sum(axis=1), 1, atol=1e-4)
    for number in range(3):
        p = belief[:, number]
        z = ((state == number).sum() - p.sum()) / np.sqrt((p * (1 - p)).sum())
        assert abs(z) < 4


def test_where_nothing_works_the_program_changes_nothing():
    laws, history, _ = _world(600, 5, program_scale=0)
    _, without, _ = _world(600, 5, program_scale=0, has_program=False)
    outcomes = program_outcomes(history, without, laws)
    assert history.outreach.height > 0
    for name in ("n_no_shows", "n_visits", "n_disengaged"):
        assert (outcomes[name] == outcomes[f"{name}_without"]).all()


def test_the_program_lowers_no_shows_and_disengagement_where_it_is_live_and_touches_nothing_else(world: World):
    laws, history, _ = world
    _, without, _ = _world(4_000, 21, has_program=False)
    outcomes = program_outcomes(history, without, laws)
    before = outcomes.filter(~pl.col("is_program_live"))
    assert (before["n_no_shows"] == before["n_no_shows_without"]).all()
    live_months = outcomes.filter("is_program_live").sum()
    rates = {name: live_months[f"n_no_shows{name}"][0] / live_months[f"n_due{name}"][0] for name in ("", "_without")}
    assert 0.5 < rates[""] / rates["_without"] < 0.8
    assert live_months["n_disengaged"][0] < 0.9 * live_months["n_disengaged_without"][0]
    assert outcomes["location_id"].n_unique() >= 5
    assert (
        0
        < outcomes.group_by("location_id").agg(pl.any("is_program_live"))["is_program_live"].sum()
        < outcomes["location_id"].n_unique()
    )


def test_members_who_were_held_out_come_as_often_as_the_oracle_says_and_the_others_more_often():
    laws, history, visits = _world(8_000, 9)
    members = outreach_effects(history, laws)
    assert 0.15 < members["is_held_out"].mean() < 0.25
    seen = visits.encounters.select("patient_id", "day")
    came = (
        members.with_row_index()
        .join(seen, on="patient_id")
        .filter((pl.col("day") >= pl.col("month_on")) & (pl.col("day") < pl.col("month_on").dt.offset_by("3mo")))
    )
    members = members.with_row_index().with_columns(came=pl.col("index").is_in(came["index"].implode()))
    members = members.filter(pl.col("month_on") <= date(2026, 7, 1))
    for is_held_out, oracle in ((True, "probability_if_held_out"), (False, "probability_if_tried")):
        of = members.filter(pl.col("is_held_out") == is_held_out)
        p = of[oracle].to_numpy()
        z = (of["came"].sum() - p.sum()) / np.sqrt((p * (1 - p)).sum())
        assert abs(z) < 4, (is_held_out, p.mean(), of["came"].mean())
    effect = members["probability_if_tried"] - members["probability_if_held_out"]
    assert effect.min() >= 0
    assert effect.mean() > 0.02
