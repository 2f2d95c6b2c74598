"""Reads a table that an analyst passes to a command: CSV or Parquet."""

from pathlib import Path

import polars as pl

from pipelines.errors import UsageError

_SEPARATORS = ",;\t"


def read_table(path: Path) -> pl.DataFrame:
    """The rows of a CSV file (all columns text; empty and NA are null) or of a Parquet file, in file order.

    The delimiter is the most frequent of comma, semicolon and tab in the header. Raises `UsageError` if the file is missing, of
    another format, or unreadable.
    """
    if not path.is_file():
        raise UsageError(f"{path}: not found. Give the path of a .csv or .parquet file.")
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        if path.suffix != ".csv":
            raise UsageError(f"{path}: give a .csv or a .parquet file.")
        with path.open(encoding="utf-8-sig") as lines:
            header = lines.readline()
        separator = max(_SEPARATORS, key=header.count)
        return pl.read_csv(path, separator=separator, infer_schema=False, null_values=["", "NA"])
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as {path.suffix[1:].upper()} ({type(error).__name__}).") from None
