"""The outcome of every check of a build, kept beside the build until the catalog publishes it.

build/<run>/checks/<step>.json
"""

import json
from collections.abc import Iterable, Mapping
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


def dbt_check(event: Mapping[str, Any], manifest: Mapping[str, Any]) -> Check | None:
    """The check in dbt's result event; None if the event is not of a data test."""
    data = event["data"]
    node = manifest["nodes"].get(data["node_info"]["unique_id"])
    if node is None or node["resource_type"] != "test":
        return None
    status = STATUSES.get(data["status"], "failed")
    n_rows = int(data.get("num_failures", 0))
    return Check(
        id=node["name"],
        table=_table(node, manifest),
        rule=_rule(node),
        status=status,
        column=node.get("column_name"),
        n_rows=n_rows,
        finding=None if status == "passed" else f"{n_rows:,} rows break it",
    )


def _table(test: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    nodes = manifest["nodes"] | manifest["sources"]
    node = nodes[test.get("attached_node") or test["depends_on"]["nodes"][0]]
    return f"{node['schema']}.{node.get('identifier') or node['name']}"


def _rule(test: Mapping[str, Any]) -> str:
    """The rule in words: the test's own description, otherwise the meaning of dbt's generic test."""
    if test["description"]:
        return test["description"]
    metadata = test.get("test_metadata") or {"name": "", "kwargs": {}}
    asked, column = metadata["kwargs"], test.get("column_name")
    match metadata["name"]:
        case "unique":
            return f"No two rows have the same {column}."
        case "unique_combination":
            return f"No two rows have the same {', '.join(asked['columns'])}."
        case "not_null":
            return f"Every row has a value of {column}."
        case "accepted_values":
            return f"Every {column} is one of: {', '.join(map(str, asked['values']))}."
        case "relationships":
            return f"Every {column} is found in {asked['to'].partition('(')[2].strip(chr(39) + ')')}.{asked['field']}."
    return test["name"].replace("_", " ").capitalize() + "."
