"""dbt's unit tests: a run leaves them to the test suite, since they test code and not data."""

import os
import shutil
from pathlib import Path

import duckdb
from dbt.cli.main import dbtRunner

from pipelines.warehouse.dbt import PROJECT, _release


def test_models_do_what_their_unit_tests_say(golden: duckdb.DuckDBPyConnection, tmp_path: Path):
    """On a copy of the golden warehouse: dbt reads the column types of the given rows from it."""
    built = golden.execute("select path from duckdb_databases() where database_name = 'warehouse'").fetchall()[0][0]
    os.environ["CAREGAP_BUILD"] = str(shutil.copy(built, tmp_path / "warehouse.duckdb"))
    places = [
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(PROJECT),
        "--target-path",
        str(tmp_path),
        "--log-path",
        str(tmp_path),
    ]
    try:
        outcome = dbtRunner().invoke(["--quiet", "test", *places, "--select", "test_type:unit"])
    finally:
        _release()
    failed = [f"{one.node.name}: {one.message}" for one in outcome.result.results if one.status != "pass"]
    assert not failed, "\n".join(failed)
    assert outcome.result.results
