"""The value of a program: worked by hand, without double counting, and repeatable."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from ml.roi.cash_flows import BENEFITS, cash_flows
from ml.roi.finance import net_present_value, rate_per_month
from ml.roi.ownership import ownership_costs
from ml.roi.quantities import Effect, Measured, quantities
from ml.roi.scenario import Scenario, ScenarioRefused, read_scenario
from ml.roi.valuation import value_program
from ml.roi.volumes import Volumes, volumes
from pipelines.scenarios import scenarios

MONTHS = 24
CERTAIN = {
    "contribution_margin": 0.5, "displaced_share": 0.5, "lasting_share": 0.25, "discount_rate": 0.0, "capital_rate": 0.06,
    "staff_usd_per_hour": 30, "redeployed_share": 0.0, "effect_decay": 0.0, "cost_growth": 0.0,
    "incentive_usd_per_year": 12_000, "incentive_threshold": 0.6, "incentive_full": 0.8,
    "revenue_per_visit": 100, "revenue_per_patient": 1_200, "patient_attrition_rate": 0.0, "slot_refill_rate": 0.5,
    "kept_share": 0.8, "rebooked_share": 0.4, "care_gap_closure_rate": 0.7, "collections_per_day": 1_000,
}  # fmt: skip


def scenario(**changed: float) -> Scenario:
    return read_scenario({"name": "test", "horizon_months": MONTHS, "assumptions": CERTAIN | changed})


def steady(**changed: object) -> Volumes:
    """100 appointments due, 10 patients tried, 5,000 usd owed, 4 weeks of a thousand patients each month; all sites live; 500
    usd."""
    every = np.ones(MONTHS)
    exposure = {"no_show_rate": 100 * every, "outreach_staff_hours": 4 * every, "net_collection_rate": 5_000 * every}
    share = {outcome: every for outcome in ("no_show_rate", "days_in_ar", "care_gap_closure_rate")}
    whole = {"exposure": exposure, "live_share": share, "members": 10 * every, "costs": {"licence": 500 * every}}
    return Volumes(date(2025, 1, 1), MONTHS, **whole | changed)


def central(effects: dict[str, float], volumes: Volumes | None = None, **changed: float) -> dict[str, float]:
    """Each benefit over the two years, everything certain."""
    known = quantities(
        scenario(**changed), {name: Effect(value, value, value, "B", "did") for name, value in effects.items()}, {}
    )
    values = {name: np.array([[quantity.central]]) for name, quantity in known.items()}
    flows = cash_flows(values, volumes or steady())
    return {category: float(flow.sum()) for category, flow in flows.benefits.items()}


def test_recovered_slots_by_hand():
    """4 points off 100 due = 4 no-shows a month; 0.8 + 0.2 × 0.5 = 0.9 of them seen; 0.4 × 0.5 would have come anyway, 0.8 stay:
    2.88 visits × 100 usd × 0.5 = 144 usd a month."""
    assert central({"no_show_rate": -0.04})["recovered_slots"] == pytest.approx(24 * 144)


def test_retained_patients_by_hand():
    """10 tried × 0.2 × 0.25 = 0.5 patients a month who stay; in month k there are k / 2, each worth 100 × 0.5 usd a month:
    25 × (1 + … + 24) = 25 × 300."""
    assert central({"visit_within_90_days": 0.2})["retained_patients"] == pytest.approx(25 * 300)


def test_days_in_ar_are_worth_the_interest_and_the_release_is_in_no_sum():
    """5 days × 1,000 usd a day = 5,000 usd released once; at 6 % a year 25 usd a month."""
    found = central({"days_in_ar": -5})
    assert found["days_in_ar"] == pytest.approx(24 * 25)
    assert sum(found.values()) == pytest.approx(24 * 25)
    valuation = value_program(scenario(), steady(), {"days_in_ar": Effect(-5, -5, -5, "B", "did")}, {}, draws=10)
    assert valuation.returns["one_off_release_usd"].item() == pytest.approx(5_000)


def test_hours_are_cash_only_as_far_as_they_were_redeployed():
    """2 hours × 4 = 8 hours a month, 30 usd each."""
    assert central({"outreach_staff_hours": -2})["staff_hours"] == 0
    assert central({"outreach_staff_hours": -2}, redeployed_share=0.5)["staff_hours"] == pytest.approx(24 * 8 * 15)


@pytest.mark.parametrize(
    "reached,effect,a_year",
    [(0.7, 0.05, 3_000), (0.62, 0.05, 1_200), (0.55, 0.05, 0), (0.85, 0.02, 0), (0.82, 0.12, 6_000)],
)
def test_an_incentive_counts_above_its_threshold_only(reached: float, effect: float, a_year: float):
    """12,000 usd over 0.6 to 0.8: 600 a point. 0.65 to 0.7 is 5 points; 0.57 to 0.62 only the 2 above; below and beyond,
    nothing."""
    assert central({"care_gap_closure_rate": effect}, care_gap_closure_rate=reached)["incentive"] == pytest.approx(2 * a_year)


def test_overlap_a_visit_of_a_retained_patient_that_was_recovered_counts_once():
    """28.8 of 100 visits recovered: of the retained patients' 7,500 usd, 28.8 % are in the recovered slots already."""
    both = central({"no_show_rate": -0.4, "visit_within_90_days": 0.2})
    assert both["recovered_slots"] == pytest.approx(24 * 1_440)
    assert both["retained_patients"] == pytest.approx(7_500 * (1 - 0.288))


