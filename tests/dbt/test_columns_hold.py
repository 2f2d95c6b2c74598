"""One dbt test holds what all columns of a published table may hold, and says of each rule whether it was kept."""

import shutil
from pathlib import Path

import pytest

from pipelines.errors import ChecksFailed
from pipelines.home import Home
from pipelines.sql.connection import open_file
from pipelines.warehouse.checks import dbt_checks
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import parsed_project, read_manifest

VARIABLES = {"as_of_on": "2026-07-15", "time_zone": "America/New_York"}
TEST = ["fct_encounters_columns_hold"]


@pytest.fixture
def warehouse(golden_warehouse: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(golden_warehouse, tmp_path / "warehouse.duckdb"))


@pytest.fixture(scope="module")
def parsed(parsed_dbt: Path) -> Path:
    return parsed_project(Home(parsed_dbt.parent))


def test_each_rule_is_a_check_of_its_own(warehouse: Path, parsed: Path):
    [event] = run_dbt(parsed, warehouse, VARIABLES, TEST, "test")
    checks = dbt_checks(event, read_manifest(parsed), {})
    assert {(check.table, check.status, check.n_rows) for check in checks} == {("marts.fct_encounters", "passed", 0)}
    rules = {(check.column, check.rule) for check in checks}
    assert ("patient_key", "Every patient_key is found in dim_patients.patient_key.") in rules
    assert ("payer_class", "Every payer_class is one of: commercial, medicare, medicaid, self_pay, other, unknown.") in rules
    assert len({check.id for check in checks}) == len(checks) == len(rules)


def test_a_failure_names_each_column_and_rule_that_is_broken_and_no_value(warehouse: Path, parsed: Path):
    """Two rows of a payer class that is none, all rows of a patient who is none; an empty key refers to nobody."""
    with open_file(warehouse) as connection:
        [n_rows] = connection.execute("select count(*) from marts.fct_encounters").fetchone()
        connection.execute("update marts.fct_encounters set patient_key = -5, location_key = null")
        connection.execute(
            "update marts.fct_encounters set payer_class = 'barter' "
            "where encounter_key in (select encounter_key from marts.fct_encounters order by 1 limit 2)"
        )
    with pytest.raises(ChecksFailed) as failed:
        list(run_dbt(parsed, warehouse, VARIABLES, TEST, "test"))
    lines = str(failed.value).splitlines()[1:]
    assert lines == [
        "  fct_encounters.payer_class accepted_values: 2 rows",
        f"  fct_encounters.patient_key relationships: {n_rows} rows",
    ]
