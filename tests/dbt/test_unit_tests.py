"""dbt's unit tests: a run leaves them to the test suite, since they test code and not data."""

import os
import shutil
from pathlib import Path

import duckdb
from dbt.cli.main import dbtRunner

from models.published import PUBLISHED
from pipelines.home import Home
from pipelines.sql.types import sql_type
from pipelines.warehouse.dbt import _release
from pipelines.warehouse.dbt_project import QUIET, dbt_manifest, parsed_project, places


def test_models_do_what_their_unit_tests_say(typed_warehouse: Path, parsed_dbt: Path, tmp_path: Path):
    """On a copy of a warehouse: dbt reads the column types of the given rows from it. What comes after the scores is
    there as empty tables. `make mutate` asks for the unit tests of the changed model alone, by an environment variable."""
    copy = shutil.copy(typed_warehouse, tmp_path / "warehouse.duckdb")
    with duckdb.connect(str(copy)) as connection:
        for table, contract in PUBLISHED.items():
            if (schema := table.partition(".")[0]) in ("ml", "delivery"):
                columns = ", ".join(f'"{name}" {sql_type(column.dtype.type)}' for name, column in contract.fields.items())
                connection.execute(f"create schema if not exists {schema}; create table if not exists {table} ({columns})")
    os.environ["CAREGAP_BUILD"] = str(copy)
    runner = dbtRunner(manifest=dbt_manifest(parsed_project(Home(parsed_dbt.parent))))
    selected = ",".join(filter(None, ["test_type:unit", os.environ.get("CAREGAP_UNIT_TESTS_OF")]))
    try:
        outcome = runner.invoke([*QUIET, "test", *places(tmp_path), "--select", selected])
    finally:
        _release()
    tested = [one for one in outcome.result.results if one.node.resource_type == "unit_test"]  # beside the hook at the end
    failed = [f"{one.node.name}: {one.message}" for one in tested if one.status != "pass"]
    assert not failed, "\n".join(failed)
    assert tested
