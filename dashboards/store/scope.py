"""A viewer's scope of a published file: views with the tables, columns and rows of a role, and nothing else.

Queries use the same table names for everybody; the rows depend on the scope. The published file itself is attached under a
name of its own and read-only, and the connection can open nothing else.

No table is named here. The file's own catalog names each table's column that holds the site, the flag that restricts who may see
the rows that refer to it, and for each column what it refers to; it was written with the file, so that it describes the file
whatever version of Caregap opens it.
"""

from pathlib import Path
from typing import NamedTuple

import duckdb

from dashboards.access.break_glass import open_glass
from dashboards.access.roles import ROLES, Sight, Viewer
from models.home_keys.statements import attach, cipher
from models.home_keys.store import key_of
from models.home_keys.wrapping import KeysRefused
from models.published.persons import OF_A_PERSON

DICTIONARY = {
    "catalog.tables": {"table_name", "site_column", "restricting_column"},
    "catalog.columns": {"table_name", "column_name", "position", "phi", "refers_to"},
}
"""What is read here of the file's own catalog."""


class Scope(NamedTuple):
    """A viewer's scope, part of every cache key. `sites` is None if rows of all sites are included.

    `patient`: the key of the one patient whom break-glass opened, and then only their rows are. `sees_restricted`: rows are
    included that refer to what is restricted.
    """

    sight: str
    sites: tuple[str, ...] | None
    patient: int | None = None
    sees_restricted: bool = False

    @classmethod
    def of(cls, viewer: Viewer) -> "Scope":
        role = ROLES[viewer.role]
        sites = tuple(sorted(viewer.sites)) if role.is_of_sites else None
        return cls(viewer.sight.value, sites, sees_restricted=role.sees_restricted)

    @classmethod
    def of_opened(cls, viewer: Viewer, patient_key: int) -> "Scope":
        """The scope of one patient. Raises `PermissionError` unless that patient is open to the viewer now."""
        glass = open_glass(viewer)
        if glass is None or glass.patient_key != patient_key:
            raise PermissionError("That patient is not open, or no more.")
        return cls(Sight.FULL.value, None, patient_key)


def published_file(folder: Path, scope: Scope) -> Path:
    """The publication's file that a scope reads."""
    return folder / ("deidentified.duckdb" if scope.sight == Sight.DEIDENTIFIED else "warehouse.duckdb")


def open_scoped(folder: Path, scope: Scope) -> duckdb.DuckDBPyConnection:
    """An in-memory database whose schemas hold a view for each published table that the scope may see.

    A limited sight has only the columns that the file's catalog marks as not directly identifying.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("set TimeZone = 'UTC'; set temp_directory = ''; set memory_limit = '2GB'")
    attach_published(connection, published_file(folder, scope))
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


def attach_published(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach a published file, encrypted or not, read-only under the name `published`. Raises `KeysRefused`."""
    key = key_of(path)
    for statement in cipher() if key else ():
        connection.execute(statement)
    try:
        connection.execute(attach(path, "published", key, read_only=True))
    except duckdb.Error as error:
        if "ncryption key" in str(error) or "without a key" in str(error):
            # DuckDB quotes no key, but who reads this cannot do anything about a statement.
            raise KeysRefused(f"{path}: encrypted, and its key is not in this home's keys/.") from None
        raise


def _show_catalog(connection: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """The file's dictionary within the scope; the other views are made from it."""
    tables = "true" if scope.sites is None else "table_name in (select table_name from viewer.site_columns)"
    if scope.patient is not None:
        tables = "table_name in (select table_name from viewer.of_patient)"
    columns = "phi <> 'direct'" if scope.sight == Sight.LIMITED else "true"
    connection.execute(f"""
        create schema catalog;
        create view catalog.tables as select * from published.catalog.tables where {tables};
        create view catalog.columns as select * from published.catalog.columns where {tables} and {columns};
    """)


_NOT_RESTRICTED = """
    select
        columns.table_name,
        format(
            '({0} is null or {0} in (select {1} from published.{2} where not {3}))',
            columns.column_name, split_part(columns.refers_to, '.', 2), whole.table_name, whole.restricting_column
        )
    from published.catalog.columns as columns
    inner join published.catalog.tables as whole
        on split_part(whole.table_name, '.', 2) = split_part(columns.refers_to, '.', 1)
    where whole.restricting_column is not null
    order by all
"""
"""Of each column that refers to a table with a restricting flag: the condition that leaves out what the flag restricts."""


class _Rows:
    """The condition for the rows of a scope, from the catalog of the attached file.

    A table with an empty site column belongs to all sites; one without a site column is absent for a role of sites.
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
        self._patient = scope.patient
        self._of_patient = _of_patient(connection) if scope.patient is not None else {}
        self._restricted: dict[str, list[str]] = {}
        for table, condition in () if scope.sees_restricted else connection.execute(_NOT_RESTRICTED).fetchall():
            self._restricted.setdefault(table, []).append(condition)

    def where(self, table: str) -> str:
        """The condition; empty if all rows are included."""
        conditions = list(self._restricted.get(table, ()))
        if self._patient is not None:
            conditions += [f"{column} = {self._patient:d}" for column in self._of_patient[table]]
        elif self._is_of_sites and self._sites[table][0]:
            conditions.append(self._is_here(table))
        return f"where {' and '.join(conditions)}" if conditions else ""

    def _is_here(self, table: str) -> str:
        """Follows the reference from a row to its patient, to the patient's home site, to the table of sites."""
        column, to_table, to_column = self._sites[table]
        if to_table is None:
            return "location_id in (select location_id from viewer.sites)"
        return f"{column} in (select {to_column} from published.{to_table} where {self._is_here(to_table)})"


def _of_patient(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The tables that the scope of one patient has, each with the columns that must be that patient's.

    A table without such a column is there only where it belongs to all sites, and so to nobody: a row that is a patient's by way
    of another table is not shown.
    """
    connection.execute(f"""
        create table viewer.of_patient as
        select
            tables.table_name,
            list(columns.column_name) filter (
                columns.refers_to = '{OF_A_PERSON}'
                or (split_part(columns.table_name, '.', 2) || '.' || columns.column_name) = '{OF_A_PERSON}'
            ) as own
        from published.catalog.tables as tables
        inner join published.catalog.columns as columns using (table_name)
        group by tables.table_name, tables.site_column
        having own is not null or tables.site_column = ''
    """)
    return {table: own or [] for table, own in connection.execute("select table_name, own from viewer.of_patient").fetchall()}
