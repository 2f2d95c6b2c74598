"""The layers that dbt derives from raw: seeds, staging, intermediate, marts."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from pipelines.build import DERIVED
from pipelines.defs.dbt_events import TRANSLATOR, dbt_events
from pipelines.home import Home
from pipelines.progress import Progress


def derived_assets(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """One asset a seed and model, one check a data test."""

    @dbt_assets(manifest=manifest, select=" ".join(DERIVED), name="derived", dagster_dbt_translator=TRANSLATOR)
    def derived(context: dg.AssetExecutionContext, home: dg.ResourceParam[Home], progress: dg.ResourceParam[Progress]):
        yield from dbt_events(context, manifest, "derived", DERIVED, home, progress)

    return derived
