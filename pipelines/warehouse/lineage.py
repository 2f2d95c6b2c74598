"""Makes the catalog tables (`models/published/catalog.py`): lineage, descriptions and checks of the published tables."""

from collections.abc import Iterable, Mapping
from typing import Any

import duckdb
import polars as pl

from models.contract import Contract
from models.landing import LANDING, raw_table
from models.published import PUBLISHED
from models.published.catalog import CATALOG
from models.sources import SOURCE_KINDS
from pipelines.warehouse.checks import Check

RAW: dict[str, Contract] = {
    f"raw.{raw_table(source, name)}": contract
    for source, kind in SOURCE_KINDS.items()
    for name, contract in kind.extracts.items()
} | {f"raw.{name}": contract for name, contract in LANDING.items()}
_SOURCES = """
with recursive made_from as (
    select to_table, from_table from lineage
    union
    select made_from.to_table, lineage.from_table
    from made_from
    inner join lineage on made_from.from_table = lineage.to_table
)
select
    made_from.to_table as table_name,
    list_sort(list(distinct extracts.source_system || ' ' || extracts.extract)).list_aggregate('string_agg', ', ') as sources,
    max(extracts.newest_exported_at) as newest_exported_at
from made_from
inner join raw_tables on made_from.from_table = raw_tables.table_name
inner join raw.extracts as extracts
    on raw_tables.extract = extracts.extract and raw_tables.source = split_part(extracts.source_system, ':', 1)
where extracts.is_delivered
group by made_from.to_table
"""


def write_lineage(
    connection: duckdb.DuckDBPyConnection,
    lineage: Iterable[tuple[str, str]],
    manifest: Mapping[str, Any],
    checks: Iterable[Check],
) -> None:
    """Create the tables of schema `catalog` in a built warehouse.

    `lineage`: pairs of `schema.table`, the table and one that it reads. Raises pandera's `SchemaErrors` if a table breaks its
    contract.
    """
    edges = pl.DataFrame(sorted(set(lineage)), schema=["to_table", "from_table"], orient="row")
    described = _described(manifest) | {table: contract.description for table, contract in (RAW | PUBLISHED).items()}
    connection.execute("create schema if not exists catalog")
    frames = {
        "lineage_tables": _tables(connection, edges, described),
        "lineage": edges,
        "checks": pl.DataFrame([_check(check) for check in checks], schema=_types("checks")),
    }
    for name, frame in frames.items():
        kept = frame.select(*CATALOG[f"catalog.{name}"].fields)
        CATALOG[f"catalog.{name}"].schema.validate(kept, lazy=True)
        connection.register("made", kept.to_arrow())
        connection.execute(f"create or replace table catalog.{name} as select * from made")
        connection.unregister("made")


def _types(name: str) -> dict[str, pl.DataType]:
    return {column: one.dtype.type for column, one in CATALOG[f"catalog.{name}"].fields.items()}


def _described(manifest: Mapping[str, Any]) -> dict[str, str]:
    """All tables that dbt makes, with their descriptions."""
    return {
        f"{node['schema']}.{node['name']}": node["description"] or f"Kept in dbt_project/seeds/{node['name']}.csv."
        for node in manifest["nodes"].values()
        if node["resource_type"] in {"model", "seed"} and node["config"]["materialized"] != "ephemeral"
    }


def _tables(connection: duckdb.DuckDBPyConnection, edges: pl.DataFrame, described: dict[str, str]) -> pl.DataFrame:
    tables = [(table, table.partition(".")[0], text, table in PUBLISHED) for table, text in sorted(described.items())]
    frame = pl.DataFrame(tables, schema=["table_name", "schema_name", "description", "is_published"], orient="row")
    names = [(f"raw.{raw_table(source, one)}", source, one) for source, kind in SOURCE_KINDS.items() for one in kind.extracts]
    connection.register("lineage", edges.to_arrow())
    connection.register("raw_tables", pl.DataFrame(names, schema=["table_name", "source", "extract"], orient="row").to_arrow())
    sources = connection.sql(_SOURCES).pl()
    connection.unregister("lineage")
    connection.unregister("raw_tables")
    return frame.join(sources, on="table_name", how="left").cast(pl.Schema(_types("lineage_tables")))


def _check(check: Check) -> dict[str, Any]:
    return {
        "check_id": check.id,
        "table_name": check.table,
        "schema_name": check.table.partition(".")[0],
        "column_name": check.column,
        "rule": check.rule,
        "status": check.status,
        "n_rows": check.n_rows,
        "finding": check.finding,
    }
