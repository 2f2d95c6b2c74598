"""dbt ends with the run that is stopped, and makes no other table."""

import shutil
from pathlib import Path

from pipelines.home import Home
from pipelines.sql.connection import open_file
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import parsed_project

VARIABLES = {"as_of_on": "2026-07-15", "time_zone": "America/New_York"}


def test_a_build_that_nobody_reads_on_makes_no_more_tables_and_leaves_the_file_to_others(
    golden_warehouse: Path, parsed_dbt: Path, tmp_path: Path
):
    """Of 49 tables of the marts, whose schema was emptied, one was told."""
    warehouse = Path(shutil.copy(golden_warehouse, tmp_path / "warehouse.duckdb"))
    with open_file(warehouse) as connection:
        connection.execute("drop schema marts cascade")
    events = run_dbt(parsed_project(Home(parsed_dbt.parent)), warehouse, VARIABLES, ["path:models/marts"])
    next(events)
    events.close()
    with open_file(warehouse) as connection:
        [n_tables] = connection.execute("select count(*) from duckdb_tables() where schema_name = 'marts'").fetchone()
    assert n_tables < 40  # those that were on the way when nobody read on: 10 on a busy machine