def test_overlap_visits_that_the_program_brought_do_not_raise_collections_again():
    """2.88 visits × 100 usd were owed because of the program: the 2 points apply to 5,000 - 288 usd."""
    assert central({"net_collection_rate": 0.02})["collections"] == pytest.approx(24 * 100)
    assert central({"net_collection_rate": 0.02, "no_show_rate": -0.04})["collections"] == pytest.approx(24 * 0.02 * 4_712)


def test_overlap_hours_of_the_programs_own_staff_are_its_cost_and_not_taken_off_twice():
    assert central({"outreach_staff_hours": +3}, redeployed_share=1)["staff_hours"] == 0


def test_overlap_cash_that_comes_sooner_is_not_cash_that_comes_at_all():
    """Days in A/R and collections together are the sum of both: neither changes the other."""
    alone = central({"days_in_ar": -5})["days_in_ar"] + central({"net_collection_rate": 0.02})["collections"]
    assert sum(central({"days_in_ar": -5, "net_collection_rate": 0.02}).values()) == pytest.approx(alone)


def test_overlap_outcomes_that_hold_other_benefits_in_them_add_nothing():
    """Revenue per patient holds slots, retention and collections; preventive care holds the gaps that the incentive pays for."""
    assert sum(central({"revenue_per_patient": 50, "preventive_care_rate": 0.1, "patient_attrition_rate": -0.1}).values()) == 0
    assert len({outcome for outcome, _, _ in BENEFITS.values()}) == len(BENEFITS)


def test_without_a_causal_effect_a_benefit_is_zero_and_says_so():
    found = value_program(scenario(), steady(), {}, {}, draws=10)
    benefits = found.values.filter(pl.col("kind") == "benefit")
    assert benefits["amount_p95_usd"].sum() == 0 and not benefits["is_counted"].any()
    assert benefits["basis"].str.starts_with("Counts as zero: no causal effect").all()
    assert set(found.returns["benefits_missing"].item().split()) == set(BENEFITS)


def test_a_benefit_whose_effect_is_not_told_from_chance_is_marked_and_zero_where_only_significant_ones_count():
    """4 points fewer no-shows are 144 usd a month; the interval of -9 to +1 points includes zero. Retention is certain."""
    effects = {"no_show_rate": Effect(-0.04, -0.09, 0.01, "B", "did"), "visit_within_90_days": Effect(0.2, 0.2, 0.2, "A", "lot")}

    def slots(only_significant: bool) -> dict:
        assumed = {"name": "test", "horizon_months": MONTHS, "only_significant": only_significant, "assumptions": CERTAIN}
        values = value_program(read_scenario(assumed), steady(), effects, {}, draws=100).values
        told = values.filter(pl.col("category") == "retained_patients").row(0, named=True)
        assert (told["is_significant"], told["is_counted"], told["grade"]) == (True, True, "A")
        return values.filter(pl.col("category") == "recovered_slots").row(0, named=True)

    everything, significant = slots(False), slots(True)
    assert (everything["is_counted"], everything["is_significant"], everything["grade"]) == (True, False, "B")
    assert everything["amount_mean_usd"] > 0 and "cannot be told from chance" in everything["basis"]
    assert (significant["is_counted"], significant["amount_p95_usd"]) == (False, 0)
    assert significant["basis"] == "Counts as zero: the effect on no-show rate cannot be told from chance"


