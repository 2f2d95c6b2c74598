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

from models.contract import Contract
from models.phi import Phi
from pipelines.errors import ExtractRefused
from pipelines.extract.csv_columns import Columns
from pipelines.extract.csv_header import Header, read_header
from pipelines.extract.csv_scan import count_plain_records
from pipelines.extract.csv_sift import NUMBER, sift
from pipelines.extract.csv_values import doubts, orders_of_days, taken_otherwise, typed
from pipelines.extract.encoding import as_utf8, spoken
from pipelines.extract.preflight import LIMITS
from pipelines.extract.reading import DOUBTS, EXTRA, ROWS, Quarantine, Reading, Request
from pipelines.extract.row_checks import broken
from pipelines.sql.literals import literal

_CORRECT_OR_DESCRIBE = (
    "Correct the export and deliver it again, or say in a layout what its words, days and numbers mean: caregap layout suggest."
)
_ROWS_AT_ONCE = 100_000
_LONGEST = 4 * LIMITS.record_bytes
"""Sifting doubles quotes; DuckDB would not read a longer record."""


def read_csv(request: Request) -> Reading:
    """Read a CSV file into `rows.parquet` and `quarantine.parquet`.

    Rows have the contract's columns, the marks and `_row_number` (the row as a spreadsheet numbers it). The columns are those of
    the contract, or made of the file's as `request.layout` says. The header is the first row that names what is needed; a line
    `sep=;` above it is passed over, as spreadsheets do.
    Columns beyond these go to `extra.parquet` as text, with `_row_number`; cells that may be damaged are counted in
    `doubts.parquet` and used. Raises `ExtractRefused` if the header or the encoding is wrong, or too many rows are bad.
    """
    columns = Columns(request.contract, request.layout)
    path, encoding = as_utf8(request.path, request.scratch, columns.form.encoding)
    header = read_header(path, columns, request.limits)
    table = _Table(replace(request, path=_from_header(path, header, request.scratch)), header, columns)
    n_records = count_plain_records(table.request.path, header.delimiter, request.limits)
    if n_records is not None:
        with Quarantine(request.folder) as quarantine:
            n_read = table.copy(table.request.path, quarantine, n_records - 1)
        if n_read is not None:
            return table.reading(n_read, quarantine, encoding)
    clean = request.scratch / "sifted.csv"
    with Quarantine(request.folder) as quarantine:
        n_delivered = sift(table.request.path, clean, header, columns.is_below, quarantine, request.limits)
        n_read = table.copy(clean, quarantine, n_delivered - quarantine.n_rows, is_numbered=True)
    if n_read is None:
        raise ExtractRefused("cannot be read as CSV, although each of its records can. Report this.")
    return table.reading(n_read, quarantine, encoding)


def _from_header(path: Path, header: Header, scratch: Path) -> Path:
    """The file from its header on: a copy, where anything stands above it."""
    if not header.starts_at:
        return path
    below = scratch / "from_header.csv"
    with path.open("rb") as content, below.open("wb") as out:
        content.seek(header.starts_at)
        shutil.copyfileobj(content, out)
    return below


