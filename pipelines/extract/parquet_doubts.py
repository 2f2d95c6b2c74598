"""Detects values that DuckDB reads from JSON although they do not fit the contract: an object as text; infinity; not a number.

Inspects the Parquet that DuckDB wrote. Statistics alone clear most columns (DuckDB writes none if a value is not a number): of
Observation's 107 columns, 8 are read.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_BRACKETS = (("[", "\\"), ("{", "|"))
"""Each with the character after it."""
_JSON = r'^(\[(["\[{\]\d-]|(true|false|null)[,\]])|\{"|\{\}$)'
"""How DuckDB writes the start of a JSON list or object. `[pH]` and `{score}` are UCUM units: when every `[` counted as doubtful,
each file of observations was read three times, 34 of 46 minutes of landing 100,000 patients."""


def has_doubts(path: Path) -> bool:
    """Whether any text, at any depth, begins like a JSON list or object, or any number is not finite."""
    file = pq.ParquetFile(path)
    groups = [file.metadata.row_group(group) for group in range(file.num_row_groups)]
    columns = [file.schema.column(i) for i in range(len(file.schema))]
    unsettled = [column.path for i, column in enumerate(columns) if not _is_settled(groups, i, column.physical_type)]
    if not unsettled:
        return False
    # Not `read_dictionary`: it cannot read nested text whose dictionary changes within a file, as with 2,000 patients.
    batches = file.iter_batches(columns=unsettled)
    return any(_is_doubtful(values) for batch in batches for column in batch.columns for values in _leaves(column))


def _is_settled(groups: Sequence[pq.RowGroupMetaData], i: int, kind: str) -> bool:
    """Whether the minimum and maximum of every row group exclude a doubtful value."""
    return kind not in ("BYTE_ARRAY", "DOUBLE") or all(_chunk_is_settled(group.column(i), kind) for group in groups)


def _chunk_is_settled(chunk: pq.ColumnChunkMetaData, kind: str) -> bool:
    known = chunk.statistics
    if chunk.num_values == 0 or (known and known.null_count == chunk.num_values):
        return True
    if not known or not known.has_min_max:
        return False
    if kind == "DOUBLE":
        return math.isfinite(known.min) and math.isfinite(known.max)
    return not any(known.min < after and known.max >= bracket for bracket, after in _BRACKETS)


def _leaves(values: pa.Array) -> Iterator[pa.Array]:
    """The values of a column, taken out of lists and objects."""
    if pa.types.is_list(values.type):
        yield from _leaves(values.flatten())
    elif pa.types.is_struct(values.type):
        for part in values.flatten():
            yield from _leaves(part)
    else:
        yield values


def _is_doubtful(values: pa.Array) -> bool:
    if pa.types.is_floating(values.type):
        return pc.any(pc.invert(pc.is_finite(values))).as_py() is True
    # The expression costs six times as much a value as a look at its first character.
    begins = [values.filter(pc.starts_with(values, bracket)) for bracket, _ in _BRACKETS]
    return any(pc.any(pc.match_substring_regex(found, _JSON)).as_py() is True for found in begins if len(found))
