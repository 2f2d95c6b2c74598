"""The data dictionary inside each published file: `catalog.tables` and `catalog.columns`.

It describes every table and column to anyone who opens the file without this project, and the dashboards use it to find columns
that identify a person, the column that holds the site of a row, and whose rows are for some roles alone.
"""

from collections.abc import Mapping
from typing import Any

import duckdb
import polars as pl

from models.contract import Contract
from models.phi import Phi
from models.published import PUBLISHED
from pipelines.publish.selection import Selection

SCHEMA = "catalog"
DICTIONARY = ("catalog.tables", "catalog.columns")
"""Created in each published file, not in the build."""

_TABLES = """
    create table catalog.tables as
    select
        facts.table_name, facts.grain, facts.key_columns, facts.site_column, facts.restricting_column, facts.owner,
        tables.comment as description, facts.n_rows, tables.column_count as n_columns
    from facts
    inner join duckdb_tables() as tables on facts.table_name = tables.schema_name || '.' || tables.table_name
    order by facts.table_name
"""

_COLUMNS = """
    create table catalog.columns as
    select
        facts.table_name, facts.column_name, columns.column_index as position, columns.data_type, facts.phi, facts.is_required,
        facts.allowed_values, facts.refers_to, columns.comment as description
    from facts
    inner join duckdb_columns() as columns
        on facts.table_name = columns.schema_name || '.' || columns.table_name and facts.column_name = columns.column_name
    order by facts.table_name, position
"""


def write_catalog(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Selection], n_rows: Mapping[str, int]) -> None:
    """Describe the tables of the open file, by its own comments and the contracts.

    `tables` say what the file holds of each table, `n_rows` how many rows; both by `schema.table`.
    """
    connection.execute(f"create schema if not exists {SCHEMA}")
    _create(connection, _TABLES, [_table(PUBLISHED[table], table, held, n_rows[table]) for table, held in tables.items()])
    columns = [(table, name) for table, held in tables.items() for name in held.columns]
    _create(connection, _COLUMNS, [_column(PUBLISHED[table], table, name) for table, name in columns])


def _create(connection: duckdb.DuckDBPyConnection, query: str, rows: list[dict[str, Any]]) -> None:
    connection.register("facts", pl.DataFrame(rows, infer_schema_length=None))
    connection.execute(query)
    connection.unregister("facts")


def _table(contract: Contract, table: str, held: Selection, n_rows: int) -> dict[str, Any]:
    """What the contract says of a table, as far as the file holds it."""
    return {
        "table_name": table,
        "grain": f"One row per {contract.grain}.",
        "key_columns": ", ".join(held.key),
        "site_column": held.site,
        "restricting_column": contract.restricting if contract.restricting in held.columns else None,
        "owner": contract.owner,
        "n_rows": n_rows,
    }


def _column(contract: Contract, table: str, name: str) -> dict[str, Any]:
    """The contract's facts about a column; a column coarsened under a new name still derives from a quasi-identifier."""
    field = contract.fields.get(name)
    metadata = field.metadata if field else {"phi": Phi.QUASI, "values": (), "refers_to": ""}
    return {
        "table_name": table,
        "column_name": name,
        "phi": str(metadata["phi"]),
        "is_required": bool(field and not field.nullable),
        "allowed_values": ", ".join(metadata["values"]),
        "refers_to": metadata["refers_to"],
    }
