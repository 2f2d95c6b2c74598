"""Tables of a build in Spark: those that dbt makes there, and those that the build's file has."""

from collections.abc import Iterable, Set
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any

import duckdb

from models.published import PUBLISHED
from pipelines.errors import ChecksFailed, without_values
from pipelines.sql.connection import open_file
from pipelines.sql.literals import literal
from pipelines.sql.types import sql_type
from pipelines.warehouse.spark.transpile import made_by, read, tables_of, to_spark

OWN_WORDS = ("show ", "describe ", "create schema ")
"""How the statements begin that dbt-spark writes itself, in Spark's dialect."""


class Tables:
    """The tables of a build that a Spark session knows.

    `warehouse`: the build's file; `folder`: of their Parquet, in clear; `kept`: the tables, as `schema.name`, that go back into
    the file.
    """

    def __init__(self, spark: Any, warehouse: Path, folder: Path, kept: Set[str] = frozenset()) -> None:
        self.spark = spark
        self._warehouse, self._folder, self._kept = warehouse, folder, kept
        self._lock = RLock()
        self._there: set[tuple[str, str]] = set()
        self._numbers = count()
        self._made: list[tuple[str, str]] = []

    def bring(self, schema: str, name: str) -> None:
        """Have a table in Spark, as the build's file has it, under the same name."""
        with self._lock:
            if (schema, name) in self._there:
                return
            file = self._folder / "brought" / schema / f"{name}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            with open_file(self._warehouse, read_only=True) as connection:
                connection.execute(f"copy (select * from {schema}.{name}) to {literal(str(file))} (format parquet)")
            self.spark.sql(f"create schema if not exists {schema}")
            self.spark.sql(f"create table {schema}.{name} using parquet location {literal(file.as_uri())}")
            self._there.add((schema, name))

    def answer(self, sql: str) -> Any:
        """What Spark answers to a statement in DuckDB's dialect, as a frame. The tables that it reads are brought."""
        if sql.lstrip().lower().startswith(OWN_WORDS):
            return self.spark.sql(sql)
        tree = read(sql)
        made = made_by(tree)
        for schema, name in tables_of(tree):
            self.bring(schema, name)
        written = to_spark(tree, lambda query: self.spark.sql(query).columns, self._keep)
        frame = self.spark.sql(written)
        if made:
            with self._lock:
                self._there.add(made)
                self._made.append(made)
        return frame

    def _keep(self, query: str) -> str:
        """A table of a query's rows, by a name of its own."""
        self.spark.sql("create schema if not exists kept")
        name = f"kept.rows_{next(self._numbers)}"
        self.spark.sql(f"create table {name} as {query}")
        return name

    def give_back(self) -> None:
        """Write the kept tables that were made here into the build's file, those with a contract in its types.

        Raises `ChecksFailed` where a required field has no value.
        """
        with open_file(self._warehouse) as connection:
            for schema, name in self._made:
                if f"{schema}.{name}" in self._kept:
                    _take(connection, f"{schema}.{name}", (self._folder / f"{schema}.db" / name).glob("*.parquet"))


def _take(connection: duckdb.DuckDBPyConnection, table: str, files: Iterable[Path]) -> None:
    """Make a table of the rows of Parquet files."""
    connection.execute(f"create schema if not exists {table.partition('.')[0]}")
    rows = f"select * from read_parquet([{', '.join(literal(str(file)) for file in files)}])"
    if table not in PUBLISHED:
        connection.execute(f"create or replace table {table} as {rows}")
        return
    fields = PUBLISHED[table].fields.items()
    columns = [f"{name} {sql_type(one.dtype.type)}{'' if one.nullable else ' not null'}" for name, one in fields]
    connection.execute(f"create or replace table {table} ({', '.join(columns)})")
    try:
        connection.execute(f"insert into {table} by name {rows}")
    except duckdb.Error as error:
        raise ChecksFailed(f"{table}: {without_values(str(error))}. Nothing was published.") from None
