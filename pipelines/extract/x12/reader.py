"""Reads an X12 file into Parquet: a row a transaction, and the rows of billing's extracts that its transactions hold.

A transaction that cannot be read, or of which one row breaks its contract, is quarantined as a whole: an 835 of which a claim was
left out would not balance. All that is in memory are the rows since the last time that they were written.
"""

import gc
from collections.abc import Callable, Iterator
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
from pipelines.extract.x12.acknowledgments import Acknowledgment, Acknowledgments
from pipelines.extract.x12.claims import Claim, Claims
from pipelines.extract.x12.payments import Header, Payment, Payments
from pipelines.extract.x12.rows import COLUMNS, Adders, ClaimRows, PaymentRows, SubmissionRows, changed_at, day, digest
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


def body_of(transaction: Transaction, add: Adders, time_zone: ZoneInfo, taken: Callable[[], None]) -> Body | None:
    """What reads a transaction and adds its rows, calling `taken` after each claim; None for a kind that is not read."""
    if transaction.kind in (PROFESSIONAL, INSTITUTIONAL):
        claim_rows = ClaimRows(transaction, add, time_zone)

        def take(claim: Claim, bht: list[str]) -> None:
            claim_rows.take(claim, bht)
            taken()

        return Claims(transaction, take)
    if transaction.kind == REMITTANCE:
        payment_rows = PaymentRows(transaction, add, time_zone)

        def pay(payment: Payment, header: Header) -> None:
            payment_rows.take(payment, header)
            taken()

        return Payments(transaction, pay, payment_rows.adjust)
    if transaction.kind == ACKNOWLEDGMENT:
        submission_rows = SubmissionRows(transaction, add, time_zone)

        def answer(claim: Acknowledgment) -> None:
            submission_rows.take(claim)
            taken()

        return Acknowledgments(transaction, answer)
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
    """A transaction whose rows are not all written: its body, and how many rows of each extract came before it."""

    transaction: Transaction
    body: Body | None
    first: dict[str, int]
    is_over: bool = False


@dataclass
class _Part:
    """The rows of one extract: those that wait, how many were taken up before them, the file, and spans that were given up."""

    contract: Contract
    columns: tuple[str, ...]
    path: Path
    waiting: list[tuple[str | None, ...]] = field(default_factory=list)
    n_taken: int = 0
    n_rows: int = 0
    writer: pq.ParquetWriter | None = None
    given_up: list[tuple[int, int]] = field(default_factory=list)

    @property
    def n_given(self) -> int:
        return self.n_taken + len(self.waiting)


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
        self._waiting = [part.waiting for part in self.parts.values()]
        self._add = {name: part.waiting.append for name, part in self.parts.items()}
        self._begun: dict[int, _Begun] = {}
        self._write(self._transactions, _typed(self._transactions, pl.Series(dtype=pl.Int64))[0])

    def begin(self, transaction: Transaction) -> Body | None:
        begun = _Begun(transaction, None, self._n_given())
        self._begun[transaction.number] = begun
        begun.body = body_of(transaction, self._add, self._time_zone, self._write_if_many)
        return begun.body

    def end(self, transaction: Transaction) -> None:
        self.n_transactions += 1
        self._begun.setdefault(transaction.number, _Begun(transaction, None, self._n_given())).is_over = True
        self._write_if_many()

    def _n_given(self) -> dict[str, int]:
        return {name: part.n_given for name, part in self.parts.items()}

    def _write_if_many(self) -> None:
        if sum(map(len, self._waiting)) + len(self._begun) >= _ROWS_AT_ONCE:
            self.write()

    def write(self) -> None:
        """Write the rows that wait, without those of transactions that are given up, and settle transactions that are over."""
        frames = {name: self._checked(name, part) for name, part in self.parts.items() if part.waiting}
        bad = [number for number, begun in self._begun.items() if begun.transaction.failure]
        for name, part in self.parts.items():
            for number in bad:
                self._give_up(part, self._begun[number].first[name])
            if name in frames:
                rows = frames[name]
                self._write(part, rows.filter(~self._owners(name, rows[_NUMBER]).is_in(bad)) if bad else rows)
        over = [begun for begun in self._begun.values() if begun.is_over]
        places = []
        for begun in over:
            del self._begun[begun.transaction.number]
            if begun.transaction.failure:
                self._quarantine_whole(begun.transaction)
            else:
                self._transactions.waiting.append(self._row(begun))
                places.append(begun.transaction.first_segment)
        self._write(self._transactions, _typed(self._transactions, pl.Series(places, dtype=pl.Int64))[0])

    def _checked(self, name: str, part: _Part) -> pl.DataFrame:
        """The waiting rows with the contract's types. A row that breaks its contract is the failure of its transaction."""
        values, failures = _typed(part, pl.int_range(part.n_taken + 1, part.n_given + 1, eager=True))
        for number, (_, field_name, reason) in zip(self._owners(name, failures["row_number"]), failures.iter_rows(), strict=True):
            transaction = self._begun[number].transaction
            if transaction.failure is None:
                transaction.failure = (transaction.first_segment, f"{part.contract.name}.{field_name}", reason)
        return values

    def _owners(self, name: str, numbers: pl.Series) -> pl.Series:
        """The number of the transaction that each of an extract's rows belongs to: the last that began before it."""
        first = pl.Series([begun.first[name] for begun in self._begun.values()], dtype=pl.Int64)
        began_before = first.search_sorted(numbers - 1, side="right").cast(pl.Int64) - 1
        return pl.Series(list(self._begun), dtype=pl.Int64).gather(began_before)

    def _write(self, part: _Part, values: pl.DataFrame) -> None:
        marks = [pl.lit(value).alias(name) for name, value in self._request.marks.items()]
        rows = values.select(*part.contract.fields, *marks, _NUMBER).to_arrow()
        if part.writer is None:
            part.path.parent.mkdir(exist_ok=True)
            part.writer = self._files.enter_context(pq.ParquetWriter(part.path, rows.schema))
        part.writer.write_table(rows.cast(part.writer.schema))
        part.n_rows += rows.num_rows
        part.n_taken = part.n_given
        part.waiting.clear()

    def _give_up(self, part: _Part, n_before: int) -> None:
        """Note the rows of a bad transaction that were written before it was known to be bad."""
        first, last = n_before + 1, part.n_taken
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


def _typed(part: _Part, numbers: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The waiting rows with the contract's types, and what breaks it: `row_number`, `field`, `reason`, in order."""
    columns = zip(part.columns, zip(*part.waiting, strict=True) if part.waiting else [()] * len(part.columns), strict=True)
    text = pl.DataFrame([pl.Series(name, values, pl.String) for name, values in columns])
    empty = [pl.lit(None, pl.String).alias(name) for name in part.contract.fields if name not in part.columns]
    text = text.with_columns(*empty, numbers.alias(_NUMBER))
    values, unread = typed(text, part.contract)
    return values, pl.concat([unread, broken(values, part.contract, unread)]).unique().sort(pl.all())


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
