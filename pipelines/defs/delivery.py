"""The layer `delivery`: what dbt derives from marts and scores, for people to act on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from pipelines.defs.build_in_hand import BuildInHand
from pipelines.defs.dbt_events import TRANSLATOR, dbt_events
from pipelines.progress import Progress
from pipelines.warehouse.dbt_project import read_manifest

SELECT = ["resource_type:model,fqn:caregap.delivery"]


def delivery_assets(parsed: Path) -> dg.AssetsDefinition:
    """One asset per model, one check per data test."""

    @dbt_assets(manifest=read_manifest(parsed), select=" ".join(SELECT), name="delivery", dagster_dbt_translator=TRANSLATOR)
    def delivery(
        context: dg.AssetExecutionContext, builds: dg.ResourceParam[BuildInHand], progress: dg.ResourceParam[Progress]
    ) -> Iterator[Any]:
        yield from dbt_events(context, parsed, "delivered", SELECT, builds, progress)

    return delivery
