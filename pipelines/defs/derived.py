"""The layers that dbt derives from raw: seeds, staging, intermediate, marts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from pipelines.defs.build_in_hand import BuildInHand
from pipelines.defs.dbt_events import TRANSLATOR, dbt_events
from pipelines.progress import Progress
from pipelines.warehouse.build import DERIVED
from pipelines.warehouse.dbt_project import read_manifest


def derived_assets(parsed: Path) -> dg.AssetsDefinition:
    """One asset per seed and model, one check per data test."""

    @dbt_assets(manifest=read_manifest(parsed), select=" ".join(DERIVED), name="derived", dagster_dbt_translator=TRANSLATOR)
    def derived(
        context: dg.AssetExecutionContext, builds: dg.ResourceParam[BuildInHand], progress: dg.ResourceParam[Progress]
    ) -> Iterator[Any]:
        yield from dbt_events(context, parsed, "derived", DERIVED, builds, progress)

    return derived
