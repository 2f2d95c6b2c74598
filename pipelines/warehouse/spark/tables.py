"""Tables of a build's file in Spark, as Parquet."""

from pathlib import Path
from threading import RLock
from typing import Any

from pipelines.sql.connection import open_file
from pipelines.sql.literals import literal


class Tables:
    """The tables of a build that a Spark session knows. `warehouse`: the build's file; `folder`: of their Parquet, in clear."""

    def __init__(self, spark: Any, warehouse: Path, folder: Path) -> None:
        self.spark = spark
        self._warehouse, self._folder = warehouse, folder
        self._lock = RLock()
        self._there: set[tuple[str, str]] = set()

    def bring(self, schema: str, name: str) -> None:
        """Have a table in Spark, as the build's file has it, under the same name."""
        with self._lock:
            if (schema, name) in self._there:
                return
            file = self._folder / "brought" / schema / f"{name}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            with open_file(self._warehouse, read_only=True) as connection:
                connection.execute("set TimeZone = 'UTC'")
                connection.execute(f"copy (select * from {schema}.{name}) to {literal(str(file))} (format parquet)")
            self.spark.sql(f"create schema if not exists {schema}")
            self.spark.sql(f"create table {schema}.{name} using parquet location {literal(str(file))}")
            self._there.add((schema, name))
