"""Callaway & Sant'Anna against the published table of `mpdta`, two-period regression, and simulated panels."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.effects.estimate import EstimateRefused
from ml.effects.rollout_designs import Rollout, staggered
from ml.effects.staggered_did import staggered_effect

ROI = Path(__file__).parents[3].parent / "shared" / "data" / "roi"
COLUMNS = {"unit": "unit", "period": "period", "first_treated": "first", "outcome": "y"}
published = pytest.mark.skipif(not ROI.is_dir(), reason="the published tables of ../shared/data/roi are not here")


def simulated(seed: int, n_units: int, cohorts: dict[int, int], effect: float = 0.0, n_periods: int = 6) -> pl.DataFrame:
    """A balanced panel with unit and period effects; the first units join in `cohorts` (period → how many)."""
    random = np.random.default_rng(seed)
    first = np.concatenate([np.full(n, at) for at, n in cohorts.items()] + [np.zeros(n_units)])[:n_units]
    periods = np.arange(1, n_periods + 1)
    y = random.normal(size=(n_units, 1)) + 0.2 * periods + random.normal(size=(n_units, n_periods))
    y += effect * ((first[:, None] > 0) & (periods >= first[:, None]))
    return pl.DataFrame(
        {
            "unit": np.repeat(np.arange(n_units), n_periods),
            "period": np.tile(periods, n_units),
            "first": np.repeat(first, n_periods).astype(int),
            "y": y.ravel(),
        }
    )


@pytest.fixture(scope="module")
def mpdta() -> pl.DataFrame:
    return pl.read_csv(ROI / "mpdta.csv")


COUNTY = {"unit": "countyreal", "period": "year", "first_treated": "first.treat", "outcome": "lemp"}


@published
def test_the_published_group_time_effects_come_out_to_the_printed_digit(mpdta: pl.DataFrame):
    expected = json.loads((ROI / "expected.json").read_text())["mpdta_callaway_santanna"]
    found = staggered_effect(mpdta, **COUNTY)
    assert {f"{r['group']},{r['period']}": round(r["estimate"], 4) for r in found.parts["group_time"]} == expected["att_gt"]
    events = {str(r["event_time"]): round(r["estimate"], 4) for r in found.parts["event_study"]}
    events |= {"overall": round(found.parts["dynamic_overall"]["estimate"], 4)}
    assert events == {name: value for name, value in expected["dynamic"].items() if name != "overall_boot_se"}
    groups = {str(r["group"]): round(r["estimate"], 4) for r in found.parts["group"]}
    groups |= {"overall": round(found.parts["group_overall"]["estimate"], 4)}
    assert groups == {name: value for name, value in expected["group"].items() if name != "overall_boot_se"}
    assert round(found.estimate, 4) == round(found.parts["simple"]["estimate"], 4) == expected["simple_att"]
    assert found.n == 500


@published
@pytest.mark.parametrize("draws", [0, 1000])
def test_the_published_standard_errors_and_pre_trend_test_are_met(mpdta: pl.DataFrame, draws: int):
    """Published bootstrap errors are 0.0219 and 0.0126, of another seed; the package prints p = 0.16812 for the pre-trend."""
    found = staggered_effect(mpdta, **COUNTY, bootstrap=draws)
    assert found.parts["dynamic_overall"]["standard_error"] == pytest.approx(0.0219, rel=0.1)
    assert found.parts["group_overall"]["standard_error"] == pytest.approx(0.0126, rel=0.05)
    assert found.parts["pre_trend"]["p_value"] == pytest.approx(0.16812, abs=5e-6)
    assert ("band" in found.parts["event_study"][0]) == (draws > 0)


@published
def test_not_yet_treated_controls_give_what_another_implementation_gives(mpdta: pl.DataFrame):
    """Simple, dynamic and group overall, each with its analytic standard error, as the Python package csdid 0.4.3 prints them."""
    parts = staggered_effect(mpdta, **COUNTY, control="notyet").parts
    found = [(parts[name]["estimate"], parts[name]["standard_error"]) for name in ("simple", "dynamic_overall", "group_overall")]
    expected = [(-0.0397636, 0.0120524), (-0.0773993, 0.0195602), (-0.0304622, 0.0125751)]
    assert np.array(found) == pytest.approx(np.array(expected), abs=5e-8)


def test_one_cohort_and_two_periods_are_the_interaction_of_a_regression():
    frame = simulated(0, 60, {2: 30}, effect=1.0, n_periods=2)
    found = staggered_effect(frame, **COLUMNS)
    treated, after = (frame["first"] > 0).to_numpy(), (frame["period"] == 2).to_numpy()
    design = sm.add_constant(np.column_stack([treated, after, treated & after]).astype(float))
    assert found.estimate == pytest.approx(sm.OLS(frame["y"].to_numpy(), design).fit().params[3])
    change = frame["y"].to_numpy().reshape(-1, 2) @ (-1, 1)
    robust = sm.OLS(change, sm.add_constant(treated[::2].astype(float))).fit(cov_type="HC0")
    assert found.standard_error == pytest.approx(robust.bse[1])


def test_where_all_join_in_the_end_the_last_cohort_is_the_control():
    frame = simulated(1, 90, {3: 45, 5: 45})
    with pytest.raises(EstimateRefused, match="not yet treated"):
        staggered_effect(frame, **COLUMNS)
    found = staggered_effect(frame, **COLUMNS, control="notyet")
    before_last = frame.filter(pl.col("period") < 5).with_columns(
        pl.when(pl.col("first") == 5).then(0).otherwise("first").alias("first")
    )
    assert found.estimate == pytest.approx(staggered_effect(before_last, **COLUMNS).estimate)


@pytest.mark.parametrize(("base", "effect"), [("last", 5), ("all", 6)])
def test_the_base_is_the_last_period_before_joining_or_the_mean_of_all_before(base: str, effect: float):
    """The treated go from 1 and 3 to 9, the control from 2 and 2 to 3: (9 - 3) - (3 - 2) = 5, and (9 - 2) - (3 - 2) = 6. The
    change before joining, 2 - 0, has one base either way."""
    frame = pl.DataFrame(
        {"unit": [1] * 3 + [2] * 3, "period": [1, 2, 3] * 2, "first": [3] * 3 + [0] * 3, "y": [1.0, 3.0, 9.0, 2.0, 2.0, 3.0]}
    )
    found = staggered_effect(frame, **COLUMNS, base=base)
    assert [row["estimate"] for row in found.parts["group_time"]] == [2, effect] and found.estimate == effect


def test_a_programs_effect_is_the_change_from_all_months_before_joining_not_from_a_strange_last_one():
    """Four sites at 10 %, but 4 % in the month before they join, and four always at 10 %: 10 - (10 + 10 + 4) / 3 = 2 points."""
    months = [date(2026, month, 1) for month in range(1, 7)]
    rows = [
        (site, month, months[3] if site < 4 else None, 4.0 if site < 4 and month == months[2] else 10.0, 100.0)
        for site in range(8)
        for month in months
    ]
    panel = pl.DataFrame(rows, schema=["site", "month", "first_month", "numerator", "denominator"], orient="row")
    assert staggered(Rollout.of(panel))[0].estimate == pytest.approx(0.02)


def test_clusters_widen_the_interval_where_units_move_together():
    frame = simulated(2, 120, {3: 60})
    shock = np.random.default_rng(3).normal(size=(40, 6))
    # Unit u of either arm belongs to cluster u // 3: forty clusters, twenty an arm.
    frame = frame.with_columns(pl.Series("site", frame["unit"].to_numpy() // 3))
    frame = frame.with_columns(y=pl.col("y") + pl.Series(shock[frame["site"].to_numpy(), frame["period"].to_numpy() - 1]) * 3)
    alone, together = staggered_effect(frame, **COLUMNS), staggered_effect(frame, **COLUMNS, cluster="site")
    assert together.estimate == pytest.approx(alone.estimate)
    assert together.standard_error > 1.3 * alone.standard_error
    assert together.parts["n_clusters"] == 40


def test_few_clusters_are_judged_by_re_dealing_them():
    found = staggered_effect(simulated(4, 12, {3: 3, 5: 3}, effect=4.0), **COLUMNS)
    assert found.inference.startswith("randomisation inference")
    assert found.interval[0] < 4.0 < found.interval[1] and found.is_significant


def test_too_few_clusters_for_five_per_cent_give_no_bound():
    """One treated of five: five ways to deal, so that no p-value is below 1 in 5."""
    found = staggered_effect(simulated(5, 5, {3: 1}, effect=9.0), **COLUMNS)
    assert found.interval == (-np.inf, np.inf)
    assert found.as_dict()["interval"] == [None, None]


def test_the_same_interval_comes_out_of_a_search():
    """The bound is where the two-sided p-value of the re-assigned assignments crosses 5 %: tried out on both sides of it."""
    frame = simulated(6, 10, {4: 5}, effect=1.0)
    found = staggered_effect(frame, **COLUMNS, seed=1)

    def p_value(effect: float) -> float:
        y = frame["y"].to_numpy().reshape(10, 6)
        group = (frame["first"].to_numpy().reshape(10, 6)[:, 0] > 0).astype(int)
        y = y - effect * (group[:, None] * (np.arange(1, 7) >= 4))
        gain = y[:, 3:].mean(axis=1) - y[:, 2]
        random = np.random.default_rng(9)
        deals = random.permuted(np.tile(group, (4000, 1)), axis=1)
        dealt = (deals @ gain - (1 - deals) @ gain) / 5
        actual = (group @ gain - (1 - group) @ gain) / 5
        return float((np.abs(dealt) >= abs(actual) - 1e-12).mean())

    low, high = found.interval
    width = high - low
    assert p_value(low + 0.05 * width) > 0.05 > p_value(low - 0.05 * width)
    assert p_value(high - 0.05 * width) > 0.05 > p_value(high + 0.05 * width)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), shift=st.floats(-100, 100))
def test_names_of_units_order_of_rows_and_level_of_the_outcome_do_not_matter(seed: int, shift: float):
    frame = simulated(seed, 100, {3: 40, 5: 20})
    names = np.random.default_rng(seed).permutation(100)
    moved = frame.with_columns(pl.Series("unit", names[frame["unit"].to_numpy()]), y=pl.col("y") + shift)
    moved = moved.sample(fraction=1, shuffle=True, seed=seed)
    first, second = (staggered_effect(each, **COLUMNS).as_dict() for each in (frame, moved))
    assert second["interval"] == pytest.approx(first["interval"], abs=1e-9)
    for one, other in zip(first["group_time"], second["group_time"], strict=True):
        assert other["interval"] == pytest.approx(one["interval"], abs=1e-9)


def test_months_and_empty_first_periods_are_read_like_numbers():
    frame = simulated(7, 80, {3: 40})
    month = pl.format("2025-{}", pl.col("period").cast(pl.String).str.zfill(2))
    first = pl.when(pl.col("first") > 0).then(pl.format("2025-{}", pl.col("first").cast(pl.String).str.zfill(2)))
    found = staggered_effect(frame.with_columns(month.alias("period"), first.alias("first")), **COLUMNS)
    assert found.interval == pytest.approx(staggered_effect(frame, **COLUMNS).interval)
    assert found.parts["group_time"][0]["group"] == "2025-03"
    assert [row["event_time"] for row in found.parts["event_study"]] == [-1, 0, 1, 2, 3]


def test_units_treated_from_the_start_are_dropped_and_counted():
    frame = simulated(8, 90, {1: 10, 4: 40})
    found = staggered_effect(frame, **COLUMNS)
    assert (found.n, found.parts["n_dropped"]) == (80, 10)


BROKEN = {
    "no such column": (lambda f: f.rename({"y": "z"}), "column y: there is no such column"),
    "text for a number": (
        lambda f: f.with_columns(y=pl.when(pl.int_range(pl.len()) == 4).then(pl.lit("x")).otherwise("y")),
        "row 5",
    ),
    "a period missing": (lambda f: f.filter(pl.int_range(pl.len()) != 7), "data row 7: the panel is unbalanced"),
    "a row twice": (lambda f: pl.concat([f, f[8:9]]), "data row 121: a second row"),
    "a changing cohort": (lambda f: f.with_columns(first=pl.col("period")), "column first, data row 2: changes within a unit"),
    "nobody treated": (lambda f: f.with_columns(first=pl.lit(0)), "no unit is first treated"),
    "all treated at once": (lambda f: f.with_columns(first=pl.lit(3)), "no unit is never treated"),
    "a first period that is none": (lambda f: f.with_columns(first=pl.lit("soon")), "is not a period"),
    "no rows": (lambda f: f.clear(), "no rows"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_panel_is_refused_by_column_and_row(name: str):
    breaking, words = BROKEN[name]
    with pytest.raises(EstimateRefused, match=words):
        staggered_effect(breaking(simulated(9, 20, {3: 10})), **COLUMNS)


@pytest.mark.slow
@pytest.mark.parametrize("n_units,cohorts", [(120, {3: 40, 5: 40}), (24, {3: 6, 5: 6}), (9, {4: 4})])
@pytest.mark.parametrize("effect", [0.0, 0.7])
@pytest.mark.parametrize("base", ["last", "all"])
def test_the_interval_holds_the_truth_in_nineteen_of_twenty(base: str, n_units: int, cohorts: dict[int, int], effect: float):
    """90 to 99 of 100; here 400 panels a case, so that chance alone leaves these bounds once in a million."""
    panels = (simulated(seed, n_units, cohorts, effect) for seed in range(400))
    intervals = [staggered_effect(panel, **COLUMNS, base=base).interval for panel in panels]
    assert 0.90 <= np.mean([low <= effect <= high for low, high in intervals]) <= 0.99
