"""The result of reading one file: rows, quarantined rows, and the rule for refusing a whole file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

import duckdb
import polars as pl
import pyarrow.parquet as pq

from models.contract import Contract
from models.settings.layout import Layout
from pipelines.errors import ExtractRefused
from pipelines.extract.preflight import LIMITS, Limits

ROWS, QUARANTINE, EXTRA, DOUBTS = "rows.parquet", "quarantine.parquet", "extra.parquet", "doubts.parquet"
ROW_NUMBER = "coalesce(_row_number, file_row_number + 1)"
"""SQL of the number of a row that DuckDB reads with `file_row_number`: its place, where none is stored."""

_SCHEMA = pl.Schema({"row_number": pl.Int64, "field": pl.String, "reason": pl.String})
_TOLERATED_ROWS = 10
_TOLERATED_SHARE = 0.2
_FLUSH_AT = 10_000


@dataclass(frozen=True)
class Request:
    """One delivered file to be read.

    `path` is the unpacked content; results go to `folder`, temporary files to `scratch`. `marks` are written on every row
    unchanged. `connection` is a DuckDB session of its own, in UTC; `time_zone` is the practice's, for instants without an
    offset. `contracts` are those of all rows that the file may hold, if its format holds those of several extracts. `layout`: how
    the file's columns are to be read, where they are not the contract's. `modifier_extensions`: those of FHIR that the practice
    knows to change nothing that is read. `is_synthetic`: what is test data by its own tag is read like the rest.
    """

    connection: duckdb.DuckDBPyConnection
    path: Path
    contract: Contract
    folder: Path
    scratch: Path
    marks: dict[str, str]
    time_zone: str
    limits: Limits = LIMITS
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    layout: Layout | None = None
    modifier_extensions: frozenset[str] = frozenset()
    is_synthetic: bool = False

    def of(self, contract: Contract) -> "Request":
        """The request for the part of the file that holds rows of a contract; another than the file's has a folder in its own."""
        if contract.name == self.contract.name:
            return self
        folder = self.folder / contract.name
        folder.mkdir(exist_ok=True)
        return replace(self, contract=contract, folder=folder)


@dataclass(frozen=True)
class Reading:
    """A file that was read: `n_delivered` = `n_read` + `n_quarantined`.

    `extra_columns` were delivered beyond the contract and are stored beside the rows; `absent_columns` are optional by the
    contract and were not delivered. `parts`, of a file that holds rows of several extracts: the reading of each, whose files are
    in a folder of its name. `read_as`: what was found and is not plain (layout, encoding, row of the header, sheet), in words.
    `n_doubts`: cells in `doubts.parquet`, which are used as they are. `unread`: how many rows of each kind that is not read.
    `is_change`: a row is a change, and what it leaves empty stays what earlier rows of its key said; an empty text or list
    deletes it. `denied`: the versions of FHIR, other than R4, of which it is not.
    """

    n_delivered: int
    n_read: int
    n_quarantined: int
    extra_columns: list[str] = field(default_factory=list)
    absent_columns: list[str] = field(default_factory=list)
    parts: dict[str, "Reading"] = field(default_factory=dict)
    read_as: str = ""
    n_doubts: int = 0
    unread: dict[str, int] = field(default_factory=dict)
    is_change: bool = False
    denied: list[str] = field(default_factory=list)


class Quarantine:
    """Writes `quarantine.parquet`: one row per quarantined row and wrong field.

    Columns `row_number` (line or record of the file, from 1), `field` (null: the whole row) and `reason` in words, without the
    value. Memory is bounded: rows are written as they arrive.
    """

    def __init__(self, folder: Path):
        self._waiting: list[tuple[int, str | None, str]] = []
        self._writer = pq.ParquetWriter(folder / QUARANTINE, pl.DataFrame(schema=_SCHEMA).to_arrow().schema)
        self.n_rows = 0
        self.first = ""

    def __enter__(self) -> "Quarantine":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._flush()
        self._writer.close()

    def add(self, row_number: int, field: str | None, reason: str) -> None:
        """Quarantine one row."""
        self._note(row_number, field, reason)
        self.n_rows += 1
        self._waiting.append((row_number, field, reason))
        if len(self._waiting) >= _FLUSH_AT:
            self._flush()

    def add_frame(self, failures: pl.DataFrame) -> None:
        """Quarantine the rows of a frame that has this table's columns; a row may occur once per wrong field."""
        if failures.height:
            self._note(*failures.row(0))
        self.n_rows += failures["row_number"].n_unique()
        self._writer.write_table(failures.select(_SCHEMA.names()).cast(_SCHEMA).to_arrow())

    def refuse_if_too_many(self, n_delivered: int, *to_do: str) -> None:
        """As `refuse_if_too_many` below, of a file that has one quarantine."""
        refuse_if_too_many([self], n_delivered, *to_do)

    def _note(self, row_number: int, field: str | None, reason: str) -> None:
        self.first = self.first or f"row {row_number}{f', {field}' if field else ''} {reason}"

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pl.DataFrame(self._waiting, schema=_SCHEMA, orient="row").to_arrow())
            self._waiting.clear()


def refuse_if_too_many(
    quarantines: Iterable[Quarantine], n_delivered: int, to_do: str = "Correct the export and deliver it again."
) -> None:
    """Raise `ExtractRefused` if more than 10 rows and more than a fifth of the file, or all of it, were quarantined.

    That many bad rows are not damage but a misunderstanding: another layout, version or system.
    """
    bad = [quarantine for quarantine in quarantines if quarantine.n_rows]
    n_bad = sum(quarantine.n_rows for quarantine in bad)
    if n_bad > max(_TOLERATED_ROWS, _TOLERATED_SHARE * n_delivered) or 0 < n_delivered == n_bad:
        raise ExtractRefused(
            f"has {n_bad:,} bad rows of {n_delivered:,}, too many to trust the others; the first: {bad[0].first}. {to_do}"
        )
