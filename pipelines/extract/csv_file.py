"""Reads a CSV file: its records into Parquet, each cell as its contract's type, each row checked against its contract.

The fast way trusts a file that proves itself plain: DuckDB reads it strictly as text while a scan counts its records
(`csv_scan.py`), and both agree. Anything else goes the slow way (`csv_sift.py`), in which every record is judged.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq

from models.contract import Contract
from pipelines.errors import ExtractRefused
from pipelines.extract.csv_header import Header, read_header
from pipelines.extract.csv_scan import count_plain_records
from pipelines.extract.csv_sift import NUMBER, sift
from pipelines.extract.csv_values import typed
from pipelines.extract.preflight import LIMITS, Limits
from pipelines.extract.reading import EXTRA, ROWS, Quarantine, Reading
from pipelines.extract.row_checks import broken
from pipelines.sql_type import literal

_ROWS_AT_ONCE = 100_000


def read_csv(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    contract: Contract,
    folder: Path,
    scratch: Path,
    marks: dict[str, str],
    time_zone: str,
    limits: Limits = LIMITS,
) -> Reading:
    """Read an uncompressed CSV file into `rows.parquet` and `quarantine.parquet` of `folder`; `scratch` is for what is not kept.

    Rows have the contract's columns, `marks` as constant columns and `_row_number` (the row as a spreadsheet numbers it: the
    header is 1). Columns beyond the contract go to `extra.parquet` as text, with `_row_number`. Raises `ExtractRefused`
    where the header or the encoding is not right, or too many rows are bad.
    """
    header = read_header(path, contract, limits)
    n_records = count_plain_records(path, header.delimiter, limits)
    if n_records is not None:
        reading = _read(connection, path, header, contract, folder, marks, time_zone, limits, n_delivered=n_records - 1)
        if reading:
            return reading
    clean = scratch / "sifted.csv"
    reading = _read(connection, path, header, contract, folder, marks, time_zone, limits, clean=clean)
    if not reading:
        raise ExtractRefused("does not read as CSV, though every record of it does. Report this.")
    return reading


def _read(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    header: Header,
    contract: Contract,
    folder: Path,
    marks: dict[str, str],
    time_zone: str,
    limits: Limits,
    *,
    n_delivered: int = 0,
    clean: Path | None = None,
) -> Reading | None:
    """None where DuckDB does not find every record that it should. With `clean`, the file is sifted into that first."""
    n_seen = n_read = 0
    with Quarantine(folder) as quarantine, ExitStack() as open_files:
        if clean:
            n_delivered = sift(path, clean, header, quarantine, limits)
            quarantine.refuse_if_too_many(n_delivered)
        n_sifted_out = quarantine.n_rows
        rows = open_files.enter_context(pq.ParquetWriter(folder / ROWS, _schema(contract, marks)))
        extra = None
        try:
            for text in _batches(connection, clean or path, header, limits, is_numbered=clean is not None):
                n_seen += text.height
                text = text.filter(pl.any_horizontal(pl.col(header.columns).str.strip_chars() != ""))
                if header.extra:
                    aside = text.select(NUMBER, *header.extra).to_arrow()
                    extra = extra or open_files.enter_context(pq.ParquetWriter(folder / EXTRA, aside.schema))
                    extra.write_table(aside)
                text = text.with_columns(pl.lit(None, pl.String).alias(name) for name in header.absent)
                values, unread = typed(text.select(*contract.fields, NUMBER), contract, time_zone)
                wrong = pl.concat([unread, broken(values, contract, unread)])
                quarantine.add_frame(wrong)
                good = values.filter(~pl.col(NUMBER).is_in(wrong["row_number"].implode())) if wrong.height else values
                n_read += good.height
                rows.write_table(_with_marks(good, contract, marks).to_arrow().cast(rows.schema))
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            return None
        if n_seen + n_sifted_out != n_delivered:
            return None
        n_delivered = n_read + quarantine.n_rows
        quarantine.refuse_if_too_many(n_delivered)
    return Reading(n_delivered, n_read, quarantine.n_rows, header.extra, header.absent)


def _batches(
    connection: duckdb.DuckDBPyConnection, path: Path, header: Header, limits: Limits, *, is_numbered: bool
) -> Iterator[pl.DataFrame]:
    """The records as text, in their order, with `_row_number`."""
    names = [*header.columns, NUMBER] if is_numbered else header.columns
    relation = connection.sql(
        f"""
        select * from read_csv(
            {literal(str(path))}, auto_detect = false, header = true, delim = {literal(header.delimiter)}, quote = '"', escape = '"',
            columns = {{{", ".join(f"{literal(name)}: 'varchar'" for name in names)}}},
            strict_mode = true, null_padding = false, max_line_size = {4 * limits.record_bytes}
        )
        """
    )
    first = 2
    for batch in relation.to_arrow_reader(_ROWS_AT_ONCE):
        text = pl.from_arrow(batch)
        numbers = pl.col(NUMBER).cast(pl.Int64) if is_numbered else pl.int_range(first, first + text.height).alias(NUMBER)
        first += text.height
        yield text.with_columns(numbers)


def _schema(contract: Contract, marks: dict[str, str]):
    return (
        _with_marks(
            pl.DataFrame(schema={name: column.dtype.type for name, column in contract.fields.items()} | {NUMBER: pl.Int64}),
            contract,
            marks,
        )
        .to_arrow()
        .schema
    )


def _with_marks(rows: pl.DataFrame, contract: Contract, marks: dict[str, str]) -> pl.DataFrame:
    return rows.select(*contract.fields, *(pl.lit(value).alias(name) for name, value in marks.items()), pl.col(NUMBER))
