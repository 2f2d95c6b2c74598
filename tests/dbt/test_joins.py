"""No model compares every row of a table with every row of another: ten times the patients would take a hundred times as long."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.home import Home
from pipelines.warehouse.build import DERIVED, read_build
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import parsed_project

COMPARED_ROW_BY_ROW = {
    "cms136_adhd_follow_up": "two periods after a dispensing",
    "fct_care_gaps": "76 findings of the seed measure_actions",
    "fct_kpi_periods": "the months of baselines",
    "fct_patient_cohorts": "the quarters that a cohort is watched for",
    "int_clinical__dosage_bounds": "two readings of a dosage",
    "int_gaps__appointments": "two places at which a gap can be closed",
    "int_gaps__current": "24 intervals of the seed measure_intervals",
    "int_gaps__months": "24 intervals of the seed measure_intervals",
    "int_measures__gaps": "19 strata and 12 extracts",
    "int_measures__not_assessable": "one row a measure",
    "int_outreach__urgent_findings": "76 findings of the seed measure_actions",
    "int_patients__coverages": "31 classes of the seed coverage_payer_classes",
}
"""Models whose one side does not grow with the practice, and what that side is."""


@pytest.mark.slow
def test_only_what_does_not_grow_is_compared_row_by_row(golden_warehouse: Path, parsed_dbt: Path, tmp_path: Path):
    """A join needs an equality that has each table on one side alone. `coalesce(a.type, b.type) = b.type` is none: to find whom
    240,000 participants of appointments name took 5.7 CPU seconds at 10,000 patients, and a hundred times that at 100,000."""
    copy = Path(shutil.copytree(golden_warehouse.parent, tmp_path / "build"))
    build = read_build(copy)
    for _ in run_dbt(parsed_project(Home(parsed_dbt.parent)), build.warehouse, build.variables, DERIVED, command="compile"):
        pass
    models = sorted((copy / "dbt" / "compiled" / "caregap" / "models").rglob("*.sql"))
    with duckdb.connect(str(build.warehouse), read_only=True) as connection:
        found = {path.stem for path in models if not path.parent.suffix and _compares_row_by_row(connection, path.read_text())}
    assert models
    assert found == COMPARED_ROW_BY_ROW.keys()


def _compares_row_by_row(connection: duckdb.DuckDBPyConnection, query: str) -> bool:
    ((_, plan),) = connection.execute(f"explain (format json) {query}").fetchall()
    return any(node["name"] == "BLOCKWISE_NL_JOIN" for node in _nodes(json.loads(plan)))


def _nodes(plan: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in plan:
        yield node
        yield from _nodes(node["children"])
