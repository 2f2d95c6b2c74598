"""Walks through interchanges, functional groups and transactions (X12.5, X12.6); each transaction goes to what reads its kind.

A wrong count, another control number in a trailer and a missing trailer are named; the transaction is read. A transaction that
cannot be read, or within which the file ends, is given up as a whole.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from pipelines.extract.x12.segments import Delimiters, Segments, read_segments

PROFESSIONAL, INSTITUTIONAL, REMITTANCE, ACKNOWLEDGMENT = "837P", "837I", "835", "277CA"
_INSTITUTIONAL_GUIDES = ("X096", "X223")
_ACKNOWLEDGMENT_GUIDE = "X214"


class Unreadable(ValueError):
    """What makes a transaction unreadable: the X12 `field` (`CLP04`), and a `reason` that completes "The field …"."""

    def __init__(self, field: str, reason: str):
        super().__init__(f"{field} {reason}")
        self.field, self.reason = field, reason


@dataclass(slots=True)
class Transaction:
    """One transaction (ST to SE), with the control numbers of its envelope.

    `number`: its place in the file, from 1; `first_segment`: that of its ST. `kind`: `837P`, `837I`, `835`, `277CA`, or ST01 of
    any other. `faults`: what is named though the transaction was read, in words. `failure`: segment, element and reason that make
    it unreadable. `unknown`: segments of no kind that it may have, by name. `delimiters.component` is what the composites use.
    """

    number: int
    first_segment: int
    isa: list[str]
    gs: list[str]
    st: list[str]
    kind: str
    delimiters: Delimiters
    n_segments: int = 0
    faults: list[str] = field(default_factory=list)
    failure: tuple[int, str | None, str] | None = None
    unknown: Counter[str] = field(default_factory=Counter)

    @property
    def place(self) -> str:
        """`transaction 0001 of group 1 in interchange 000000907`."""
        return f"transaction {at(self.st, 2)} of group {at(self.gs, 6)} in interchange {at(self.isa, 13)}"


class Body(Protocol):
    """Reads the segments of one transaction. `handlers`: what takes each kind of segment; `known`: kinds that may stand unread.

    A handler raises `Unreadable`. `end` is called behind the last segment, unless the transaction was given up.
    """

    handlers: dict[str, Callable[[list[str]], None]]
    known: frozenset[str]

    def end(self) -> None: ...


Start = Callable[[Transaction], Body | None]
"""Gives what reads a transaction; None for a kind that is not read."""


def at(elements: list[str], i: int) -> str:
    """Element `i` of a segment; empty where the segment ends before."""
    try:
        return elements[i]
    except IndexError:
        return ""


def read_transactions(content: BinaryIO, start: Start) -> Iterator[Transaction]:
    """Every transaction of a file, once its last segment was read; bytes that are no X12 as one without segments.

    Raises nothing for what the bytes are.
    """
    walk = _Walk(start)
    for piece in read_segments(content):
        yield from walk.take(piece)
    yield from walk.end()


class _Walk:
    """The place in the envelopes after the segments taken so far."""

    def __init__(self, start: Start):
        self._start = start
        self._n = 0
        self._number = 1
        """Of the envelope's segment at hand in the file, or of the one behind the last piece."""
        self._isa: list[str] = []
        self._gs: list[str] = []
        self._envelope_faults: list[str] = []
        self._n_groups = self._n_in_group = 0
        self._now: Transaction | None = None
        self._body: Body | None = None
        self._done: Transaction | None = None
        """The last transaction, until it is known what its group and interchange end with."""

    def take(self, piece: Segments) -> Iterator[Transaction]:
        if piece.delimiters is None:
            self._number = piece.first
            if self._now and self._now.failure is None:
                self._now.failure = (piece.first, None, "is cut off by bytes that are no X12")
            yield from self._close()
            yield self._no_x12(piece)
            return
        envelope = {"ISA": self._interchange, "GS": self._group, "ST": self._transaction, "SE": self._trailer}
        envelope |= {"GE": self._group_trailer, "IEA": self._interchange_trailer}
        now, body = self._now, self._body
        handlers = body.handlers if body else {}
        for number, elements in enumerate(piece.segments, piece.first):
            name = elements[0]
            handler = handlers.get(name)
            if handler is not None:
                try:
                    handler(elements)
                except Unreadable as error:
                    now.failure = (number, error.field, error.reason)  # type: ignore[union-attr]
                    handlers = {}
            elif name in envelope:
                self._number = number
                yield from envelope[name](elements, number, piece)
                now, body = self._now, self._body
                handlers = body.handlers if body and now and now.failure is None else {}
            elif handlers and name not in body.known:  # type: ignore[union-attr]
                now.unknown[name[:3] if name.isalnum() else "?"] += 1  # type: ignore[union-attr]
        self._number = piece.first + len(piece.segments)
        if piece.is_cut_off and now is not None and piece.segments[-1][0] not in ("SE", "GE", "IEA"):
            now.failure = (now.first_segment, None, "is cut off: the file ends within it. Ask for the file again")

    def end(self) -> Iterator[Transaction]:
        yield from self._close_interchange(None)

    def _no_x12(self, piece: Segments) -> Transaction:
        self._n += 1
        nothing = Delimiters("", "", "")
        return Transaction(self._n, piece.first, [], [], [], "", nothing, failure=(piece.first, None, piece.fault or ""))

    def _interchange(self, isa: list[str], number: int, piece: Segments) -> Iterator[Transaction]:
        yield from self._close_interchange(None)
        self._isa, self._n_groups = isa, 0
        self._envelope_faults = [piece.fault] if piece.fault else []

    def _group(self, gs: list[str], number: int, piece: Segments) -> Iterator[Transaction]:
        yield from self._close_group(None)
        self._gs, self._n_in_group = gs, 0
        self._n_groups += 1

    def _transaction(self, st: list[str], number: int, piece: Segments) -> Iterator[Transaction]:
        yield from self._close("SE is missing")
        yield from self._give()
        self._n += 1
        self._n_in_group += 1
        kind = _kind(st, self._gs)
        assert piece.delimiters is not None
        now = Transaction(self._n, number, self._isa, self._gs, st, kind, piece.delimiters)
        now.faults, self._envelope_faults = self._envelope_faults, []
        self._body = self._start(now) or _Unread()
        self._now = now

    def _trailer(self, se: list[str], number: int, piece: Segments) -> Iterator[Transaction]:
        now = self._now
        if now is None:
            return
        self._number = number + 1
        n_segments = self._number - now.first_segment
        if not _says(se, 1, n_segments):
            now.faults.append(f"SE01 says {_shown(se)} segments, {n_segments} were found")
        if at(se, 2) != at(now.st, 2):
            now.faults.append("SE02 is not the control number in ST02")
        yield from self._close()

    def _group_trailer(self, ge: list[str], number: int, piece: Segments) -> Iterator[Transaction]:
        yield from self._close_group(ge)

    def _interchange_trailer(self, iea: list[str], number: int, piece: Segments) -> Iterator[Transaction]:
        yield from self._close_interchange(iea)

    def _close(self, fault: str = "") -> Iterator[Transaction]:
        """End the transaction at hand; it is given once its envelopes have ended, too, or the next begins."""
        now, body, self._now, self._body = self._now, self._body, None, None
        if now is None or body is None:
            return
        yield from self._give()
        if fault:
            now.faults.append(fault)
        now.n_segments = self._number - now.first_segment
        if now.failure is None:
            try:
                body.end()
            except Unreadable as error:
                now.failure = (now.first_segment, error.field, error.reason)
        # They refer to the body, which nothing would free without the collector: 250 MB in a million claims.
        body.handlers.clear()
        if now.unknown:
            names = ", ".join(f"{name} {n}" for name, n in sorted(now.unknown.items()))
            now.faults.append(f"{sum(now.unknown.values())} segments are of no kind that it may have: {names}")
        self._done = now

    def _close_group(self, ge: list[str] | None) -> Iterator[Transaction]:
        yield from self._close("SE is missing")
        if self._gs:
            if ge is None:
                self._name("GE is missing")
            else:
                if not _says(ge, 1, self._n_in_group):
                    self._name(f"GE01 says {_shown(ge)} transactions, {self._n_in_group} were found")
                if at(ge, 2) != at(self._gs, 6):
                    self._name("GE02 is not the control number in GS06")
        self._gs = []

    def _close_interchange(self, iea: list[str] | None) -> Iterator[Transaction]:
        yield from self._close_group(None)
        if self._isa:
            if iea is None:
                self._name("IEA is missing")
            else:
                if not _says(iea, 1, self._n_groups):
                    self._name(f"IEA01 says {_shown(iea)} groups, {self._n_groups} were found")
                if at(iea, 2) != at(self._isa, 13):
                    self._name("IEA02 is not the control number in ISA13")
        self._isa = []
        yield from self._give()

    def _name(self, fault: str) -> None:
        """Name what is wrong with an envelope at the last transaction in it."""
        if self._done:
            self._done.faults.append(fault)

    def _give(self) -> Iterator[Transaction]:
        done, self._done = self._done, None
        if done:
            yield done


class _Unread:
    """Counts the segments of a transaction of a kind that is not read, such as a 999 or a 278."""

    handlers: dict[str, Callable[[list[str]], None]] = {}
    known: frozenset[str] = frozenset()

    def end(self) -> None: ...


def _kind(st: list[str], gs: list[str]) -> str:
    """By ST01, and by the guide in ST03 or else in GS08, which 4010 has alone."""
    guide = at(st, 3) or at(gs, 8)
    if at(st, 1) == "837":
        return INSTITUTIONAL if any(one in guide for one in _INSTITUTIONAL_GUIDES) else PROFESSIONAL
    if at(st, 1) == "277":
        return ACKNOWLEDGMENT if _ACKNOWLEDGMENT_GUIDE in guide else "277"
    return at(st, 1)


def _says(trailer: list[str], i: int, n: int) -> bool:
    stated = at(trailer, i)
    return stated.isdecimal() and len(stated) < 12 and int(stated) == n


def _shown(trailer: list[str]) -> str:
    stated = at(trailer, 1)
    return stated if stated.isdecimal() and len(stated) < 12 else "no number of"
