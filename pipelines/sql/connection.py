"""Opens DuckDB files."""

from pathlib import Path

import duckdb


def open_file(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """An open connection with time zone UTC (otherwise a date without time takes the machine's zone). Close it soon."""
    connection = duckdb.connect(str(path), read_only=read_only)
    connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
    return connection
