"""The outcome of every check of a build, kept beside the build until the catalog publishes it.

build/<run>/checks/<step>.json
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.warehouse.build import Build
from pipelines.warehouse.rules import Rule, rules_of

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
        status, n_rows = STATUSES.get(data["status"], "failed"), int(data.get("num_failures", 0))
        return [_check(node, rule, manifest, status, n_rows) for rule in rules_of(node)]
    if not event["broken"] and data["node_info"]["node_status"] != "success":
        return []
    broken = event["broken"]
    return [
        _check(test, rule, manifest, "failed" if rule.id in broken else "passed", broken.get(rule.id, 0))
        for test in rules.get(unique_id, ())
        for rule in rules_of(test)
    ]


def _check(test: Mapping[str, Any], rule: Rule, manifest: Mapping[str, Any], status: str, n_rows: int) -> Check:
    finding = None if status == "passed" else f"{n_rows:,} rows break it"
    return Check(rule.id, _table(test, manifest), rule.words, status, rule.column, n_rows, finding)


def _table(test: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    unique_id = test.get("attached_node") or test["depends_on"]["nodes"][0]
    node = manifest["nodes"].get(unique_id) or manifest["sources"][unique_id]
    return f"{node['schema']}.{node.get('identifier') or node['name']}"
