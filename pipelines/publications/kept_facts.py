"""Creates views in schema `raw` of facts kept from earlier publications, for later builds to compare with."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from models.landing import LANDING
from pipelines.sql.literals import literal
from pipelines.sql.types import sql_type


def show_history(connection: duckdb.DuckDBPyConnection, table: str, files: Sequence[Path]) -> None:
    """Create the view `raw.<table>` from the kept Parquet files; empty but typed if there are none.

    `table` is one of `LANDING`; every file has its columns.
    """
    fields = LANDING[table].fields
    view = f"create or replace view raw.{table} as select"
    if files:
        connection.execute(f"{view} {', '.join(fields)} from read_parquet([{', '.join(literal(str(file)) for file in files)}])")
    else:
        nothing = ", ".join(f"null::{sql_type(field.dtype.type)} as {name}" for name, field in fields.items())
        connection.execute(f"{view} {nothing} where false")
