"""The shape of the dbt project: one way through the layers, every table described, tested and under contract.

Read from the project as dbt parsed it, so that a reference that a macro or a loop makes counts as well.
"""

import json
from collections import defaultdict
from collections.abc import Callable

import pytest

from models.published import PUBLISHED
from pipelines.home import Home
from pipelines.warehouse.dbt_project import parsed_project
from pipelines.warehouse.dbt_properties import outdated
from pipelines.warehouse.rules import KINDS, is_evaluated_with_its_table, is_plain

LAYERS = ("staging", "intermediate", "marts", "delivery")
GRAIN_TESTS = {"unique", "unique_combination"}
TESTED_TOGETHER = {"kpi_": "int_kpis__counted"}
"""Models of this prefix are unioned into that one, which tests their grain at once: seventy tests would cost dbt a second."""

LOGS = {
    "int_disengagement__ehr_facts",
    "int_disengagement__crm_facts",
    "int_disengagement__billing_facts",
    "int_disengagement__facts",
    "int_outreach__attempts",
    "int_outreach__answers",
}
"""Models whose rows are events that may rightly be equal: two payments of one amount on one day, two calls in one minute."""

Nodes = dict[str, dict]


@pytest.fixture(scope="module")
def manifest(new_home: Callable[[], Home]) -> dict:
    return json.loads((parsed_project(new_home()) / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def models(manifest: dict) -> Nodes:
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}


@pytest.fixture(scope="module")
def tests_of(manifest: dict) -> dict[str, set[str]]:
    """The names of the generic tests of each node."""
    tests = defaultdict(set)
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("attached_node"):
            tests[node["attached_node"]].add(node["test_metadata"]["name"])
    return tests


def _layer(node: dict) -> str:
    return node["fqn"][1]


def test_the_generated_properties_say_what_the_contracts_say():
    assert outdated() == [], "run `make contracts`"


def _published(models: Nodes) -> Nodes:
    """Tables of the published layers, by `schema.table`."""
    return {
        f"{_layer(node)}.{node['name']}": node
        for node in models.values()
        if _layer(node) in ("marts", "delivery") and node["config"]["materialized"] != "ephemeral"
    }


def test_every_published_table_has_a_contract_and_every_contract_a_table(models: Nodes):
    assert set(_published(models)) == {table for table in PUBLISHED if not table.startswith(("ml.", "catalog."))}


def test_the_types_of_every_published_table_are_enforced(models: Nodes):
    assert [table for table, node in _published(models).items() if not node["contract"]["enforced"]] == []


def test_every_model_says_what_one_row_is(models: Nodes):
    assert [node["name"] for node in models.values() if not node["description"].startswith("One row per ")] == []


def test_every_model_tests_what_one_row_is(models: Nodes, tests_of: dict[str, set[str]]):
    untested = {node["name"] for key, node in models.items() if not tests_of[key] & GRAIN_TESTS} - LOGS
    for prefix, union in TESTED_TOGETHER.items():
        [whole] = [node for node in models.values() if node["name"] == union]
        assert union not in untested
        parts = {models[read]["name"] for read in whole["depends_on"]["nodes"] if read in models}
        untested -= {part for part in parts if part.startswith(prefix)}
    assert untested == set()


def test_a_test_that_a_build_leaves_out_is_evaluated_with_its_table(manifest: dict):
    """A build has no node for these. It would not heed a severity, a filter or a limit of their own. What an ephemeral model
    promises has no table to be evaluated with, and these two refer to tables that are made of their own."""
    tests = [node for node in manifest["nodes"].values() if (node.get("test_metadata") or {}).get("name") in KINDS]
    assert len(tests) > 300
    made = {test["name"]: manifest["nodes"][test["attached_node"]]["config"]["materialized"] != "ephemeral" for test in tests}
    made |= dict.fromkeys(("fct_kpis_columns_hold", "fct_measure_results_columns_hold"), False)
    assert {test["name"]: is_evaluated_with_its_table(test, manifest) and is_plain(test) for test in tests} == made


def test_only_staging_reads_raw_and_only_delivery_reads_ml(models: Nodes, manifest: dict):
    readers = {"raw": "staging", "ml": "delivery"}
    wrong = [
        (node["name"], manifest["sources"][read]["name"])
        for node in models.values()
        for read in node["depends_on"]["nodes"]
        if read in manifest["sources"] and _layer(node) != readers[manifest["sources"][read]["source_name"]]
    ]
    assert wrong == []


def test_a_model_reads_its_own_layer_or_an_earlier_one(models: Nodes):
    wrong = [
        (node["name"], models[read]["name"])
        for node in models.values()
        for read in node["depends_on"]["nodes"]
        if read in models and LAYERS.index(_layer(models[read])) > LAYERS.index(_layer(node))
    ]
    assert wrong == []
