"""How a DuckDB file is opened here."""

from pathlib import Path

import duckdb


def open_file(path: Path, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """An open connection with UTC as its zone (else a date without a time takes the zone of the machine). Close it soon."""
    connection = duckdb.connect(str(path), read_only=read_only)
    connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
    return connection