def test_an_incentive_without_a_contract_is_zero_for_want_of_the_contract_and_not_of_an_effect():
    found = value_program(scenario(incentive_usd_per_year=0), steady(), {}, {}, draws=10).values
    [basis] = found.filter(pl.col("category") == "incentive")["basis"].unique()
    assert basis.startswith("Counts as zero: the scenario names no incentive contract")


def test_ownership_costs_add_up_over_five_years_as_spent_and_discounted():
    """A licence of 100 a month grows by 10 % a year from the 13th month on; training of 600 in the first. At 0 % nothing is
    discounted; at 8 % a year the twelfth month counts 1.08 to the power of -11/12. Each kind's year is in whole dollars."""
    months = np.arange(60)
    volumes = Volumes(
        date(2025, 1, 1), 12, {}, {}, np.zeros(60), {"licence": np.full(60, 100.0), "training": np.where(months == 0, 600.0, 0)}
    )

    def total(discount_rate: float) -> pl.DataFrame:
        costs = ownership_costs(scenario(discount_rate=discount_rate, cost_growth=0.1), volumes, draws=4)
        assert costs["category"].unique(maintain_order=True).to_list() == ["licence", "training", "total"]
        return costs.filter(pl.col("category") == "total")

    grown = [100 * 1.1 ** (max(0, month - 11) / 12) for month in months]
    years = [600 + sum(grown[:12]), *(round(sum(grown[first : first + 12])) for first in (12, 24, 36, 48))]
    assert years == [1_800, 1_264, 1_390, 1_530, 1_682]
    assert total(0)["amount_usd"].to_list() == years
    assert total(0)["discounted_usd"].to_list() == years
    assert total(0)["amount_so_far_usd"][4] == sum(years)
    assert total(0)["is_projected"].to_list() == [False, True, True, True, True]
    first_year = 600 + sum(100 * 1.08 ** (-month / 12) for month in range(12))
    assert total(0.08)["discounted_so_far_usd"][0] == round(first_year)


def test_mean_amounts_are_in_whole_dollars_so_that_categories_and_years_add_up_to_one_total():
    uncertain = {
        "no_show_rate": Effect(-0.04, -0.09, 0.01, "B", "did"),
        "net_collection_rate": Effect(0.01, 0.0, 0.02, "B", "did"),
    }
    values = value_program(scenario(), steady(), uncertain, {}, draws=99).values
    assert values["amount_p50_usd"].round().to_list() != values["amount_p50_usd"].to_list()
    assert values["amount_mean_usd"].round().to_list() == values["amount_mean_usd"].to_list()


def test_certain_flows_have_the_worth_that_the_finance_functions_say():
    """24 flows of 144 - 500 - with a licence of 100, 44 usd; at 8 % a year."""
    volumes = steady(costs={"licence": np.full(MONTHS, 100.0), "training": np.append(200.0, np.zeros(MONTHS - 1))})
    found = value_program(
        scenario(discount_rate=0.08), volumes, {"no_show_rate": Effect(-0.04, -0.04, -0.04, "B", "did")}, {}, draws=5
    )
    flows = np.full(MONTHS, 44.0)
    flows[0] -= 200
    returns = found.returns.to_dicts()[0]
    assert returns["npv_p5_usd"] == pytest.approx(returns["npv_p95_usd"])
    assert returns["npv_p50_usd"] == pytest.approx(net_present_value(rate_per_month(0.08), flows))
    # -156, then 44 a month: -156 + 4 x 44 is the first sum above zero
    assert returns["payback_month"] == 5
    assert net_present_value(rate_per_month(returns["irr"]), flows) == pytest.approx(0, abs=1e-6)
    assert returns["cost_of_delay_usd"] == pytest.approx(
        net_present_value(rate_per_month(0.08), flows) - net_present_value(rate_per_month(0.08), [0, *flows[:-1]])
    )


