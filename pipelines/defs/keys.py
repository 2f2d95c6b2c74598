"""Names of tables and layers in Dagster: key `[schema, table]`, group = layer."""

import dagster as dg

LAYERS = ("connect", "raw", "seeds", "staging", "intermediate", "marts", "ml", "delivery", "catalog", "published")
"""In the order of the data flow. A table depends only on tables of its own layer or of earlier ones."""

BEFORE_SCORES = LAYERS[1:6]


def key_of(table: str) -> dg.AssetKey:
    """`marts.dim_patients` as a key."""
    return dg.AssetKey(table.split("."))
