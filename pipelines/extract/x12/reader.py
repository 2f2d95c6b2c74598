"""Reads an X12 file into Parquet: a row a transaction, and the rows of billing's extracts that its transactions hold.

A transaction that cannot be read, or of which one row breaks its contract, is quarantined as a whole: an 835 of which a claim was
left out would not balance. All that is in memory are the rows since the last time that they were written.
"""

import gc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from models.contract import Contract
from pipelines.extract.description import Description
from pipelines.extract.reading import ROWS, Quarantine, Reading, Request
from pipelines.extract.row_checks import broken
from pipelines.extract.x12.acknowledgments import Acknowledgments
from pipelines.extract.x12.claims import Claims
from pipelines.extract.x12.payments import Payments
from pipelines.extract.x12.rows import COLUMNS, Add, ClaimRows, PaymentRows, SubmissionRows, changed_at, day, digest
from pipelines.extract.x12.transactions import (
    ACKNOWLEDGMENT,
    INSTITUTIONAL,
    PROFESSIONAL,
    REMITTANCE,
    Body,
    Transaction,
    at,
    read_transactions,
)
from pipelines.extract.x12.values import typed

TRANSACTIONS = "x12_transactions"
_NUMBER = "_row_number"
_ROWS_AT_ONCE = 50_000


class X12Files:
    """The X12 files of one source. No file describes another; the time of the export is in its name or its folder's."""

    about: frozenset[Path] = frozenset()

    def describe(self, path: Path) -> Description:
        return Description(TRANSACTIONS)


def read_x12(request: Request) -> Reading:
    """Read a file into `rows.parquet` and `quarantine.parquet` of its transactions, and `<extract>/rows.parquet` of their rows.

    `_row_number` of a transaction is the number of its ST among the segments of the file; that of other rows their place among
    the rows of their extract. Raises `ExtractRefused` if too many transactions are bad.
    """
    with ExitStack() as files:
        quarantine = files.enter_context(Quarantine(request.folder))
        out = _Out(request, quarantine, files)
        with request.path.open("rb") as content, _without_collector():
            for transaction in read_transactions(content, out.begin):
                out.end(transaction)
        out.write()
    out.drop_given_up()
    n_delivered = out.n_transactions
    quarantine.refuse_if_too_many(n_delivered)
    parts = {name: Reading(part.n_rows, part.n_rows, 0) for name, part in out.parts.items() if part.n_rows}
    return Reading(n_delivered, n_delivered - quarantine.n_rows, quarantine.n_rows, parts=parts)


def body_of(transaction: Transaction, add: Add, time_zone: ZoneInfo) -> Body | None:
    """What reads a transaction and adds its rows; None for a kind that is not read."""
    if transaction.kind in (PROFESSIONAL, INSTITUTIONAL):
        claim_rows = ClaimRows(transaction, add, time_zone)
        claims = Claims(transaction, lambda claim: claim_rows.take(claim, claims.bht))
        return claims
    if transaction.kind == REMITTANCE:
        payment_rows = PaymentRows(transaction, add, time_zone)
        return Payments(transaction, payment_rows.take, payment_rows.adjust)
    if transaction.kind == ACKNOWLEDGMENT:
        return Acknowledgments(transaction, SubmissionRows(transaction, add, time_zone).take)
    return None


