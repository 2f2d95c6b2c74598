"""A build leaves out what dbt does for nobody, and nothing else."""

import os
import shutil
from pathlib import Path

import duckdb
import pytest
from dbt.compilation import Compiler, Linker
from dbt.events.types import LogSeedResult
from dbt_common.clients import agate_helper
from dbt_common.dataclass_schema import dbtClassMixin
from dbt_common.events.base_types import BaseEvent
from dbt_common.events.event_manager_client import get_event_manager

from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import dbt_manifest, parsed_in
from pipelines.warehouse.dbt_sparing import keep_called_macros, sparing

VARIABLES = {"as_of_on": "2026-07-15", "time_zone": "America/New_York"}


def test_a_build_tells_each_result_writes_no_compiled_sql_and_leaves_dbt_as_it_was(
    golden_warehouse: Path, parsed_dbt: Path, tmp_path: Path
):
    before = _of_dbt()
    warehouse = Path(shutil.copy(golden_warehouse, tmp_path / "warehouse.duckdb"))
    events = list(run_dbt(parsed_in(parsed_dbt), warehouse, VARIABLES, ["dim_payers", "kpi_catalog"]))
    assert {event["data"]["node_info"]["node_name"] for event in events} == {"dim_payers", "kpi_catalog"}
    assert not list(tmp_path.rglob("*.sql"))
    assert _of_dbt() == before


def _of_dbt() -> list[object]:
    spared = [(BaseEvent, "__init__"), (BaseEvent, "__getattr__"), (agate_helper, "empty_table")]
    spared += [(Compiler, "_write_node"), (Linker, "find_cycles"), (Linker, "get_graph_summary"), (dbtClassMixin, "validate")]
    return [get_event_manager(), *(vars(owner)[name] for owner, name in spared)]


def test_an_event_that_nobody_hears_has_no_message_and_one_that_is_read_says_what_it_was_told():
    with sparing({"LogSeedResult"}):
        event = LogSeedResult(status="error", index=2, total=9, schema="seeds", relation="payers")
        assert "pb_msg" not in vars(event)
        assert (event.schema, event.index) == ("seeds", 2)
    assert "pb_msg" in vars(LogSeedResult(status="error"))


def test_a_build_knows_each_macro_that_is_called_and_no_snapshot_or_incremental_one(parsed_dbt: Path):
    manifest = dbt_manifest(parsed_in(parsed_dbt))
    n_macros = len(manifest.macros)
    keep_called_macros(manifest)
    called = {id for node in manifest.nodes.values() for id in node.depends_on.macros}
    called |= {id for macro in manifest.macros.values() for id in macro.depends_on.macros}
    assert called <= manifest.macros.keys()
    names = {macro.name for macro in manifest.macros.values()}
    assert {"materialization_view_duckdb", "hold_rules", "test_accepted_values", "create_schema"} <= names
    assert not [name for name in names if "snapshot" in name or "materialization_incremental" in name]
    assert len(manifest.macros) < n_macros / 2


def test_a_query_has_one_thread_for_the_rows_of_ten_thousand_patients_and_all_cores_for_those_of_a_hundred_thousand(
    golden_warehouse: Path, parsed_dbt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    for n_rows, n_threads in ((3_000_000, "1"), (30_000_000, "8")):
        warehouse = Path(shutil.copy(golden_warehouse, tmp_path / "warehouse.duckdb"))
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("update raw.deliveries set n_delivered = 0")
            connection.execute(f"insert into raw.deliveries (source_system, n_delivered) values ('ehr', {n_rows})")
        list(run_dbt(parsed_in(parsed_dbt), warehouse, VARIABLES, ["kpi_catalog"]))
        assert os.environ["CAREGAP_BUILD_THREADS"] == n_threads
