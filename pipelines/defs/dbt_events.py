"""Translates dbt's nodes and events to Dagster's assets, checks and events."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from pipelines.defs.build_in_hand import BuildInHand
from pipelines.faults import passing
from pipelines.progress import Progress
from pipelines.warehouse.checks import dbt_checks, keep_checks
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import read_manifest
from pipelines.warehouse.rules import is_evaluated_with_its_table, rules_by_table

RULES = "rules"
"""The check of a table that stands for all rules that are evaluated with it."""


class Translator(DagsterDbtTranslator):
    """Maps a node to its table: the key is `[schema, table]`, and the schema is the layer."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        props = dbt_resource_props
        return dg.AssetKey([props["schema"], props.get("identifier") or props.get("alias") or props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return dbt_resource_props["schema"]

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetCheckSpec | None:
        if is_evaluated_with_its_table(manifest["nodes"][unique_id], manifest):
            return dg.AssetCheckSpec(RULES, asset=asset_spec.key, description="Every rule of this table alone.", blocking=True)
        return super().get_asset_check_spec(asset_spec, manifest, unique_id, project)


TRANSLATOR = Translator()


def dbt_events(
    context: dg.AssetExecutionContext, parsed: Path, step: str, select: list[str], builds: BuildInHand, progress: Progress
) -> Iterator[Any]:
    """Run one step of the build in hand with dbt, and yield Dagster's event of each node as it ends.

    If a run selects only some of the assets, only their nodes run, and the step does not count as passed.
    """
    build, manifest = builds.now(), read_manifest(parsed)
    if context.is_subset:
        wanted = context.selected_asset_keys
        select = [
            ".".join(node["fqn"])
            for node in manifest["nodes"].values()
            if node["resource_type"] in {"model", "seed"} and TRANSLATOR.get_asset_key(node) in wanted
        ]
    checks, rules = [], rules_by_table(manifest)
    with build.step(step, is_whole=not context.is_subset):
        for event in run_dbt(parsed, build.warehouse, build.variables, select, spark=build.spark):
            progress(f"Building: {event['data']['node_info']['node_name']}")
            passing(f"build.{step}.node", build.folder)
            checks.extend(of_node := dbt_checks(event, manifest, rules))
            message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
            yield from message.to_default_asset_events(manifest, TRANSLATOR, context=context)
            if (table := event["data"]["node_info"]["unique_id"]) in rules:
                yield dg.AssetCheckResult(
                    passed=not event["broken"],
                    check_name=RULES,
                    asset_key=TRANSLATOR.get_asset_key(manifest["nodes"][table]),
                    metadata={check.rule: check.n_rows for check in of_node},
                )
        keep_checks(build, step, checks)
