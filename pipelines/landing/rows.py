"""Rows that have landed, as SQL.

A row's `_row_number` is stored only where it is not its place in its Parquet file: DuckDB numbers rows with one thread, and that
took a quarter of the CPU time of landing encounters.
"""

from collections.abc import Iterable
from pathlib import Path

from pipelines.extract.reading import ROW_NUMBER
from pipelines.sql.parquet import rows_of, united_by_name


def landed_rows(forms: Iterable[Iterable[Path | str]], *options: str) -> str:
    """SQL that reads the rows of landed `rows.parquet`, each with its `_row_number`.

    `forms` are the files that have the same columns, group by group; `options` as DuckDB names them.
    """
    return united_by_name(_numbered(rows_of(files, "file_row_number = true", *options)) for files in forms)


def _numbered(rows: str) -> str:
    return f"(select * exclude (file_row_number) replace ({ROW_NUMBER} as _row_number) from {rows})"
