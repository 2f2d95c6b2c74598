"""Attaches the build's file for dbt, encrypted or not: dbt's own profile would have to hold the key, or its environment.

dbt-duckdb makes one connection in memory, lets its plugins prepare it, and then attaches what the profile names: `attach if not
exists`, so that what is attached here stays. No key is in a profile, an argument, a variable of the environment or an artefact.
"""

import os
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin

from pipelines.sql.connection import attach, prepare


class Plugin(BasePlugin):
    """The name that dbt-duckdb looks for. `CAREGAP_BUILD` names the build's file, as in `profiles.yml`."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        path = Path(os.environ["CAREGAP_BUILD"])
        prepare(conn, path)
        # Every view upon a landed file plans it again: its footer read each time was a fifth of a small build's SQL.
        conn.execute("set parquet_metadata_cache = true")
        attach(conn, path, path.stem, read_only=False, is_logged=False)

    def configure_cursor(self, cursor: Any) -> None:
        """A cursor does not take over which database is in use."""
        cursor.execute(f"use {Path(os.environ['CAREGAP_BUILD']).stem}")
