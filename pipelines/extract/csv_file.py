"""Reads a CSV file into Parquet: cells get their contract's types, and each row is checked against the contract.

The fast path is for plain files: DuckDB reads the file strictly as text, a scan (`csv_scan.py`) counts its records, and both must
agree. All other files take the slow path (`csv_sift.py`), which checks every record.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.errors import ExtractRefused
from pipelines.extract.csv_header import Header, read_header, separator_line
from pipelines.extract.csv_scan import count_plain_records
from pipelines.extract.csv_sift import NUMBER, sift
from pipelines.extract.csv_values import typed
from pipelines.extract.preflight import LIMITS
from pipelines.extract.reading import EXTRA, ROWS, Quarantine, Reading, Request
from pipelines.extract.row_checks import broken
from pipelines.sql.literals import literal

_ROWS_AT_ONCE = 100_000
_LONGEST = 4 * LIMITS.record_bytes
"""Sifting doubles quotes; DuckDB would not read a longer record."""
_LONGEST_SEPARATOR_LINE = 32


def read_csv(request: Request) -> Reading:
    """Read a CSV file into `rows.parquet` and `quarantine.parquet`.

    Rows have the contract's columns, the marks and `_row_number` (the row as a spreadsheet numbers it: the header is 1). A line
    `sep=;` above the header is passed over, as spreadsheets do.
    Columns beyond the contract go to `extra.parquet` as text, with `_row_number`. Raises `ExtractRefused` if the header or the
    encoding is wrong, or too many rows are bad.
    """
    request = _below_separator_line(request)
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
        raise ExtractRefused("cannot be read as CSV, although each of its records can. Report this.")
    return _reading(header, n_read, quarantine)


def _below_separator_line(request: Request) -> Request:
    """The request for the file from its header on: a copy, where a line `sep=;` stands above it."""
    with request.path.open("rb") as content:
        length = separator_line(content.read(_LONGEST_SEPARATOR_LINE))
        if not length:
            return request
        content.seek(length)
        below = request.scratch / "below_separator_line.csv"
        with below.open("wb") as out:
            shutil.copyfileobj(content, out)
    return replace(request, path=below)


def _reading(header: Header, n_read: int, quarantine: Quarantine) -> Reading:
    n_delivered = n_read + quarantine.n_rows
    quarantine.refuse_if_too_many(n_delivered)
    return Reading(n_delivered, n_read, quarantine.n_rows, header.extra, header.absent)


def _copy(
    request: Request, path: Path, header: Header, quarantine: Quarantine, n_expected: int, *, is_numbered: bool = False
) -> int | None:
    """The number of valid rows written; None if DuckDB does not find exactly the expected records."""
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
    """The records as text, in file order, with `_row_number`."""
    names = [*header.columns, NUMBER] if is_numbered else header.columns
    relation = connection.sql(
        f"""
        select * from read_csv(
            {literal(str(path))},
            auto_detect = false, compression = 'none',
            header = true, delim = {literal(header.delimiter)}, quote = '"', escape = '"',
            columns = {{{", ".join(f"{literal(name)}: 'varchar'" for name in names)}}},
            strict_mode = true, null_padding = false, max_line_size = {_LONGEST}
        )
        """
    )
    first = 2
    for batch in relation.to_arrow_reader(_ROWS_AT_ONCE):
        text = pl.DataFrame(batch)
        numbers = pl.col(NUMBER).cast(pl.Int64) if is_numbered else pl.int_range(first, first + text.height).alias(NUMBER)
        first += text.height
        yield text.with_columns(numbers)


def _holds_anything(header: Header) -> pl.Expr:
    """Whether a row has any value: spreadsheets write rows of delimiters only below a table, and these do not count."""
    return pl.any_horizontal(pl.col(header.columns).str.strip_chars() != "")


def _marked(rows: pl.DataFrame, request: Request) -> pa.Table:
    marks = [pl.lit(value).alias(name) for name, value in request.marks.items()]
    return rows.select(*request.contract.fields, *marks, NUMBER).to_arrow()
