"""What is published of the programs: one answer an outcome, every figure traced to its rows, and the command gives the same."""

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from models.wording import unbroken
from pipelines.cli.roi import command
from pipelines.errors import UsageError
from pipelines.sql.connection import open_file


@pytest.fixture(scope="module")
def warehouse(sample_warehouse: Path) -> duckdb.DuckDBPyConnection:
    with open_file(sample_warehouse, read_only=True) as connection:
        yield connection


def rows(warehouse: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    return warehouse.execute(query).fetchall()


def test_every_outcome_has_one_answer_or_a_refusal_that_says_why(warehouse):
    chosen = rows(
        warehouse,
        "select outcome_code, count(*) filter (where is_chosen), bool_and(refused_reason is not null) "
        "from delivery.fct_program_effects group by all",
    )
    assert chosen and all(n == 1 or (n == 0 and is_refused) for _, n, is_refused in chosen)
    assert rows(warehouse, "select * from delivery.fct_program_effects where not is_causal and refused_reason is null") == []


def test_the_hold_out_is_grade_a_and_a_causal_number_has_the_grade_of_its_design(warehouse):
    found = rows(warehouse, "select design, grade, outcome_code from delivery.fct_program_effects where is_causal")
    assert ("randomised", "A", "visit_within_90_days") in found
    grades = {"randomised": "A", "staggered_did": "B", "synthetic_did": "C", "interrupted_series": "C"}
    assert all(grades[design] == grade for design, grade, _ in found)


def test_a_description_never_says_because(warehouse):
    said = rows(warehouse, "select statement from delivery.fct_program_effects where not is_causal")
    assert said and not any("because" in statement for (statement,) in said)


def test_every_unit_value_comes_out_of_its_query_again(warehouse):
    for code, value, query in rows(warehouse, "select value_code, unit_value, traced_by from marts.fct_unit_values"):
        [(again,)] = rows(warehouse, query)
        assert float(again) == pytest.approx(value), code


def test_every_observed_cost_is_the_sum_of_its_rows(warehouse):
    costs = rows(
        warehouse,
        "select category, year, amount_p5_usd, amount_p95_usd, traced_by from delivery.fct_program_value "
        "where kind = 'cost' and not is_projected and scenario = 'base'",
    )
    assert costs
    for category, year, low, high, query in costs:
        [(total,)] = rows(warehouse, f"select coalesce(sum(amount_usd), 0) from ({query})")
        assert (low, high) == pytest.approx((float(total), float(total))), (category, year)


def test_total_cost_of_ownership_is_the_cost_lines_and_the_same_in_every_table(warehouse):
    """Year 1 is observed, and is the sum of its lines; three years are what the value statement counts over 36 months."""
    [(first_year,)] = rows(
        warehouse,
        "select sum(amount_usd)::double from marts.fct_program_costs where month_on < "
        "(select starts_on + interval 12 month from delivery.fct_program_returns where scenario = 'base')",
    )
    found = dict(
        rows(
            warehouse,
            "select year, amount_so_far_usd from delivery.fct_program_ownership_costs "
            "where category = 'total' and scenario = 'base'",
        )
    )
    assert found[1] == pytest.approx(first_year, abs=2)  # whole dollars of each of five kinds of cost
    [(three_years,)] = rows(
        warehouse, "select sum(amount_mean_usd) from delivery.fct_program_value where scenario = 'base' and kind = 'cost'"
    )
    assert found[3] == three_years
    assert found[1] < found[3] < found[5]


def test_a_benefit_says_whether_its_effect_can_be_told_from_chance(warehouse):
    wrong = rows(
        warehouse,
        "select benefits.category, benefits.scenario from delivery.fct_program_value as benefits "
        "inner join delivery.fct_program_effects as effects "
        "on effects.benefit_category = benefits.category and effects.is_chosen "
        "where kind = 'benefit' and effects.is_causal "
        "and (benefits.is_significant is distinct from effects.is_significant or benefits.grade <> effects.grade)",
    )
    assert wrong == []
    counted = rows(
        warehouse,
        "select category from delivery.fct_program_value where kind = 'benefit' and scenario = 'significant' "
        "and amount_mean_usd <> 0 and not is_significant",
    )
    assert counted == []


def test_the_board_s_table_has_the_figures_of_every_other_page_and_nothing_as_claimed_without_an_interval(warehouse):
    """Nine metrics; the newest quarter's value and baseline are those of `fct_kpi_periods`."""
    assert len(rows(warehouse, "select * from delivery.fct_program_claims")) == 9
    different = rows(
        warehouse,
        "select claims.kpi_code from delivery.fct_program_claims as claims inner join marts.fct_kpi_periods as periods "
        "on claims.kpi_code = periods.kpi_code and n_months = 3 and slice_type = 'all' and is_newest "
        "where claims.value is distinct from periods.value or claims.baseline_value is distinct from periods.baseline_value "
        "or claims.like_for_like_value is distinct from periods.like_for_like_value",
    )
    assert different == []
    unproven = rows(
        warehouse,
        "select claim_code from delivery.fct_program_claims where verdict not in "
        "('out_of_reach', 'no_effect_known', 'described_only', 'chance') "
        "and (not is_significant or effect_low is null)",
    )
    assert unproven == []
    [(verdict, reason)] = rows(
        warehouse, "select verdict, verdict_reason from delivery.fct_program_claims where claim_code = 'retention'"
    )
    assert (verdict, reason) == ("out_of_reach", "From 97.7 % the claim would lead to 112.4 % or beyond")


def test_less_than_claimed_is_said_only_where_no_part_of_the_interval_reaches_the_claim(warehouse):
    """No-shows fell by 29.8 %, or by 5.8 % to 50.4 %; 30 % to 50 % are claimed. Staff hours by 52.5 %, or 39.0 % to 68.9 %; 60 %
    to 70 % are claimed. Both stood there as less than claimed."""
    found = rows(
        warehouse,
        "select claim_code, verdict, effect_low <= claimed_high and effect_high >= claimed_low from delivery.fct_program_claims "
        "where verdict in ('below', 'perhaps_below', 'perhaps_above', 'above')",
    )
    assert ("no_shows", "perhaps_below", True) in found and ("outreach_time", "perhaps_below", True) in found
    assert all(reaches == verdict.startswith("perhaps") for _, verdict, reaches in found)


def test_a_relative_effect_is_the_effect_by_the_value_that_stands_beside_it(warehouse):
    """Whoever multiplies the two finds the effect that other pages show: −66.7 % of 14.5 % are −9.6 points. An absolute effect is
    of nothing, and stands as it was found."""
    found = rows(
        warehouse,
        "select claim_code, change_type, effect, effect_base, estimate "
        "from delivery.fct_program_claims as claims left join delivery.fct_program_effects as effects "
        "on claims.program_name = effects.program_name and claims.kpi_code = effects.outcome_code and is_chosen "
        "where effect is not null",
    )
    relative = {code: (effect * base, estimate) for code, kind, effect, base, estimate in found if kind == "relative"}
    absolute = {code: (effect, base, estimate) for code, kind, effect, base, estimate in found if kind == "absolute"}
    assert {"no_shows", "revenue_per_patient"} <= relative.keys() and {"days_in_ar", "satisfaction"} == absolute.keys()
    assert all(product == pytest.approx(estimate) for product, estimate in relative.values())
    assert all(base is None and effect == estimate for effect, base, estimate in absolute.values())


def test_money_is_in_whole_dollars_so_that_every_sum_of_what_is_shown_is_the_total_that_is_shown(warehouse):
    """By year, by category and in the cost of ownership one sum was $1 apart: $45,651 beside $45,650."""
    parts = rows(warehouse, "select amount_mean_usd from delivery.fct_program_value where amount_mean_usd <> 0")
    parts += rows(warehouse, "select amount_usd from delivery.fct_program_ownership_costs")
    parts += rows(warehouse, "select discounted_usd from delivery.fct_program_ownership_costs")
    assert len(parts) > 100 and all(amount == round(amount) for (amount,) in parts)
    different = rows(
        warehouse,
        "select scenario, year from delivery.fct_program_ownership_costs group by program_name, scenario, year "
        "having sum(amount_usd) filter (where category <> 'total') <> sum(amount_usd) filter (where category = 'total')",
    )
    assert different == []


def test_the_sentence_for_a_board_is_the_same_on_paper_and_in_the_tables(warehouse, sample_home):
    [(said,)] = rows(warehouse, "select statement from delivery.fct_program_returns where scenario = 'base'")
    assert said.startswith("The program does not pay for itself: −$") and " Next: " in said
    assert " Told from chance: 2 of 13 effects, " in said
    report = (sample_home.published / "current" / "report_2026-Q3.html").read_text(encoding="utf-8")
    assert unbroken(said) in report
    assert "Total cost of ownership" in report and "What vendors commonly claim" in report


def test_every_benefit_shows_the_rows_that_its_effect_applies_to(warehouse):
    queries = rows(warehouse, "select distinct category, traced_by from delivery.fct_program_value where kind = 'benefit'")
    assert {category for category, query in queries if rows(warehouse, query)} >= {"recovered_slots", "retained_patients"}


def test_cost_lines_tie_to_the_extract(warehouse):
    [(lines, total)] = rows(warehouse, "select count(*), sum(amount_usd) from marts.fct_program_costs")
    [(delivered,)] = rows(
        warehouse, "select sum(n_landed) - sum(n_superseded) from marts.fct_deliveries where extract = 'program_costs'"
    )
    assert lines <= delivered and total > 0


def test_the_command_gives_the_published_values_and_compares_a_scenario_of_your_own(
    warehouse, sample_home, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("CAREGAP_HOME", str(sample_home.root))
    (own := tmp_path / "own.toml").write_text('name = "own"\n[assumptions]\ncontribution_margin = 1.0\nrevenue_per_visit = 500\n')

    def asked(*words: str) -> str:
        return CliRunner().invoke(command, words, catch_exceptions=False, standalone_mode=False).output

    found = {one["scenario"]: one["returns"] for one in json.loads(asked("--scenario", str(own), "--json"))}
    assert found.keys() == {"base", "own"}
    [published] = rows(
        warehouse, "select npv_p5_usd, npv_p50_usd, npv_p95_usd from delivery.fct_program_returns where scenario = 'base'"
    )
    assert tuple(found["base"][f"npv_p{p}_usd"] for p in (5, 50, 95)) == pytest.approx(published)
    assert found["own"]["npv_p95_usd"] > found["base"]["npv_p95_usd"]
    shown = asked()
    assert "what matters most (base)" in shown and "…" not in shown


def test_a_scenario_that_cannot_be_used_is_a_usage_error_that_names_the_file(sample_home, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CAREGAP_HOME", str(sample_home.root))
    (own := tmp_path / "own.toml").write_text('name = "own"\n[assumptions]\nmargin = 1.0\n')
    with pytest.raises(UsageError, match=r"own\.toml:3: assumptions\.margin is not known"):
        CliRunner().invoke(command, ["--scenario", str(own)], catch_exceptions=False, standalone_mode=False)