def test_a_program_whose_costs_are_never_earned_back_says_so_instead_of_giving_a_rate():
    """144 a month against a licence of 200: every month loses 56."""
    volumes = steady(costs={"licence": np.full(MONTHS, 200.0)})
    known = {"no_show_rate": Effect(-0.04, -0.04, -0.04, "B", "did")}
    returns = value_program(scenario(discount_rate=0.08), volumes, known, {}, draws=5).returns.to_dicts()[0]
    assert (returns["irr"], returns["payback_month"]) == (None, None)
    assert returns["irr_note"] == "does not pay back within the horizon"


UNCERTAIN = {"no_show_rate": Effect(-0.04, -0.06, -0.02, "B", "did")}


def test_both_uncertainties_are_carried_through_together():
    """The margin alone, the effect alone, and both: the spread of the whole is wider than either, and nearly their sum of
    squares."""
    exact = {"no_show_rate": Effect(-0.04, -0.04, -0.04, "B", "did")}
    wide = read_scenario(
        {
            "name": "t",
            "horizon_months": MONTHS,
            "assumptions": CERTAIN | {"contribution_margin": {"low": 0.3, "central": 0.5, "high": 0.7}},
        }
    )

    def spread(chosen: Scenario, effects: dict[str, Effect]) -> float:
        found = value_program(chosen, steady(), effects, {}).returns
        return (found["npv_p95_usd"] - found["npv_p5_usd"]).item()

    effect, margin, both = spread(scenario(), UNCERTAIN), spread(wide, exact), spread(wide, UNCERTAIN)
    assert both > max(effect, margin)
    assert both == pytest.approx(np.hypot(effect, margin), rel=0.05)


def test_an_uncertain_effect_gives_the_percentiles_of_its_normal_distribution():
    """-0.04 ± 0.02 is 3,456 ± 1,728 usd at 95 %: the 5th percentile lies 1.645 / 1.96 of 1,728 below."""
    found = value_program(scenario(), steady(costs={}), UNCERTAIN, {}).returns.to_dicts()[0]
    assert found["npv_p50_usd"] == pytest.approx(3_456, rel=0.01)
    assert found["npv_p5_usd"] == pytest.approx(3_456 - 1_728 * 1.645 / 1.96, rel=0.02)
    assert found["roi_p50"] is None


def test_the_same_seed_gives_the_same_values_and_another_assumption_changes_no_other_draw():
    first, again = (value_program(scenario(), steady(), UNCERTAIN, {}, draws=200) for _ in range(2))
    assert first.returns.equals(again.returns) and first.values.equals(again.values)
    measured = {"no_show_rate": Measured(0.1, 0.01), "kept_share": Measured(0.8, 0.0)}
    assert value_program(scenario(), steady(), UNCERTAIN, measured, draws=200).returns.equals(first.returns)


def test_the_tornado_ranks_by_swing_and_break_even_is_where_the_worth_is_zero():
    """3,456 usd at a margin of 0.5 against 2,400 of cost: zero at 2,400 / 3,456 / 2 = 0.347, and at an effect of -0.0278."""
    found = value_program(scenario(), steady(costs={"licence": np.full(MONTHS, 100.0)}), UNCERTAIN, {}, draws=10).sensitivities
    assert found["swing_usd"].is_sorted(descending=True) and found["swing_rank"].to_list() == list(range(1, found.height + 1))
    assert found["assumption"][0] == "effect:no_show_rate"
    at = dict(found.select("assumption", "break_even").iter_rows())
    assert at["contribution_margin"] == pytest.approx(2_400 / 3_456 / 2)
    assert at["effect:no_show_rate"] == pytest.approx(-0.04 * 2_400 / 3_456)
    assert at["redeployed_share"] is None


def test_months_beyond_the_data_continue_at_the_last_level():
    """Ten months of data, twelve counted. Costs of 10 a month go on, the training of the first month does not; a line dated
    ahead is taken as it stands."""
    months = [date(2025, month, 1) for month in range(1, 13)]
    costs = pl.DataFrame(
        {
            "category": ["licence"] * 11 + ["training"],
            "month_on": [*months[:10], months[11], months[0]],
            "amount_usd": [10.0] * 10 + [25.0, 90.0],
        }
    )
    outcomes = pl.DataFrame(
        {
            "outcome_code": "no_show_rate",
            "month_on": months[:10],
            "is_live": [False] * 2 + [True] * 8,
            "denominator": 50.0,
            "is_mature": [True] * 9 + [False],
        }
    )
    members = pl.DataFrame(schema={"month_on": pl.Date, "n_members": pl.Int64})
    found = volumes(costs, outcomes, members, as_of_on=date(2025, 11, 1), horizon_months=12)
    assert found.n_observed == 10 and found.starts_on == months[0]
    assert found.costs["licence"].tolist() == [10] * 11 + [25]
    assert found.costs["training"].tolist() == [90] + [0] * 11
    assert found.exposure["no_show_rate"].tolist() == [0, 0] + [50] * 10
    assert found.years_ahead[9:].tolist() == pytest.approx([0, 1 / 12, 2 / 12])


