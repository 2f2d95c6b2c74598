"""How many patients each site's team can contact per month; the risk tiers are cut by it."""

from collections.abc import Callable, Mapping
from typing import Any

import duckdb

from pipelines.errors import ChecksFailed

Capacity = Callable[[int | None], int]
"""The capacity of a site, by `location_key`."""


def capacities(connection: duckdb.DuckDBPyConnection, settings: Mapping[str, Any]) -> Capacity:
    """The practice's `site_capacity` by location id, otherwise its `outreach_capacity`, from the settings of a build.

    Raises `ChecksFailed` naming unknown sites.
    """
    keys = dict(connection.sql("select location_id, location_key from marts.dim_locations").fetchall())
    of_site = {site: int(capacity) for site, capacity in settings["site_capacity"].items()}
    if unknown := sorted(set(of_site) - set(keys)):
        raise ChecksFailed(f"practice.toml, site_capacity: no such site: {', '.join(unknown)}. `marts.dim_locations` lists them.")
    by_key = {keys[site]: capacity for site, capacity in of_site.items()}
    usual = int(settings["outreach_capacity"])
    return lambda location_key: by_key.get(location_key, usual)
