"""What of a published file a viewer is given: views that hold the tables, columns and rows of a role, and nothing beside them.

A query names the same table in all cases; which rows that is depends on who asks. The published file itself is attached under a
name of its own and read-only, and the connection can open nothing else.

No table is named here. The file's own catalog says of each table which column holds the site, and of each column what it refers
to; it was written with the file, so that it describes the file whatever version of Caregap opens it.
"""

from pathlib import Path
from typing import NamedTuple

import duckdb

from dashboards.access.roles import ROLES, Sight, Viewer


class Scope(NamedTuple):
    """How far a viewer sees. It is part of every cache key; `sites` is None where no row is left out for its site."""

    sight: str
    sites: tuple[str, ...] | None

    @classmethod
    def of(cls, viewer: Viewer) -> "Scope":
        return cls(viewer.sight.value, tuple(sorted(viewer.sites)) if ROLES[viewer.role].is_of_sites else None)


def published_file(folder: Path, scope: Scope) -> Path:
    """The file of a publication that a scope is answered from."""
    return folder / ("deidentified.duckdb" if scope.sight == Sight.DEIDENTIFIED else "warehouse.duckdb")


def open_scoped(folder: Path, scope: Scope) -> duckdb.DuckDBPyConnection:
    """An in-memory database whose schemas hold a view for each published table that the scope may see.

    A column is shown to a limited sight where the file's own catalog says that it does not identify directly.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'; set temp_directory = ''; set memory_limit = '2GB'")
    path = str(published_file(folder, scope)).replace("'", "''")
    connection.execute(f"attach '{path}' as published (read_only)")
    connection.execute(
        "create schema viewer; create table viewer.sites as select unnest($1::varchar[]) as location_id", [scope.sites or ()]
    )
    rows = _Rows(connection, scope)
    _show_catalog(connection, scope)
    seen = connection.execute("select table_name, list(column_name order by position) from catalog.columns group by all")
    for table, columns in seen.fetchall():
        connection.execute(f"create schema if not exists {table.partition('.')[0]}")
        connection.execute(f"create view {table} as select {', '.join(columns)} from published.{table} {rows.where(table)}")
    connection.execute("set enable_external_access = false; set lock_configuration = true")
    return connection


def _show_catalog(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """The file's dictionary, as far as the scope goes; the other views are made from it."""
    tables = "true" if scope.sites is None else "table_name in (select table_name from viewer.site_columns)"
    columns = "phi <> 'direct'" if scope.sight == Sight.LIMITED else "true"
    connection.execute(f"""
        create schema catalog;
        create view catalog.tables as select * from published.catalog.tables where {tables};
        create view catalog.columns as select * from published.catalog.columns where {tables} and {columns};
    """)


class _Rows:
    """Which rows of each table belong to the scope's sites, as the catalog of the attached file says it.

    A table whose site column is empty belongs to all sites; one that has none is absent for a role of sites.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, scope: Scope):
        self._is_of_sites = scope.sites is not None
        connection.execute("""
            create table viewer.site_columns as
            select
                tables.table_name, tables.site_column,
                (select any_value(whole.table_name) from published.catalog.tables as whole
                where split_part(whole.table_name, '.', 2) = split_part(columns.refers_to, '.', 1)) as to_table,
                split_part(columns.refers_to, '.', 2) as to_column
            from published.catalog.tables as tables
            left join published.catalog.columns as columns
                on tables.table_name = columns.table_name and tables.site_column = columns.column_name
            where tables.site_column is not null
        """)
        found = connection.execute("select table_name, site_column, to_table, to_column from viewer.site_columns").fetchall()
        self._sites = {table: (column, to_table, to_column) for table, column, to_table, to_column in found}

    def where(self, table: str) -> str:
        """Empty where no row is left out for its site."""
        if not self._is_of_sites or not self._sites[table][0]:
            return ""
        return f"where {self._is_here(table)}"

    def _is_here(self, table: str) -> str:
        """From a row to its patient, to the patient's home, to the table of sites, whose column refers to no other."""
        column, to_table, to_column = self._sites[table]
        if to_table is None:
            return "location_id in (select location_id from viewer.sites)"
        return f"{column} in (select {to_column} from published.{to_table} where {self._is_here(to_table)})"
