"""What DuckDB reads from JSON though it does not fit: an object, written down as text; infinity; not a number.

Found in the Parquet that it wrote. Most columns are settled by their statistics alone (DuckDB writes none where one value is not
a number): of the 107 of Observation, 8 are read.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_BRACKETS = (("[", "\\"), ("{", "|"))
"""Each with the character after it."""
_JSON = r'^(\[(["\[{\]\d-]|(true|false|null)[,\]])|\{"|\{\}$)'
"""How a JSON list or object begins as DuckDB writes it; `[pH]` and `{score}` are units of UCUM. While every `[` was in doubt,
each file of observations was read three times: 34 of 46 minutes of landing 100,000 patients."""


def has_doubts(path: Path) -> bool:
    """True where some text, at any depth, begins as a JSON list or object does, or some number is not finite."""
    file = pq.ParquetFile(path)
    names = [file.schema.column(i).path for i in range(len(file.schema))]
    unsettled = [name for i, name in enumerate(names) if not _is_settled(file, i)]
    if not unsettled:
        return False
    # Not `read_dictionary`: it cannot read nested text whose dictionary changes within a file, as one of 2,000 patients has it.
    batches = file.iter_batches(columns=unsettled)
    return any(_is_doubtful(values) for batch in batches for column in batch.columns for values in _leaves(column))


def _is_settled(file: pq.ParquetFile, i: int) -> bool:
    """Every row group's least and greatest value leave no room for one in doubt."""
    kind = file.schema.column(i).physical_type
    return kind not in ("BYTE_ARRAY", "DOUBLE") or all(
        _chunk_is_settled(file.metadata.row_group(group).column(i), kind) for group in range(file.num_row_groups)
    )


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
    """The values of a column, out of its lists and objects."""
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
    return pc.any(pc.match_substring_regex(values, _JSON)).as_py() is True
