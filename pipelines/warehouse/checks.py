"""The outcome of every check of a build, kept beside the build until the catalog publishes it.

build/<run>/checks/<step>.json
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.warehouse.build import Build

STATUSES = {"pass": "passed", "warn": "warned", "fail": "failed", "error": "failed"}


@dataclass(frozen=True)
class Check:
    """One check of one table, `schema.table`. `rule` and `finding` are in words."""

    id: str
    table: str
    rule: str
    status: str = "passed"
    column: str | None = None
    n_rows: int = 0
    finding: str | None = None


def keep_checks(build: Build, step: str, checks: Iterable[Check]) -> None:
    """Save the outcomes of one step of a build, replacing its earlier ones."""
    folder = build.folder / "checks"
    folder.mkdir(exist_ok=True)
    (folder / f"{step}.json").write_text(json.dumps([asdict(check) for check in checks], indent=1), encoding="utf-8")


def kept_checks(build: Build) -> list[Check]:
    """The saved outcomes of all steps, sorted by the checks' names."""
    files = (build.folder / "checks").glob("*.json")
    checks = [Check(**row) for path in files for row in json.loads(path.read_text(encoding="utf-8"))]
    return sorted(checks, key=lambda check: check.id)


def dbt_checks(
    event: Mapping[str, Any], manifest: Mapping[str, Any], rules: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[Check]:
    """The checks in dbt's result event, one for each rule of the data test, or of the table with which `rules` were evaluated.

    `rules`: the data tests by table (`pipelines/warehouse/rules.py`).
    """
    data = event["data"]
    unique_id = data["node_info"]["unique_id"]
    node = manifest["nodes"].get(unique_id)
    if node is None:
        return []
    if node["resource_type"] == "test":
        return _checks(node, manifest, STATUSES.get(data["status"], "failed"), int(data.get("num_failures", 0)))
    of_table: list[Check] = []
    if event["broken"] or data["node_info"]["node_status"] == "success":
        for test in rules.get(unique_id, ()):
            n_rows = event["broken"].get(test["name"], 0)
            of_table += _checks(test, manifest, "failed" if n_rows else "passed", n_rows)
    return of_table


def _checks(test: Mapping[str, Any], manifest: Mapping[str, Any], status: str, n_rows: int) -> list[Check]:
    finding = None if status == "passed" else f"{n_rows:,} rows break it"
    return [Check(id, _table(test, manifest), rule, status, column, n_rows, finding) for id, column, rule in _rules(test)]


def _table(test: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    nodes = manifest["nodes"] | manifest["sources"]
    node = nodes[test.get("attached_node") or test["depends_on"]["nodes"][0]]
    return f"{node['schema']}.{node.get('identifier') or node['name']}"


def _rules(test: Mapping[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """The id, column and words of each rule: the test's own description, otherwise the meaning of the generic test."""
    metadata = test.get("test_metadata") or {"name": "", "kwargs": {}}
    asked, column, name = metadata["kwargs"], test.get("column_name"), test["name"]
    if test["description"]:
        yield name, column, test["description"]
        return
    match metadata["name"]:
        case "unique":
            yield name, column, f"No two rows have the same {column}."
        case "unique_combination":
            yield name, column, f"No two rows have the same {', '.join(asked['columns'])}."
        case "not_null":
            yield name, column, f"Every row has a value of {column}."
        case "accepted_values":
            yield name, column, _one_of(column, asked["values"])
        case "relationships":
            yield name, column, _found_in(column, asked["to"], asked["field"])
        case "columns_hold":
            for one, values in asked.get("values", {}).items():
                yield f"{name}.{one}.accepted_values", one, _one_of(one, values)
            for one, (to, field) in asked.get("references", {}).items():
                yield f"{name}.{one}.relationships", one, _found_in(one, to, field)
        case _:
            yield name, column, name.replace("_", " ").capitalize() + "."


def _one_of(column: str | None, values: Iterable[object]) -> str:
    return f"Every {column} is one of: {', '.join(map(str, values))}."


def _found_in(column: str | None, to: str, field: str) -> str:
    return f"Every {column} is found in {to.partition('(')[2].strip(chr(39) + ')')}.{field}."
