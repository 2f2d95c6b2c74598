"""What is published of the programs: one answer an outcome, every figure traced to its rows, and the command gives the same."""

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

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
    assert "what matters most" in asked()


def test_a_scenario_that_cannot_be_used_is_a_usage_error_that_names_the_file(sample_home, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CAREGAP_HOME", str(sample_home.root))
    (own := tmp_path / "own.toml").write_text('name = "own"\n[assumptions]\nmargin = 1.0\n')
    with pytest.raises(UsageError, match=r"own\.toml:3: assumptions\.margin is not known"):
        CliRunner().invoke(command, ["--scenario", str(own)], catch_exceptions=False, standalone_mode=False)