@contextmanager
def _without_collector() -> Iterator[None]:
    """Without Python's cyclic garbage collector: nothing here refers to itself, and looking for it took a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@dataclass
class _Begun:
    """A transaction whose rows are not all written: its body, and the number of its first row in each extract."""

    transaction: Transaction
    body: Body | None
    first: dict[str, int]
    is_over: bool = False


@dataclass
class _Part:
    """The rows of one extract: those that wait with the transaction of each, the file, and spans in it that were given up."""

    contract: Contract
    columns: tuple[str, ...]
    path: Path
    waiting: list[tuple[str | None, ...]] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    n_given: int = 0
    n_rows: int = 0
    writer: pq.ParquetWriter | None = None
    given_up: list[tuple[int, int]] = field(default_factory=list)


class _Out:
    """Collects rows, and writes them some ten thousand at a time."""

    def __init__(self, request: Request, quarantine: Quarantine, files: ExitStack):
        self._request, self._quarantine, self._files = request, quarantine, files
        self._time_zone = ZoneInfo(request.time_zone)
        self.n_transactions = 0
        self.parts = {
            name: _Part(request.contracts[name], columns, request.folder / name / ROWS) for name, columns in COLUMNS.items()
        }
        self._transactions = _Part(request.contract, tuple(request.contract.fields), request.folder / ROWS)
        self._begun: dict[int, _Begun] = {}
        self._now = 0
        self._n_waiting = 0
        self._write(self._transactions, frozenset())

    def begin(self, transaction: Transaction) -> Body | None:
        self._now = transaction.number
        begun = _Begun(transaction, None, {name: part.n_given for name, part in self.parts.items()})
        self._begun[transaction.number] = begun
        begun.body = body_of(transaction, self._add, self._time_zone)
        return begun.body

    def _add(self, extract: str, row: tuple[str | None, ...]) -> None:
        part = self.parts[extract]
        part.waiting.append(row)
        part.owners.append(self._now)
        part.n_given += 1
        self._n_waiting += 1
        if self._n_waiting >= _ROWS_AT_ONCE:
            self.write()

    def end(self, transaction: Transaction) -> None:
        self.n_transactions += 1
        begun = self._begun.setdefault(transaction.number, _Begun(transaction, None, {}))
        begun.is_over = True
        self._n_waiting += 1
        if self._n_waiting >= _ROWS_AT_ONCE:
            self.write()

    def write(self) -> None:
        """Write the rows that wait, without those of transactions that are given up, and settle transactions that are over."""
        frames = {name: self._checked(part) for name, part in self.parts.items() if part.waiting}
        bad = frozenset(number for number, begun in self._begun.items() if begun.transaction.failure)
        for name, part in self.parts.items():
            for number in bad:
                self._give_up(part, self._begun[number].first.get(name, part.n_given))
            if name in frames:
                self._write(part, bad, frames[name])
        over = [begun for begun in self._begun.values() if begun.is_over]
        for begun in over:
            del self._begun[begun.transaction.number]
            if begun.transaction.failure:
                self._quarantine_whole(begun.transaction)
            else:
                self._transactions.waiting.append(self._row(begun))
                self._transactions.owners.append(begun.transaction.first_segment)
        if self._transactions.waiting:
            self._write(self._transactions, frozenset(), self._checked(self._transactions, is_numbered=True))
        self._n_waiting = 0

    def _checked(self, part: _Part, *, is_numbered: bool = False) -> pl.DataFrame:
        """The waiting rows with the contract's types. A row that breaks its contract is the failure of its transaction."""
        text = pl.DataFrame(part.waiting, schema=dict.fromkeys(part.columns, pl.String), orient="row")
        first = part.n_given - len(part.waiting) + 1
        numbers = pl.Series(part.owners) if is_numbered else pl.int_range(first, first + text.height, eager=True)
        empty = [pl.lit(None, pl.String).alias(name) for name in part.contract.fields if name not in part.columns]
        text = text.with_columns(*empty, numbers.cast(pl.Int64).alias(_NUMBER))
        values, unread = typed(text, part.contract)
        for number, name, reason in (
            pl.concat([unread, broken(values, part.contract, unread)]).unique().sort(pl.all()).iter_rows()
        ):
            begun = None if is_numbered else self._begun[part.owners[number - first]]
            if begun and begun.transaction.failure is None:
                begun.transaction.failure = (begun.transaction.first_segment, f"{part.contract.name}.{name}", reason)
        return values

    def _write(self, part: _Part, bad: frozenset[int], values: pl.DataFrame | None = None) -> None:
        marks = [pl.lit(value).alias(name) for name, value in self._request.marks.items()]
        if values is None:
            values = pl.DataFrame(
                schema={name: one.dtype.type for name, one in part.contract.fields.items()} | {_NUMBER: pl.Int64}
            )
        elif bad:
            values = values.filter(~pl.Series(part.owners).is_in(list(bad)))
        rows = values.select(*part.contract.fields, *marks, _NUMBER).to_arrow()
        if part.writer is None:
            part.path.parent.mkdir(exist_ok=True)
            part.writer = self._files.enter_context(pq.ParquetWriter(part.path, rows.schema))
        part.writer.write_table(rows.cast(part.writer.schema))
        part.n_rows += rows.num_rows
        part.waiting.clear()
        part.owners.clear()

    def _give_up(self, part: _Part, n_before: int) -> None:
        """Note the rows of a bad transaction that were written before it was known to be bad."""
        first, last = n_before + 1, part.n_given - len(part.waiting)
        if first <= last:
            part.given_up.append((first, last))

    def drop_given_up(self) -> None:
        """Write those files anew that hold rows of a transaction which was given up later."""
        for part in self.parts.values():
            if part.given_up:
                whole = self._request.scratch / f"{part.contract.name}.parquet"
                part.path.rename(whole)
                part.n_rows = _copy_without(whole, part.path, part.given_up)

    def _quarantine_whole(self, transaction: Transaction) -> None:
        assert transaction.failure is not None
        segment, field_name, reason = transaction.failure
        place = f" ({transaction.place}, segment {segment:,})" if transaction.isa else ""
        self._quarantine.add(transaction.first_segment, field_name, f"{reason}{place}")

    def _row(self, begun: _Begun) -> tuple[str | None, ...]:
        one, body = begun.transaction, begun.body
        facts: dict[str, str | None] = {
            "transaction_id": digest(at(one.isa, 6), *(at(one.isa, i) for i in (13, 9, 10)), at(one.gs, 6), at(one.st, 2)),
            "transaction_type": one.kind or "unknown",
            "sender_id": at(one.isa, 6),
            "receiver_id": at(one.isa, 8),
            "interchange_control_number": at(one.isa, 13),
            "group_control_number": at(one.gs, 6),
            "transaction_control_number": at(one.st, 2),
            "is_test": "true" if at(one.isa, 15) == "T" else "false",
            "n_segments": str(one.n_segments),
            "n_unknown_segments": str(one.unknown.total()),
            "n_claims": str(getattr(body, "n_claims", 0)),
            "faults": "\n".join(one.faults) or None,
            "updated_at": changed_at(one, self._time_zone) or "1900-01-01T00:00:00Z",
        }
        if isinstance(body, Payments):
            facts |= {
                "payer_name": body.header.payer,
                "trace_number": body.header.trace_number,
                "paid_on": day(body.header.effective_on),
                "paid_usd": None if body.header.amount is None else str(body.header.amount),
                "claims_paid_usd": str(body.claims_paid),
                "provider_adjusted_usd": str(body.provider_adjusted),
            }
        return tuple(facts.get(name) for name in self._transactions.columns)


def _copy_without(source: Path, target: Path, spans: list[tuple[int, int]]) -> int:
    """Copy the rows whose numbers lie in none of the spans; how many."""
    n_rows = 0
    with pq.ParquetFile(source) as file, pq.ParquetWriter(target, file.schema_arrow) as out:
        for batch in file.iter_batches():
            rows = pl.DataFrame(batch)
            kept = rows.filter(~pl.any_horizontal(pl.col(_NUMBER).is_between(first, last) for first, last in spans))
            n_rows += kept.height
            out.write_table(pa.table(kept.to_arrow()).cast(file.schema_arrow))
    return n_rows
