"""Whether a text column of a Parquet file, at any depth, holds JSON: DuckDB writes an object down as text where text is wanted."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_STARTS = (("[", "\\"), ("{", "|"))
"""A bracket, and the character after it."""


def holds_json(path: Path) -> bool:
    """True where some text begins as a JSON list or object does (`{score}`, a unit of UCUM, does not).

    Most columns are settled by their statistics alone: of Observation, 8 of 90 are read.
    """
    file = pq.ParquetFile(path)
    suspects = [name for name in _text_columns(file) if not _is_settled(file, name)]
    if not suspects:
        return False
    for batch in pq.ParquetFile(path, read_dictionary=suspects).iter_batches(columns=suspects):
        for column in batch.columns:
            for values in _leaves(column):
                if pc.any(pc.match_substring_regex(values, r'^(\[|\{"|\{\}$)')).as_py():
                    return True
    return False


def _text_columns(file: pq.ParquetFile) -> Iterator[str]:
    for i in range(len(file.schema)):
        column = file.schema.column(i)
        if column.physical_type == "BYTE_ARRAY":
            yield column.path


def _is_settled(file: pq.ParquetFile, name: str) -> bool:
    """Every row group's least and greatest text leave no room for one that starts with a bracket."""
    i = next(i for i in range(len(file.schema)) if file.schema.column(i).path == name)
    for group in range(file.num_row_groups):
        chunk = file.metadata.row_group(group).column(i)
        known = chunk.statistics
        if chunk.num_values == 0 or (known and known.null_count == chunk.num_values):
            continue
        if not known or not known.has_min_max or any(known.min < after and known.max >= start for start, after in _STARTS):
            return False
    return True


def _leaves(values: pa.Array) -> Iterator[pa.Array]:
    """The texts of a column, out of its lists and objects."""
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        yield from _leaves(values.flatten())
    elif pa.types.is_struct(values.type):
        for part in values.flatten():
            yield from _leaves(part)
    elif pa.types.is_dictionary(values.type):
        yield values.dictionary
    else:
        yield values
