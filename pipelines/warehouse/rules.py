"""The data tests that a build evaluates where it makes their table: those that read that table alone.

As a node of its own a test costs dbt some 20 ms, and Dagster 15, before its SQL runs; there were 361 of these. `dbt test` runs
them as any others.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

KINDS = ("unique", "unique_combination", "not_null", "accepted_values")
NOT_AS_NODES = [f"test_name:{kind},config.meta.with_table:true" for kind in KINDS]
"""dbt's words for these tests, to exclude them from a build's nodes."""
_PLAIN = {"severity": "ERROR", "where": None, "limit": None, "fail_calc": "count(*)", "warn_if": "!= 0", "error_if": "!= 0"}


def is_evaluated_with_its_table(test: Mapping[str, Any]) -> bool:
    """Whether a node of dbt's manifest is such a test: of these kinds every one, unless its configuration says otherwise."""
    metadata = test.get("test_metadata")
    return metadata is not None and metadata["name"] in KINDS and bool(test["config"]["meta"].get("with_table"))


def is_plain(test: Mapping[str, Any]) -> bool:
    """Whether a test has no setting of its own, which evaluating it with its table would not heed."""
    return all(test["config"].get(name) == value for name, value in _PLAIN.items())


def rules_by_table(manifest: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """These tests by the unique id of their table, as nodes of the manifest, in its order."""
    rules = defaultdict(list)
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and is_evaluated_with_its_table(node):
            rules[node["attached_node"]].append(node)
    return rules


def as_variable(rules: Mapping[str, list[Mapping[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What the macro `hold_rules` is told: name, kind and arguments of each test, by table."""
    return {
        table: [
            {
                "name": test["name"],
                "kind": test["test_metadata"]["name"],
                "arguments": {name: value for name, value in test["test_metadata"]["kwargs"].items() if name != "model"},
            }
            for test in tests
        ]
        for table, tests in rules.items()
    }