class _Table:
    """The rows of one file, on their way into Parquet."""

    def __init__(self, request: Request, header: Header, columns: Columns):
        self.request, self._header, self._columns = request, header, columns
        self._time_zone = columns.form.time_zone or request.time_zone

    def reading(self, n_read: int, quarantine: Quarantine, encoding: str | None) -> Reading:
        """What was read, after refusing the file if too many rows were bad."""
        header, layout = self._header, self.request.layout
        self._refuse_days_first()
        n_delivered = n_read + quarantine.n_rows
        quarantine.refuse_if_too_many(n_delivered, *([] if layout else [_CORRECT_OR_DESCRIBE]))
        said = [
            f"by layout {layout.name}" if layout else "",
            f"in {spoken(encoding)}" if encoding else "",
            f"header in row {header.row}" if header.row > 1 else "",
            f"{self._n_others:,} rows of other kinds left out" if self._n_others else "",
        ]
        read_as = ", ".join(filter(None, said))
        counts = (n_delivered, n_read, quarantine.n_rows)
        return Reading(*counts, header.extra, header.absent, read_as=read_as, n_doubts=self._n_doubts)

    def _note_orders(self, text: pl.DataFrame) -> None:
        if self._columns.form.dates == "month_first":
            for name, found in orders_of_days(text, self.request.contract, self._columns.formats).items():
                before = self._orders.get(name, (False, False, False))
                self._orders[name] = (found[0] or before[0], found[1] or before[1], found[2] or before[2])

    def _refuse_days_first(self) -> None:
        """Raise `ExtractRefused` if days stand before months: `3/4/2026`, read as 4 March, would be wrong without a word."""
        if swapped := [
            name for name, (day_first, month_first, either) in self._orders.items() if day_first and not month_first and either
        ]:
            raise ExtractRefused(
                f"writes the day before the month in {', '.join(swapped)}, as in 31/03/2026. Write it as 2026-03-31, or describe "
                'the file by a layout with dates = "day_first" (`caregap layout suggest`).'
            )

    def copy(self, path: Path, quarantine: Quarantine, n_expected: int, *, is_numbered: bool = False) -> int | None:
        """The number of valid rows written; None if DuckDB does not find exactly the expected records."""
        request, contract, header = self.request, self.request.contract, self._header
        no_rows = pl.DataFrame(schema={name: column.dtype.type for name, column in contract.fields.items()} | {NUMBER: pl.Int64})
        n_found = n_read = self._n_doubts = self._n_others = 0
        self._orders: dict[str, tuple[bool, bool, bool]] = {}
        with ExitStack() as files:
            schema = _marked(no_rows, request).schema
            few = [name for name in schema.names if _has_few_values(name, contract)]
            rows = files.enter_context(pq.ParquetWriter(request.folder / ROWS, schema, use_dictionary=few, store_schema=False))
            beside: dict[str, pq.ParquetWriter] = {}

            def put(name: str, frame: pl.DataFrame) -> None:
                table = frame.to_arrow()
                if name not in beside:
                    beside[name] = files.enter_context(pq.ParquetWriter(request.folder / name, table.schema))
                beside[name].write_table(table)

            try:
                for text in _records(request.connection, path, header, is_numbered):
                    n_found += text.height
                    rows_of_table = self._columns.rows_of(text, header.columns)
                    text = self._columns.meant(rows_of_table)
                    self._n_others += rows_of_table.height - text.height
                    if header.extra:
                        put(EXTRA, text.select(NUMBER, *header.extra))
                    filled = self._columns.filled(text, NUMBER)
                    self._note_orders(filled)
                    values, unread = typed(
                        filled, contract, self._time_zone, self._columns.form, self._columns.formats, is_bare=True
                    )
                    wrong = self._columns.with_columns_named(pl.concat([unread, broken(values, contract, unread)]))
                    quarantine.add_frame(wrong)
                    good = values.filter(~pl.col(NUMBER).is_in(wrong["row_number"].implode())) if wrong.height else values
                    n_read += good.height
                    rows.write_table(_marked(good, request).cast(rows.schema))
                    if (doubtful := pl.concat([doubts(good, contract), taken_otherwise(filled, good, contract)])).height:
                        self._n_doubts += doubtful.height
                        put(DOUBTS, doubtful)
            except (duckdb.InvalidInputException, duckdb.ConversionException):
                return None
        return n_read if n_found == n_expected else None


def _records(connection: duckdb.DuckDBPyConnection, path: Path, header: Header, is_numbered: bool) -> Iterator[pl.DataFrame]:
    """The records as text, in file order, with `_row_number`."""
    names = [*header.columns, NUMBER] if is_numbered else header.columns
    # Text as Polars holds it, so that nobody has to copy it.
    connection.execute("set produce_arrow_string_view = true; set arrow_output_version = '1.4'")
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
    first = header.row + 1
    for batch in relation.to_arrow_reader(_ROWS_AT_ONCE):
        text = pl.DataFrame(batch)
        numbers = pl.col(NUMBER).cast(pl.Int64) if is_numbered else pl.int_range(first, first + text.height).alias(NUMBER)
        first += text.height
        yield text.with_columns(numbers)


def _marked(rows: pl.DataFrame, request: Request) -> pa.Table:
    marks = [pl.lit(value).alias(name) for name, value in request.marks.items()]
    return rows.select(*request.contract.fields, *marks, NUMBER).to_arrow(compat_level=pl.CompatLevel.newest())


def _has_few_values(name: str, contract: Contract) -> bool:
    """Whether rows share values in a column, so that a dictionary saves space; of ids and names, it took half of all writing."""
    return name != NUMBER and (name not in contract.fields or contract.phi_of(name) != Phi.DIRECT)
