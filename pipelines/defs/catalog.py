"""The layer `catalog`: how the tables were made. Written last, after all other tables were built and checked."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from models.published import PUBLISHED
from models.published.catalog import CATALOG
from pipelines.defs.build_in_hand import BuildInHand
from pipelines.defs.keys import key_of
from pipelines.progress import Progress
from pipelines.warehouse.checks import Check, kept_checks
from pipelines.warehouse.dbt_project import read_manifest
from pipelines.warehouse.lineage import write_lineage


def catalog_assets(parsed: Path, made: Sequence[dg.AssetsDefinition]) -> dg.AssetsDefinition:
    """One asset per table. `made` are the assets of all other layers, each with its upstream tables."""
    lineage = [
        (".".join(spec.key.path), ".".join(dep.asset_key.path)) for assets in made for spec in assets.specs for dep in spec.deps
    ]
    described = [key_of(table) for table in PUBLISHED if table not in CATALOG]

    @dg.multi_asset(
        name="catalog",
        specs=[
            dg.AssetSpec(key_of(table), deps=described, group_name="catalog", description=contract.description, kinds={"duckdb"})
            for table, contract in CATALOG.items()
        ],
    )
    def catalog(builds: dg.ResourceParam[BuildInHand], progress: dg.ResourceParam[Progress]) -> Iterator[Any]:
        progress("Building: catalog")
        build = builds.now()
        # These tables exist only if they kept their contracts.
        scores = [Check(f"{table}.contract", table, "Every row keeps the contract.") for table in PUBLISHED if table[:3] == "ml."]
        with build.step("catalogued"), build.connect() as connection:
            write_lineage(connection, lineage, read_manifest(parsed), [*kept_checks(build), *scores])
        for table in CATALOG:
            yield dg.MaterializeResult(key_of(table))

    return catalog
