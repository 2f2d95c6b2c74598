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


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("best_name_similarity(['chpman', 'lee'], ['chapman'])", 0.9174603174603175),
        ("best_name_similarity(['richard'], ['ronald'])", 0.6428571428571429),
        ("damerau_levenshtein('jhon', 'john')", 1),
        ("strip_accents('Zoë')", "Zoe"),
        ("printf('%.1f', 0.25)", "0.2"),
        ("url_decode('a+b%')", "a+b%"),
        ("url_decode('100%25%7C%zz%C3%A9%')", "100%|%zzé%"),
        ("coalesce(try(url_decode('M%FF')), 'M%FF')", "M%FF"),
    ],
)
def test_a_function_gives_what_duckdb_gives_also_where_spark_has_one_of_its_name(sql: str, value: object, tables: Tables) -> None:
    """Spark's own come first. Of these names its jaro_winkler_similarity gives 0.895 and 0.679, and its url_decode fails."""
    assert tables.answer(f"select {sql} as given").collect()[0].given == value


def test_names_are_compared_by_duckdbs_similarity(models: dict[str, str]) -> None:
    """Three of its fields are of names; a pair of one letter less was no match by Spark's own similarity."""
    compared = models["intermediate.int_identity__compared_pairs"]
    assert (compared.count("best_name_similarity("), compared.count("jaro_winkler_similarity(")) == (3, 0)
