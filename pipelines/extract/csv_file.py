"""Reads a CSV file: its records into Parquet, each cell as its contract's type, each row checked against its contract.

The fast way trusts a file that proves itself plain: DuckDB reads it strictly as text while a scan counts its records
(`csv_scan.py`), and both agree. Anything else goes the slow way (`csv_sift.py`), in which every record is judged.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import ExtractRefused
from pipelines.extract.csv_header import Header, read_header
from pipelines.extract.csv_scan import count_plain_records
from pipelines.extract.csv_sift import NUMBER, sift
from pipelines.extract.csv_values import typed
from pipelines.extract.preflight import LIMITS
from pipelines.extract.reading import EXTRA, ROWS, Quarantine, Reading, Request
from pipelines.extract.row_checks import broken
from pipelines.sql.literals import literal

_ROWS_AT_ONCE = 100_000
_LONGEST = 4 * LIMITS.record_bytes
"""Sifting doubles quotes; beyond this DuckDB would not read a record."""


def read_csv(request: Request) -> Reading:
    """Read a CSV file into `rows.parquet` and `quarantine.parquet`.

    Rows have the contract's columns, the marks and `_row_number` (the row as a spreadsheet numbers it: the header is 1).
    Columns beyond the contract go to `extra.parquet` as text, with `_row_number`. Raises `ExtractRefused` where the header or
    the encoding is not right, or too many rows are bad.
    """
    header = read_header(request.path, request.contract, request.limits)
    n_records = count_plain_records(request.path, header.delimiter, request.limits)
    if n_records is not None:
        with Quarantine(request.folder) as quarantine:
            n_read = _copy(request, request.path, header, quarantine, n_records - 1)
        if n_read is not None:
            return _reading(header, n_read, quarantine)
    clean = request.scratch / "sifted.csv"
    with Quarantine(request.folder) as quarantine:
        n_delivered = sift(request.path, clean, header, quarantine, request.limits)
        n_read = _copy(request, clean, header, quarantine, n_delivered - quarantine.n_rows, is_numbered=True)
    if n_read is None:
        raise ExtractRefused("does not read as CSV, though every record of it does. Report this.")
    return _reading(header, n_read, quarantine)


def _reading(header: Header, n_read: int, quarantine: Quarantine) -> Reading:
    n_delivered = n_read + quarantine.n_rows
    quarantine.refuse_if_too_many(n_delivered)
    return Reading(n_delivered, n_read, quarantine.n_rows, header.extra, header.absent)


def _copy(
    request: Request, path: Path, header: Header, quarantine: Quarantine, n_expected: int, *, is_numbered: bool = False
) -> int | None:
    """How many rows kept their contract and were written; None where DuckDB does not find just the records that it should."""
    contract = request.contract
    no_rows = pl.DataFrame(schema={name: column.dtype.type for name, column in contract.fields.items()} | {NUMBER: pl.Int64})
    n_found = n_read = 0
    with ExitStack() as files:
        rows = files.enter_context(pq.ParquetWriter(request.folder / ROWS, _marked(no_rows, request).schema))
        extra = None
        try:
            for text in _records(request.connection, path, header, is_numbered):
                n_found += text.height
                text = text.filter(_holds_anything(header))
                if header.extra:
                    aside = text.select(NUMBER, *header.extra).to_arrow()
                    extra = extra or files.enter_context(pq.ParquetWriter(request.folder / EXTRA, aside.schema))
                    extra.write_table(aside)
                text = text.with_columns(pl.lit(None, pl.String).alias(name) for name in header.absent)
                values, unread = typed(text.select(*contract.fields, NUMBER), contract, request.time_zone)
                wrong = pl.concat([unread, broken(values, contract, unread)])
                quarantine.add_frame(wrong)
                good = values.filter(~pl.col(NUMBER).is_in(wrong["row_number"].implode()))
                n_read += good.height
                rows.write_table(_marked(good, request).cast(rows.schema))
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            return None
    return n_read if n_found == n_expected else None


def _records(connection: duckdb.DuckDBPyConnection, path: Path, header: Header, is_numbered: bool) -> Iterator[pl.DataFrame]:
    """The records as text, in their order, with `_row_number`."""
    names = [*header.columns, NUMBER] if is_numbered else header.columns
    relation = connection.sql(
        f"""
        select * from read_csv(
            {literal(str(path))},
            auto_detect = false, header = true, delim = {literal(header.delimiter)}, quote = '"', escape = '"',
            columns = {{{", ".join(f"{literal(name)}: 'varchar'" for name in names)}}},
            strict_mode = true, null_padding = false, max_line_size = {_LONGEST}
        )
        """
    )
    first = 2
    for batch in relation.to_arrow_reader(_ROWS_AT_ONCE):
        text = pl.from_arrow(batch)
        numbers = pl.col(NUMBER).cast(pl.Int64) if is_numbered else pl.int_range(first, first + text.height).alias(NUMBER)
        first += text.height
        yield text.with_columns(numbers)


def _holds_anything(header: Header) -> pl.Expr:
    """Spreadsheets write rows of nothing but delimiters below a table; they are no rows."""
    return pl.any_horizontal(pl.col(header.columns).str.strip_chars() != "")


def _marked(rows: pl.DataFrame, request: Request) -> pa.Table:
    marks = [pl.lit(value).alias(name) for name, value in request.marks.items()]
    return rows.select(*request.contract.fields, *marks, NUMBER).to_arrow()
