"""dbt's models, written for DuckDB, on Spark: each over what DuckDB has made of the golden practice.

Run by `make test-spark`. A model is tried on its own, so that one that fails hides no other.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.warehouse.build import read_build
from pipelines.warehouse.dbt_project import QUIET, SPARK, dbt_manifest, parsed_in, places, read_manifest
from pipelines.warehouse.spark.session import find_packages, session
from pipelines.warehouse.spark.tables import Tables

pytestmark = [pytest.mark.spark, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def models(typed_warehouse: Path, parsed_dbt: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The SQL of each model that is made before the scores, by `schema.model`: DuckDB's, with the macros for Spark."""
    find_packages()
    from dbt.cli.main import dbtRunner

    folder = tmp_path_factory.mktemp("compiled")
    parsed = parsed_in(parsed_dbt, *SPARK)
    variables = json.dumps(read_build(typed_warehouse.parent).variables, default=str)
    asked = ["compile", "--no-introspect", "--no-populate-cache", "--select", "tag:derived,resource_type:model"]
    result = dbtRunner(manifest=dbt_manifest(parsed)).invoke([*QUIET, *asked, "--vars", variables, *places(folder), *SPARK])
    assert result.success, result.exception
    nodes = [one for one in read_manifest(parsed)["nodes"].values() if one["resource_type"] == "model"]
    files = {f"{one['schema']}.{one['name']}": folder / "compiled" / "caregap" / one["original_file_path"] for one in nodes}
    return {name: path.read_text(encoding="utf-8") for name, path in files.items() if path.exists()}


@pytest.fixture(scope="module")
def tables(typed_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder = tmp_path_factory.mktemp("spark")
    with session("local[2]", folder, has_few_rows=True) as spark:
        yield Tables(spark, typed_warehouse, folder)


def _frame(tables: Tables, sql: str) -> Any:
    return tables.answer(sql)


@pytest.mark.parametrize(("layer", "least"), [("staging", 70), ("intermediate", 250), ("marts", 45)])
def test_every_model_resolves_and_gives_no_interval(layer: str, least: int, models: dict[str, str], tables: Tables) -> None:
    """Days between two dates are a number in DuckDB. Spark makes an interval of them, which compares with no number."""
    faults, tried = {}, {name: sql for name, sql in models.items() if name.startswith(f"{layer}.")}
    for name, sql in tried.items():
        try:
            intervals = [field.name for field in _frame(tables, sql).schema if "interval" in field.dataType.simpleString()]
            if intervals:
                faults[name] = f"intervals: {', '.join(intervals)}"
        except Exception as error:  # what Catalyst says of one must not hide what it says of others
            faults[name] = str(error)[:300]
    assert len(tried) > least
    assert not faults
