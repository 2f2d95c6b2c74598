"""The data tests that a build evaluates where it makes their table.

As a node of its own a test costs dbt some 20 ms, and Dagster 15, before its SQL runs; there were 465 of these. `dbt test` runs
them as any others.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

KINDS = ("unique", "unique_combination", "not_null", "accepted_values", "columns_hold")
_PLAIN = {"severity": "ERROR", "where": None, "limit": None, "warn_if": "!= 0", "error_if": "!= 0"}
COUNTED = {"columns_hold": "coalesce(sum(n_rows), 0)"}
"""How a test counts what fails, where that is not the number of rows that it finds."""


def is_evaluated_with_its_table(test: Mapping[str, Any], manifest: Mapping[str, Any]) -> bool:
    """Whether a node of dbt's manifest is such a test: of these kinds every one, unless its configuration says otherwise or it
    refers to a table that is made of its own, which is there only later."""
    metadata = test.get("test_metadata")
    if metadata is None or metadata["name"] not in KINDS or not test["config"]["meta"].get("with_table"):
        return False
    others = {*test["depends_on"]["nodes"]} - {test["attached_node"]}
    return not others or others.isdisjoint(_made_of(test["attached_node"], manifest))


def _made_of(table: str, manifest: Mapping[str, Any]) -> set[str]:
    """The unique ids of all that reads a table, at any distance."""
    found, left = set[str](), [table]
    while left:
        new = {*manifest["child_map"].get(left.pop(), ())} - found
        found |= new
        left += new
    return found


def is_plain(test: Mapping[str, Any]) -> bool:
    """Whether a test has no setting of its own, which evaluating it with its table would not heed."""
    config, counted = test["config"], COUNTED.get(test["test_metadata"]["name"], "count(*)")
    return config["fail_calc"] == counted and all(config.get(name) == value for name, value in _PLAIN.items())


def rules_by_table(manifest: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """These tests by the unique id of their table, as nodes of the manifest, in its order."""
    rules = defaultdict(list)
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and is_evaluated_with_its_table(node, manifest):
            rules[node["attached_node"]].append(node)
    return rules


def evaluate_with_tables(manifest: "Manifest", rules: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Take these tests out of dbt's manifest, and its unit tests, which no build runs.

    A table then waits for those that its keys must be found in, as its test would have. (To exclude the tests by dbt's own words
    took 3 CPU seconds.)
    """
    for table, tests in rules.items():
        for test in tests:
            del manifest.nodes[test["unique_id"]]
            for other in test["depends_on"]["nodes"]:
                if other != table:
                    manifest.nodes[table].depends_on.add_node(other)  # type: ignore[attr-defined]
    manifest.unit_tests.clear()
    manifest.build_parent_and_child_maps()  # type: ignore[no-untyped-call]


def as_variable(manifest: Mapping[str, Any], rules: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What the macro `hold_rules` is told: name, kind and arguments of each test, by table."""
    return {
        table: [
            {"name": test["name"], "kind": test["test_metadata"]["name"], "arguments": _arguments(test, manifest)}
            for test in tests
        ]
        for table, tests in rules.items()
    }


def _arguments(test: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A test's arguments, with each table that it refers to by its name in the file."""
    arguments = {name: value for name, value in test["test_metadata"]["kwargs"].items() if name != "model"}
    if references := arguments.get("references"):
        read = (manifest["nodes"][node] for node in test["depends_on"]["nodes"])
        named = {f"ref('{node['name']}')": node["relation_name"] for node in read}
        arguments["references"] = {column: [named[table], key] for column, (table, key) in references.items()}
    return arguments


@dataclass(frozen=True)
class Rule:
    """One rule of a data test. `id`: the test's name, then column and kind where the test has several. `words`: its meaning."""

    id: str
    column: str | None
    kind: str
    words: str


def rules_of(test: Mapping[str, Any]) -> list[Rule]:
    """The rules of a node of dbt's manifest, in the words of the test's own description, otherwise of its kind."""
    metadata = test.get("test_metadata") or {"name": test["name"], "kwargs": {}}
    kind, asked, column, name = metadata["name"], metadata["kwargs"], test.get("column_name"), test["name"]
    if kind == "columns_hold":
        values, references = asked.get("values", {}).items(), asked.get("references", {}).items()
        held = [(one, "accepted_values", _one_of(one, allowed)) for one, allowed in values]
        held += [(one, "relationships", _found_in(one, to, field)) for one, (to, field) in references]
        return [Rule(f"{name}.{one}.{of}", one, of, words) for one, of, words in held]
    return [Rule(name, column, kind, test["description"] or _meaning(kind, asked, column))]


def _meaning(kind: str, asked: Mapping[str, Any], column: str | None) -> str:
    match kind:
        case "unique":
            return f"No two rows have the same {column}."
        case "unique_combination":
            return f"No two rows have the same {', '.join(asked['columns'])}."
        case "not_null":
            return f"Every row has a value of {column}."
        case "accepted_values":
            return _one_of(column, asked["values"])
        case "relationships":
            return _found_in(column, asked["to"], asked["field"])
    return kind.replace("_", " ").capitalize() + "."


def _one_of(column: str | None, values: Iterable[object]) -> str:
    return f"Every {column} is one of: {', '.join(map(str, values))}."


def _found_in(column: str | None, to: str, field: str) -> str:
    return f"Every {column} is found in {to.partition('(')[2].strip(chr(39) + ')')}.{field}."
