"""Translates dbt's nodes and events to Dagster's assets, checks and events."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from pipelines.defs.build_in_hand import BuildInHand
from pipelines.faults import passing
from pipelines.progress import Progress
from pipelines.warehouse.checks import dbt_checks, keep_checks
from pipelines.warehouse.dbt import run_dbt


class Translator(DagsterDbtTranslator):
    """Maps a node to its table: the key is `[schema, table]`, and the schema is the layer."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        props = dbt_resource_props
        return dg.AssetKey([props["schema"], props.get("identifier") or props.get("alias") or props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return dbt_resource_props["schema"]


TRANSLATOR = Translator()


@cache
def read_manifest(parsed: Path) -> Mapping[str, Any]:
    """dbt's manifest from the folder of `parsed_project`."""
    return json.loads((parsed / "manifest.json").read_bytes())


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
    checks = []
    with build.step(step, is_whole=not context.is_subset):
        for event in run_dbt(parsed, build.warehouse, build.variables, select):
            progress(f"Building: {event['data']['node_info']['node_name']}")
            passing(f"build.{step}.node", build.folder)
            checks.extend(dbt_checks(event, manifest))
            message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
            yield from message.to_default_asset_events(manifest, TRANSLATOR, context=context)
        keep_checks(build, step, checks)
