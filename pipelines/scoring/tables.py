"""Writes tables of schema `ml` with the columns, order and types of their contracts."""

import duckdb
import polars as pl

from models.published import PUBLISHED


def write_ml_table(connection: duckdb.DuckDBPyConnection, table: str, rows: pl.DataFrame, *, is_more: bool = False) -> None:
    """Replace `ml.<table>`, or append to it (`is_more`).

    Columns missing from `rows` are null; columns that are not in the contract are left out.
    """
    columns = {name: column.dtype.type for name, column in PUBLISHED[f"ml.{table}"].fields.items()}
    frame = (
        rows.select(
            (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name) for name, dtype in columns.items()
        )
        if rows.width
        else pl.DataFrame(schema=columns)
    )
    connection.register("_rows", frame.to_arrow())
    start = f"insert into ml.{table}" if is_more else f"create or replace table ml.{table} as"
    connection.execute(f"create schema if not exists ml; {start} select * from _rows")
    connection.unregister("_rows")
