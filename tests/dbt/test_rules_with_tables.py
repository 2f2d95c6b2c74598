"""A build evaluates a table's own data tests where it makes the table, and fails as their tests would."""

import shutil
from pathlib import Path

import pytest

from pipelines.errors import ChecksFailed
from pipelines.sql.connection import open_file
from pipelines.warehouse.checks import dbt_checks
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import parsed_in, read_manifest
from pipelines.warehouse.rules import rules_by_table

VARIABLES = {"as_of_on": "2026-07-15", "time_zone": "America/New_York"}


@pytest.fixture
def warehouse(golden_warehouse: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(golden_warehouse, tmp_path / "warehouse.duckdb"))


@pytest.fixture(scope="module")
def parsed(parsed_dbt: Path) -> Path:
    return parsed_in(parsed_dbt)


def test_a_build_has_no_node_for_a_test_of_one_table_and_a_check_for_each(warehouse: Path, parsed: Path):
    [event] = run_dbt(parsed, warehouse, VARIABLES, ["fct_measure_results"])
    manifest = read_manifest(parsed)
    [check] = dbt_checks(event, manifest, rules_by_table(manifest))
    assert (check.table, check.status, check.n_rows) == ("marts.fct_measure_results", "passed", 0)
    assert check.rule.startswith("No two rows have the same measure_code, ")


def test_a_table_that_breaks_its_rules_fails_and_the_failure_names_each_rule_and_no_value(warehouse: Path, parsed: Path):
    """Every row twice in what the table is made of: as many keys stand on more than one row."""
    with open_file(warehouse) as connection:
        [n_keys] = connection.execute("select count(*) from intermediate.int_reference__payers").fetchone()
        connection.execute("insert into intermediate.int_reference__payers select * from intermediate.int_reference__payers")
    assert n_keys
    with pytest.raises(ChecksFailed) as failed:
        list(run_dbt(parsed, warehouse, VARIABLES, ["dim_payers"]))
    assert str(failed.value).splitlines()[1:] == [f"  dim_payers.payer_key unique: {n_keys} rows"]


def test_a_key_that_is_not_found_in_the_table_that_it_refers_to_fails_its_own_table(warehouse: Path, parsed: Path):
    with open_file(warehouse) as connection:
        [n_rows] = connection.execute("select count(location_key) from marts.fct_encounters").fetchone()
        connection.execute("delete from marts.dim_locations")
    assert n_rows
    with pytest.raises(ChecksFailed) as failed:
        list(run_dbt(parsed, warehouse, VARIABLES, ["fct_encounters"]))
    assert str(failed.value).splitlines()[1:] == [f"  fct_encounters.location_key relationships: {n_rows} rows"]


def test_a_key_of_several_columns_that_three_rows_have_fails_its_table_once(warehouse: Path, parsed: Path):
    """One row three times, among others that differ from it and from each other."""
    with open_file(warehouse) as connection:
        connection.execute("create temp table one as from intermediate.int_measures__gaps order by all limit 1")
        connection.execute("insert into intermediate.int_measures__gaps from one union all from one")
    with pytest.raises(ChecksFailed) as failed:
        list(run_dbt(parsed, warehouse, VARIABLES, ["fct_measure_results"]))
    assert str(failed.value).splitlines()[1:] == ["  fct_measure_results unique_combination: 1 rows"]
