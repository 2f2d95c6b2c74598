"""Reads a file of HL7 v2 messages into Parquet: a row for each message, and the resources that they describe.

SIU (appointments), ADT (patients, visits) and ORU (results) are read; other types are counted. A message is a change: a row holds
what it says, and what it leaves out stays as earlier messages said. A bad message is quarantined whole.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from models.contract import INSTANT, Contract, Dtype, field, optional
from models.settings.layout import Layout
from models.sources import SourceKind
from pipelines.extract.description import Description
from pipelines.extract.hl7v2.appointment import EVENTS, appointments
from pipelines.extract.hl7v2.datatypes import Element, filled
from pipelines.extract.hl7v2.framing import HEADERS, MESSAGE, TRAILERS, Frame, frames
from pipelines.extract.hl7v2.message import Message, Unreadable
from pipelines.extract.hl7v2.observation import observations
from pipelines.extract.hl7v2.patient import patients
from pipelines.extract.hl7v2.times import Clock
from pipelines.extract.hl7v2.visit import visits
from pipelines.extract.preflight import opening, packing
from pipelines.extract.reading import ROWS, Quarantine, Reading, Request

MESSAGES = "hl7v2"
"""The extract that the messages themselves land as."""
PARTS = ("Patient", "Practitioner", "Location", "Encounter", "Appointment", "Observation")
"""The extracts of which a file may hold rows."""

MESSAGE_CONTRACT = Contract(
    MESSAGES,
    "HL7 v2 message",
    (),
    {
        "message_type": field(pl.String, "MSH-9: type and event, as `ADT^A01`."),
        "control_id": optional(pl.String, "MSH-10, which no sender keeps unique."),
        "sending_application": optional(pl.String, "MSH-3."),
        "sending_facility": optional(pl.String, "MSH-4."),
        "version": optional(pl.String, "MSH-12."),
        "sent_at": optional(INSTANT, "MSH-7."),
        "line": field(pl.Int64, "Line of its MSH in the file, from 1."),
        "n_segments": field(pl.Int64, "Its segments.", at_least=1),
    },
)
_READ_SEGMENTS = frozenset(
    ("MSH", "EVN", "PID", "PD1", "MRG", "PV1", "PV2", "SCH", "TQ1", "RGS", "AIS", "AIG", "AIL", "AIP", "OBR", "OBX")
)
_ROWS_AT_ONCE = 2_000
_ROWS_A_GROUP = 20_000
"""Parquet keeps up to 70 KB of each row group until the file ends: groups of 2,000 rows took 190 MB in a million messages."""
_MOST_NAMES = 100
_END = 2**16
"""How much of the beginning and the end of a file says when it was written."""
_DAY = re.compile(r"(20\d\d)(\d\d)(\d\d)")
_COUNT = re.compile(rb"[BF]TS[^A-Za-z0-9]0*(\d{1,9})(?!\d)")
_TYPE = re.compile(r"[A-Z0-9]{3}(\^[A-Z0-9]{1,4})?")
_ADT_EVENT = re.compile(r"A\d\d")


class Hl7Files:
    """The files of HL7 v2 messages of one source. None describes another."""

    about: frozenset[Path] = frozenset()

    def __init__(self, kind: SourceKind, files: list[Path], layouts: Mapping[str, Layout]):
        pass

    def describe(self, path: Path) -> Description:
        """Messages, exported on the day of the latest at the file's beginning and, unless it is compressed, at its end.

        That is midnight UTC of the day in MSH-7, FHS-7 or BHS-7, as where a file's name says the day.
        """
        ends = [opening(path, _END), b"" if packing(path) else _closing(path)]
        days = [day for end in ends for frame in frames(BytesIO(end), _END) if (day := _day_of(frame))]
        return Description(MESSAGES, exported_at=max(days, default=None))


def _closing(path: Path) -> bytes:
    """The end of a file, from the beginning of a line on."""
    with path.open("rb") as content:
        content.seek(max(0, path.stat().st_size - _END))
        return re.split(rb"[\r\n]", content.read(), maxsplit=1)[-1]


def _day_of(frame: Frame) -> datetime | None:
    header = frame.segments[0][1].decode("latin-1") if frame.name == MESSAGE or frame.name in HEADERS else ""
    fields = header.split(header[3]) if len(header) > 3 else []
    found = _DAY.match(fields[6]) if len(fields) > 6 else None
    try:
        return datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC) if found else None
    except ValueError:
        return None


def is_hl7v2(start: bytes) -> bool:
    """Whether the first bytes of a file begin a message or a batch of them."""
    frame = next(frames(BytesIO(start), len(start)), None)
    return bool(frame and (frame.name == MESSAGE or frame.name in HEADERS))


def read_hl7v2(request: Request) -> Reading:
    """Read a file of messages into `rows.parquet` (the messages), a folder for each of `PARTS`, and `quarantine.parquet`.

    Rows of parts have their contract's columns, the marks, `_row_number` (the line of the segment that they come from, or the
    next that is free) and `_last_updated` (MSH-7). A message that is quarantined has the line of its MSH as its row number. A
    trailer whose count is wrong, and lines that belong to no message, are delivered and quarantined too. No file is refused for
    its bad messages: each message stands for itself, and a feed is not exported again.
    """
    with ExitStack() as open_files:
        quarantine = open_files.enter_context(Quarantine(request.folder))
        content = open_files.enter_context(request.path.open("rb"))
        tables = {name: _Table(request, request.contracts[name]) for name in PARTS}
        messages = _Table(request, request.contract)
        for table in (messages, *tables.values()):
            open_files.callback(table.close)
        n_delivered, count, zone = 0, _Count(), ZoneInfo(request.time_zone)
        for frame in frames(content, request.limits.line_bytes):
            if reason := count.wrong_trailer(frame):
                n_delivered += 1
                quarantine.add(frame.line, f"{frame.name.decode()}-1", reason)
            elif frame.name == MESSAGE:
                n_delivered += 1
                _read(frame, count, zone, messages, tables, quarantine)
            elif not frame.name:
                n_delivered += 1
                quarantine.add(frame.line, None, "belongs to no message: none begins before it with MSH")
    return Reading(
        n_delivered,
        messages.n_rows,
        quarantine.n_rows,
        extra_columns=[f"{name} ({n:,})" for name, n in sorted(count.segments.most_common(_MOST_NAMES))],
        parts={name: Reading(table.n_rows, table.n_rows, 0) for name, table in tables.items() if table.n_rows},
        unread=dict(sorted(count.not_read.most_common(_MOST_NAMES))),
        is_change=True,
    )


class _Count:
    """What is counted in a file: its messages, and those of the batch; messages and segments that are not read, by name."""

    def __init__(self) -> None:
        self.messages = self.in_batch = self.batches = 0
        self.segments: Counter[str] = Counter()
        self.not_read: Counter[str] = Counter()

    def wrong_trailer(self, frame: Frame) -> str | None:
        """Why a trailer is wrong, in words; None for any other frame, and for a trailer whose count is right or missing."""
        if frame.name == MESSAGE:
            self.messages, self.in_batch = self.messages + 1, self.in_batch + 1
        elif frame.name == b"BHS":
            self.in_batch, self.batches = 0, self.batches + 1
        elif frame.name in TRAILERS:
            what, found = ("messages", self.in_batch) if frame.name == b"BTS" else ("batches", self.batches)
            stated = _COUNT.match(frame.segments[0][1])
            if stated and int(stated[1]) != found:
                return f"says {int(stated[1]):,} {what}, the file has {found:,}. Ask the sender for what is missing."
        return None


class _Table:
    """The rows of one extract, written in chunks to its Parquet file. That of a part is there only if it has any rows."""

    def __init__(self, request: Request, contract: Contract):
        added = {name: pa.string() for name in request.marks} | {"_row_number": pa.int64()}
        if contract.name != MESSAGES:
            added["_last_updated"] = _arrow(INSTANT)
        self._schema = pa.schema({name: _arrow(column.dtype.type) for name, column in contract.fields.items()} | added)
        self._marks, self._rows, self._last = request.marks, list[Element](), 0
        self._typed: list[pa.Table] = []
        self._told: dict[str, Element] = {}
        self._repeats = contract.name in ("Practitioner", "Location")
        self._folder = request.folder if contract.name == MESSAGES else request.folder / contract.name
        self._writer = pq.ParquetWriter(request.folder / ROWS, self._schema) if contract.name == MESSAGES else None
        self.n_rows = 0

    def add(self, line: int, row: Element, more: Element) -> None:
        """Add a row, with `more` columns, unless it repeats what the file said of the same practitioner or location before."""
        if self._repeats:
            if self._told.get(row["id"]) == row:
                return
            if len(self._told) >= _ROWS_AT_ONCE:
                self._told.clear()
            self._told[row["id"]] = row
        self._last = max(line, self._last + 1)
        self._rows.append(row | more | {"_row_number": self._last})
        self.n_rows += 1
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._type()

    def close(self) -> None:
        self._type()
        self._write()
        if self._writer:
            self._writer.close()

    def _type(self) -> None:
        """Turn the rows that wait into columns, and write them once they make a row group."""
        if not self._rows:
            return
        said = set[str]().union(*self._rows)
        columns = [
            self._column(name, kind, name in said) for name, kind in zip(self._schema.names, self._schema.types, strict=True)
        ]
        self._typed.append(pa.Table.from_arrays(columns, schema=self._schema))
        self._rows.clear()
        if sum(table.num_rows for table in self._typed) >= _ROWS_A_GROUP:
            self._write()

    def _write(self) -> None:
        if not self._typed:
            return
        if not self._writer:
            self._folder.mkdir()
            self._writer = pq.ParquetWriter(self._folder / ROWS, self._schema)
        self._writer.write_table(pa.concat_tables(self._typed))
        self._typed.clear()

    def _column(self, name: str, kind: pa.DataType, is_said: bool) -> pa.Array:
        if name in self._marks:
            return pa.repeat(pa.scalar(self._marks[name], kind), len(self._rows))
        return pa.array([row.get(name) for row in self._rows], kind) if is_said else pa.nulls(len(self._rows), kind)


def _read(
    frame: Frame, count: _Count, zone: ZoneInfo, messages: _Table, tables: dict[str, _Table], quarantine: Quarantine
) -> None:
    """Read one message, whole or not at all."""
    try:
        message = Message(frame, count.messages)
        evn = message.segment("EVN")
        sent = message.msh.value(7) or (evn.value(2) if evn else None)
        clock = Clock.of_message(zone, message.msh.value(7))
        say = _SAY.get(message.kind or "")
        is_read = say is not None and is_read_event(message)
        said = list(say(message, clock)) if say and is_read else []
    except Unreadable as fault:
        quarantine.add(frame.line, fault.field, f"{fault.reason} (message {count.messages:,})")
        return
    told = f"{message.kind}^{message.event or ''}".rstrip("^")
    if not is_read:
        count.not_read[told if _TYPE.fullmatch(told) else "other"] += 1
    else:
        count.segments.update(segment.name for segment in message.segments if segment.name not in _READ_SEGMENTS)
    sent_at = clock.moment(sent)
    changed = {"meta": filled(lastUpdated=clock.date_time(sent)), "_last_updated": sent_at}
    for extract, line, row in said:
        if extract in tables:
            tables[extract].add(line, row, changed)
    messages.add(
        frame.line,
        {
            "message_type": told,
            "control_id": message.msh.value(10),
            "sending_application": message.msh.value(3),
            "sending_facility": message.msh.value(4),
            "version": message.msh.value(12),
            "sent_at": sent_at,
            "line": frame.line,
            "n_segments": len(message.segments),
        },
        {},
    )


def is_read_event(message: Message) -> bool:
    """Whether both type and event of a message are among those read."""
    event = message.event or ""
    return {"SIU": event in EVENTS, "ADT": bool(_ADT_EVENT.fullmatch(event)), "ORU": event in ("R01", "")}[message.kind or ""]


def _booking(message: Message, clock: Clock) -> Iterator[tuple[str, int, Element]]:
    yield from appointments(message, clock)
    yield from patients(message, clock)


def _administration(message: Message, clock: Clock) -> Iterator[tuple[str, int, Element]]:
    if not message.segment("PID"):
        raise Unreadable(None, "has no PID segment")
    yield from patients(message, clock)
    yield from visits(message, clock)


def _results(message: Message, clock: Clock) -> Iterator[tuple[str, int, Element]]:
    yield from observations(message, clock)
    yield from patients(message, clock)


_SAY: dict[str, Callable[[Message, Clock], Iterator[tuple[str, int, Element]]]] = {
    "SIU": _booking,
    "ADT": _administration,
    "ORU": _results,
}


_ARROW: dict[Dtype, pa.DataType] = {
    pl.String: pa.string(),
    pl.Boolean: pa.bool_(),
    pl.Int64: pa.int64(),
    pl.Float64: pa.float64(),
}


def _arrow(dtype: Dtype) -> pa.DataType:
    """The Arrow type of a contract's type."""
    if isinstance(dtype, pl.List):
        return pa.list_(_arrow(dtype.inner))
    if isinstance(dtype, pl.Struct):
        return pa.struct({one.name: _arrow(one.dtype) for one in dtype.fields})
    if isinstance(dtype, pl.Datetime):
        return pa.timestamp("us", "UTC")
    return _ARROW[dtype]