def test_a_program_that_has_not_begun_is_not_valued():
    empty = pl.DataFrame(schema={"category": pl.String, "month_on": pl.Date, "amount_usd": pl.Float64})
    none = pl.DataFrame(
        schema={
            "outcome_code": pl.String,
            "month_on": pl.Date,
            "is_live": pl.Boolean,
            "denominator": pl.Float64,
            "is_mature": pl.Boolean,
        }
    )
    members = pl.DataFrame(schema={"month_on": pl.Date, "n_members": pl.Int64})
    assert volumes(empty, none, members, as_of_on=date(2025, 11, 1), horizon_months=12) is None


def test_the_shipped_scenarios_can_be_read_and_a_file_of_the_practice_says_only_what_differs():
    base, cautious, significant = scenarios({})
    assert [one.name for one in (base, cautious, significant)] == ["base", "cautious", "significant"]
    assert [one.only_significant for one in (base, cautious, significant)] == [False, False, True]
    assert significant.ranges == base.ranges
    own = scenarios({"mine.toml": {"name": "mine", "assumptions": {"contribution_margin": 0.4}}})
    [mine] = [one for one in own if one.name == "mine"]
    assert mine.ranges["contribution_margin"].high == 0.4 and mine.ranges["discount_rate"] == base.ranges["discount_rate"]


@pytest.mark.parametrize(
    "written,words",
    [
        ({"assumptions": {}}, "name is missing"),
        ({"name": "x", "assumptions": {"margin": 0.5}}, "margin is not known"),
        ({"name": "x", "assumptions": {"contribution_margin": 1.5}}, "must lie from 0 to 1"),
        ({"name": "x", "assumptions": {"contribution_margin": "half"}}, "not a number"),
        ({"name": "x", "assumptions": {"contribution_margin": {"low": 0.6, "central": 0.5, "high": 0.7}}}, "out of order"),
        ({"name": "x", "assumptions": {"contribution_margin": {"low": 0.6}}}, "must be { low"),
        ({"name": "x", "horizon_months": 120}, "horizon_months"),
        ({"name": "x", "discount": 0.1}, "discount is not a setting"),
        ({"name": "x", "only_significant": "always"}, "only_significant"),
        ({"name": "x", "assumptions": {"incentive_full": 0.5}}, "must lie above"),
    ],
)
def test_a_scenario_that_cannot_be_used_is_refused_by_its_key(written: dict, words: str):
    base, *_ = scenarios({})
    with pytest.raises(ScenarioRefused, match=words):
        read_scenario(written, base)


def test_what_is_left_month_by_month_adds_up_and_what_volumes_are_written_as_gives_them_again():
    """Costs of 100 in each of four months, of which three are observed; nothing is brought in: −100, −200, −300, −400."""
    volumes = Volumes(
        date(2025, 11, 1),
        3,
        {"no_show_rate": np.arange(4.0)},
        {"days_in_ar": np.ones(4)},
        np.zeros(4),
        {"licence": np.full(4, 100.0)},
    )
    months = value_program(scenario(cost_growth=0), volumes, {}, {}, draws=4).months
    assert months["net_so_far_p50_usd"].to_list() == [-100, -200, -300, -400]
    assert months["month_on"].to_list()[2:] == [date(2026, 1, 1), date(2026, 2, 1)]
    assert months["is_projected"].to_list() == [False, False, False, True]
    again = Volumes.from_table(volumes.starts_on, 3, volumes.to_table())
    assert again.costs["licence"].tolist() == [100] * 4
    assert again.exposure["no_show_rate"].tolist() == [0, 1, 2, 3]
    assert again.live_share["days_in_ar"].tolist() == [1] * 4
    assert (again.n_months, again.members.tolist()) == (4, [0] * 4)
