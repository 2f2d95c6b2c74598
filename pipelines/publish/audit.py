"""The last check before the swap: the written files equal the build, are closed, and contain nothing else."""

from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb

from models.contract import Contract
from models.published import PUBLISHED
from pipelines.errors import ChecksFailed
from pipelines.publish.catalog import DICTIONARY
from pipelines.publish.selection import Selection
from pipelines.sql.connection import attach, open_file
from pipelines.warehouse.build import Build


def audit(build: Build, files: Mapping[Path, Callable[[Contract], Selection]]) -> None:
    """Open each written file as a reader would, and compare it with the contracts and the build.

    `files` maps a file to the function that returns what it holds of a contract's table. Raises `ChecksFailed` naming each
    file and table if a table is missing or unexpected, columns differ, rows were lost, or a `.wal` was left (readers would then
    see an older state).
    """
    problems = []
    for path, selection_of in files.items():
        if path.with_name(f"{path.name}.wal").exists():
            problems.append(f"{path.name}: a write-ahead log was left")
        selections = {table: selection_of(contract) for table, contract in PUBLISHED.items()}
        expected = {table: selection for table, selection in selections.items() if selection.columns}
        with open_file(path, read_only=True) as connection:
            written = _columns(connection)
            attach(connection, build.warehouse, "build")
            for table in sorted(written.keys() | expected.keys()):
                selection = expected.get(table, Selection({}))
                if written.get(table) != list(selection.columns):
                    problems.append(f"{path.name} {table}: its columns are not those of its contract")
                elif _count(connection, table) != _count(connection, f"build.{table}{selection.condition}"):
                    problems.append(f"{path.name} {table}: rows were lost on the way from the build")
    if problems:
        raise ChecksFailed("\n  ".join(["The written files differ from the build; nothing was published.", *problems]))


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    rows = connection.execute(
        "select schema_name || '.' || table_name, list(column_name order by column_index) from duckdb_columns() "
        "where not internal and database_name = current_database() group by all"
    ).fetchall()
    return {table: columns for table, columns in rows if table not in DICTIONARY}


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return connection.execute(f"select count(*) from {table}").fetchall()[0][0]
