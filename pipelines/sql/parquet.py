"""Parquet in a home: read and written by DuckDB alone, encrypted where the home is.

Arrow's encrypted Parquet is not read here: DuckDB 1.5.5 does not verify the place of a module, which Arrow signs, and fails.
"""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipelines.keys import key_for, key_of
from pipelines.sql.connection import hand_over, load_cipher
from pipelines.sql.literals import literal


def rows_of(files: Iterable[Path | str], *options: str) -> str:
    """SQL that reads the rows of Parquet files of one folder, which its key encrypts or none; `options` as DuckDB names them.

    The connection is one of `pipelines/sql/connection.py`, which has the keys. The text holds the key's name alone.
    """
    paths = [Path(file) for file in files]
    key = key_of(paths[0]) if paths else None
    named = [f"encryption_config = {{footer_key: {literal(key.place)}}}"] if key else []
    return f"read_parquet([{', '.join(literal(str(path)) for path in paths)}]{''.join(f', {one}' for one in (*options, *named))})"


def united_by_name(sources: Iterable[str]) -> str:
    """SQL that reads the rows of sources which do not all have the same columns.

    DuckDB 1.5.5 crashes where it unites encrypted Parquet by name itself (issue 21508 of duckdb/duckdb), so SQL does.
    """
    each = list(sources)
    return each[0] if len(each) == 1 else f"({' union all by name '.join(f'select * from {one}' for one in each)})"


def write_rows(connection: duckdb.DuckDBPyConnection, query: str, path: Path, *options: str) -> None:
    """Write the rows of a query to a Parquet file of a home."""
    key = key_for(path)
    if key:
        load_cipher(connection)
        hand_over(connection, [key])
    named = [f"encryption_config {{footer_key: {literal(key.place)}}}"] if key else []
    connection.execute(f"copy ({query}) to {literal(str(path))} ({', '.join(['format parquet', *options, *named])})")
