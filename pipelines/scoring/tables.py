"""Writes tables of schema `ml` with the columns, order and types of their contracts."""

from collections.abc import Mapping

import duckdb
import polars as pl

from models.published import PUBLISHED
from pipelines.faults import passing

Tables = dict[str, pl.DataFrame]
"""Rows by the name of their table in the schema `ml`."""


def write_ml_tables(connection: duckdb.DuckDBPyConnection, *found: Mapping[str, pl.DataFrame]) -> None:
    """Replace each table of schema `ml` named in `found` with the rows that each of `found` has for it, in turn.

    Missing columns are null; columns that are not in the contract are left out; a frame without columns is a table without rows.
    """
    connection.execute("create schema if not exists ml")
    for table in dict.fromkeys(name for tables in found for name in tables):
        rows = pl.concat([_as_contracted(table, tables[table]) for tables in found if table in tables])
        connection.register("_rows", rows.to_arrow())
        connection.execute(f"create or replace table ml.{table} as select * from _rows")
        connection.unregister("_rows")
        passing("score.table.written")


def _as_contracted(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    columns = {name: column.dtype.type for name, column in PUBLISHED[f"ml.{table}"].fields.items()}
    if not rows.width:
        return pl.DataFrame(schema=columns)
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name) for name, dtype in columns.items()
    )
