"""The slow path for a FHIR file: checks every resource, and copies the good ones with their numbers to one file a type."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import duckdb
import numpy as np
import orjson
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from models.contract import Contract
from models.fhir_reference import PERSON
from pipelines.extract.bundles import BUNDLE, DELETED
from pipelines.extract.fhir_contained import CONTAINERS, MARK, PATIENT_MARKS, name_patients, taken_out
from pipelines.extract.fhir_deleted import DELETED_MARK, as_deletion
from pipelines.extract.fhir_documents import Fault, Found, resources_of, resources_of_lines, whole
from pipelines.extract.fhir_ids import free_ids, plain_id, unseen_at
from pipelines.extract.fhir_modifiers import MODIFIER_MARK, REASON, unknown_modifier
from pipelines.extract.fhir_structure import Misfit, as_pairs, misfits
from pipelines.extract.fhir_tables import is_table, resources_in_table
from pipelines.extract.fhir_test_data import IS_TEST_DATA, TEST_MARK, MarkedPatients, is_test_data
from pipelines.extract.fhir_version import Versions
from pipelines.extract.ndjson_scan import LineScan
from pipelines.extract.preflight import first_bytes
from pipelines.extract.reading import Quarantine, Request, refuse_if_too_many
from pipelines.sql.types import sql_type

NUMBER = "line:6f9d3c"
"""The element that carries a line's number; no resource has an element of this name."""

ROOM_FOR_NUMBER = 1024
"""By how many bytes a line with its number may be longer than without."""

_START = b'{"%s":%%d,' % NUMBER.encode()
_LINES_A_BLOCK = 2_000
_NUMBERS_A_GROUP = 2**20
_PIECE = 2**18
"""Small enough for the processor's cache, with its copy."""
NO_FHIR = (
    "No row says its resourceType. FHIR is read in JSON: one resource a line (NDJSON), Bundles, lists or a column of resources. "
    "Ask for the export in FHIR R4 as one of these; of tables that take resources apart, as Google's BigQuery has them, for an "
    "export of the FHIR store itself."
)
_OUTCOME = "OperationOutcome"
"""What a server writes among resources of any type to say how the export went."""


@dataclass
class Part:
    """The resources of one type in a file: `path` has the good ones, one a line; `n_delivered` counts all.

    `n_lines`: the lines of the file, where they were counted; `odd`: the numbers of those that were not copied unparsed, piece by
    piece. `taken`: the numbers of the resources that were written, in order."""

    request: Request
    path: Path
    quarantine: Quarantine
    out: BinaryIO
    n_delivered: int = 0
    n_lines: int = 0
    odd: list[np.ndarray] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    def take(self, number: int, resource: bytes) -> None:
        self.out.write(_START % number + resource[1:] + b"\n")
        self.taken.append(number)

    def write_numbers(self, path: Path) -> None:
        """Write to a Parquet file the numbers of the lines that were copied unparsed, then those of the taken ones, in a column
        `number`: with a number in each line, the copy took twice the time."""
        odd = np.concatenate([*self.odd, np.empty(0, np.int64)])
        with pq.ParquetWriter(path, pa.schema([("number", pa.int64())])) as out:
            for first in range(1, self.n_lines + 1, _NUMBERS_A_GROUP):
                numbers = np.arange(first, min(first + _NUMBERS_A_GROUP, self.n_lines + 1))
                left = np.delete(numbers, odd[(odd >= numbers[0]) & (odd <= numbers[-1])] - first)
                out.write_table(pa.table({"number": left}))
            out.write_table(pa.table({"number": pa.array(self.taken, pa.int64())}))

    def take_new(self, number: int, resource: dict[str, Any]) -> None:
        """Take what the file does not hold as it is: it counts as delivered."""
        self.n_delivered += 1
        self.take(number, orjson.dumps(resource))


@dataclass
class Sifted:
    """The parts of a file by extract; a part is there once a resource of it is. `unread`: resources of types that are not read.
    `n_untyped`: rows that do not say of what type they are.

    A context: at its end the quarantines are written, and what is known of test patients.
    """

    request: Request
    parts: dict[str, Part] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    n_untyped: int = 0
    versions: Versions = field(default_factory=Versions)
    test_patients: MarkedPatients = field(default_factory=MarkedPatients)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> "Sifted":
        self.part(self.request.contract)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)
        if PERSON in self.parts:
            self.test_patients.write(self.parts[PERSON].request.folder)

    def part(self, contract: Contract) -> Part:
        """The part of an extract: that of the file in the file's folder, another in a folder of its name."""
        if contract.name not in self.parts:
            request = self.request.of(contract)
            path = request.scratch / f"sifted-{contract.name}.ndjson"
            quarantine = self._stack.enter_context(Quarantine(request.folder))
            self.parts[contract.name] = Part(request, path, quarantine, self._stack.enter_context(path.open("wb")))
        return self.parts[contract.name]

    @property
    def own(self) -> Part:
        """The part of resources of the type that the file's name says, and of lines that are no resource."""
        return self.parts[self.request.contract.name]

    def refuse_if_too_many(self) -> None:
        """Raise `ExtractRefused` if the file is of another version, or too much of it is quarantined (`refuse_if_too_many`)."""
        n_delivered = sum(part.n_delivered for part in self.parts.values()) + self.unread.total()
        self.versions.refuse_if_whole(n_delivered)
        quarantines = [part.quarantine for part in self.parts.values()]
        refuse_if_too_many(quarantines, n_delivered, *([NO_FHIR] if self.n_untyped == n_delivered else []))

    def written(self) -> None:
        """Flush every part, so that it can be read."""
        for part in self.parts.values():
            part.out.flush()


def odd_places(text: bytes, *contained: bytes) -> list[int]:
    """Where something stands in a text of lines that has its line read before it is copied; `contained`: marks of contained
    resources that do."""
    marks = (mark for mark in (MODIFIER_MARK, DELETED_MARK, TEST_MARK, *contained) if mark in text)
    return unseen_at(text) + [found.start() for mark in marks for found in re.finditer(re.escape(mark), text)]


class NotPlain(Exception):
    """A file in which lines cannot be presumed to be sound."""


def sift(sifted: Sifted, *, is_presuming: bool = False) -> None:
    """Copy every sound resource to the part of its type; quarantine the others.

    In a file of one type (its name or manifest says so), a line of another type that is read lands as that, and a line of one
    that is not read is quarantined. Contained resources are numbered after all others. `is_presuming`, of such a file: a line
    that begins and ends like an object is scanned and copied unparsed, for whoever reads the copy to prove. Raises `NotPlain`
    where that cannot be.
    """
    request = sifted.request
    is_of_one_type = request.contract.name != BUNDLE
    aside, copy = request.scratch / "contained.ndjson", request.scratch / "presumed.ndjson"
    last = 0
    with aside.open("wb") as contained, copy.open("wb") as presumed, request.path.open("rb") as content:
        if is_presuming:
            odd = _not_presumed(sifted.own, content, presumed)
            resources = resources_of_lines(odd, request.limits, is_of_one_type=True)
        else:
            resources = _resources(request, is_of_one_type)
        for found in resources:
            last = found.number
            _sort(sifted, found, contained, is_of_one_type)
        last = max(last, sifted.own.n_lines)
    with aside.open("rb") as contained_lines:
        for number, line in enumerate(contained_lines, last + 1):
            resource = orjson.loads(line)
            sifted.part(request.contracts[resource["resourceType"]]).take_new(number, resource)
    sifted.written()
    if is_presuming:
        with copy.open("ab") as presumed, sifted.own.path.open("rb") as taken:
            shutil.copyfileobj(taken, presumed)
        sifted.own.path = copy


def _resources(request: Request, is_of_one_type: bool) -> Iterator[Found]:
    if not is_of_one_type and is_table(start := first_bytes(request.path, request.limits)):
        return resources_in_table(request.path, start, request.limits)
    return resources_of(request.path, request.limits, is_of_one_type=is_of_one_type)


def _not_presumed(part: Part, content: BinaryIO, presumed: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Copy the lines that begin and end like an object, a piece of the file at a time; the others are given back, with their
    numbers. Raises `NotPlain` at a line that is too long, or that the scan does not count."""
    scan, tail = LineScan(part.request.limits.line_bytes + 1), b""
    while piece := content.read(_PIECE):
        block = tail + piece
        end = block.rfind(b"\n") + 1
        block, tail = block[:end], block[end:]
        if len(tail) > part.request.limits.line_bytes:
            raise NotPlain
        yield from _held(part, block, presumed, scan)
    yield from _held(part, tail + b"\n", presumed, scan) if tail else ()


def _held(part: Part, block: bytes, presumed: BinaryIO, scan: LineScan) -> Iterator[tuple[int, bytes]]:
    """As `_not_presumed`, for whole lines."""
    codes = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(codes == ord("\n"))
    begins = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    if len(ends) and (ends - begins).max() > part.request.limits.line_bytes:
        raise NotPlain
    is_odd = (codes[begins] != ord("{")) | (codes[ends - 1] != ord("}"))
    if places := odd_places(block, *((MARK,) if part.request.contract.name in CONTAINERS else PATIENT_MARKS)):
        is_odd[np.searchsorted(ends, places)] = True
    odd, view = np.flatnonzero(is_odd), memoryview(block)
    starts, stops = [0, *(ends[odd] + 1).tolist()], [*begins[odd].tolist(), len(block)]
    copied = b"".join(view[start:stop] for start, stop in zip(starts, stops, strict=True))
    if copied and scan.count(copied, len(copied)) is None:
        raise NotPlain
    presumed.write(copied)
    part.odd.append(odd + part.n_lines + 1)
    for i in odd.tolist():
        yield part.n_lines + i + 1, block[begins[i] : ends[i]]
    part.n_lines += len(ends)
    part.n_delivered += len(ends) - len(odd)


def _sort(sifted: Sifted, found: Found, contained: BinaryIO, is_of_one_type: bool) -> None:
    request, extract = sifted.request, found.extract
    contract = request.contracts.get(extract) if isinstance(extract, str) else None
    part = sifted.part(contract) if contract else sifted.own
    fault = found.fault or _fault(found, request.contract.name, contract, is_of_one_type)
    if not fault and (reason := sifted.versions.note(found.resource)):
        fault = (None, reason)
    if not fault and not contract:
        sifted.unread[str(extract)] += 1
        return
    line = found.line
    is_freed = not fault and (line is None or unseen_at(line)) and free_ids(found.resource)
    if not fault and contract and (line is None or DELETED_MARK in line) and (deletion := as_deletion(found.resource)):
        sifted.part(request.contracts[DELETED]).take_new(found.number, deletion)
        return
    part.n_delivered += 1
    sifted.n_untyped += not isinstance(extract, str)
    if (
        not fault
        and contract
        and (line is None or MODIFIER_MARK in line)
        and (path := unknown_modifier(found.resource, contract, request.modifier_extensions))
    ):
        fault = (path, REASON)
    if not fault and not request.is_synthetic and (line is None or TEST_MARK in line) and (path := is_test_data(found.resource)):
        fault = (path, IS_TEST_DATA)
        if extract == PERSON:
            sifted.test_patients.note(found.number, found.resource)
    if not fault and "contained" in found.resource and (line is None or MARK in line):
        name_patients(found.resource)
        line = None
    if not fault and extract in CONTAINERS and "contained" in found.resource:
        for one in taken_out(found.resource):
            if one["resourceType"] in request.contracts:
                contained.write(orjson.dumps(one) + b"\n")
        line = None
    if not fault and (line is None or is_freed):
        try:
            line = orjson.dumps(found.resource)
        except orjson.JSONEncodeError:
            fault = (None, "is nested too deeply")
    if fault or line is None:
        part.quarantine.add(found.number, *(fault or (None, "is empty")))
    else:
        part.take(found.number, line)


def _fault(found: Found, own: str, contract: Contract | None, is_of_one_type: bool) -> Fault | None:
    """The wrong field and the reason; None if this is a resource that belongs here."""
    extract = found.extract
    if extract is None:
        return "resourceType", "is missing"
    if not isinstance(extract, str) or (not contract and not is_of_one_type and not extract.isalpha()):
        return "resourceType", "is not the name of a type"
    if is_of_one_type and extract == _OUTCOME:
        return None
    if is_of_one_type and ((contract is None) or (DELETED in (own, extract) and own != extract)):
        return "resourceType", f"is not {BUNDLE if own == DELETED else own}, as the file's name says"
    if contract and "id" in contract.fields and _has_no_id(found.resource):
        return "id", "is missing or empty"
    return None


def _has_no_id(resource: dict[str, Any]) -> bool:
    given = resource.get("id")
    return given is None or (isinstance(given, str) and not plain_id(given))


def sift_structure(
    path: Path,
    clean: Path,
    contract: Contract,
    quarantine: Quarantine,
    judge: duckdb.DuckDBPyConnection,
    is_sound: Callable[[Path, int], bool],
) -> None:
    """Copy the lines of a sifted file whose elements match the contract; quarantine the others.

    `is_sound` takes a file and its number of lines and says whether DuckDB reads all of it. Only the other blocks are checked
    line by line, because that costs 0.2 ms a line. If an element may still be readable as the expected type, `judge` decides, so
    that the slow and the fast path agree.
    """
    block = path.with_name("block.ndjson")
    with path.open("rb") as content, clean.open("wb") as out:
        while lines := list(islice(content, _LINES_A_BLOCK)):
            block.write_bytes(b"".join(lines))
            if is_sound(block, len(lines)):
                out.writelines(lines)
            else:
                _walk(lines, out, contract, quarantine, judge)


def _walk(
    lines: list[bytes], out: BinaryIO, contract: Contract, quarantine: Quarantine, judge: duckdb.DuckDBPyConnection
) -> None:
    waiting: list[tuple[int, bytes, list[Misfit]]] = []
    for line in lines:
        resource = json.loads(line, object_pairs_hook=as_pairs, parse_int=whole)
        found = list(misfits(resource, contract))
        if sure := [misfit for misfit in found if not misfit.in_doubt]:
            quarantine.add(resource[NUMBER], sure[0].field, sure[0].reason)
        elif found:
            waiting.append((resource[NUMBER], line, found))
        else:
            out.write(line)
    _settle(waiting, out, quarantine, judge)


def _settle(
    waiting: list[tuple[int, bytes, list[Misfit]]], out: BinaryIO, quarantine: Quarantine, judge: duckdb.DuckDBPyConnection
) -> None:
    """Let DuckDB decide which of the doubtful elements are readable, and write or quarantine their lines."""
    asked = [(i, misfit) for i, (_, _, found) in enumerate(waiting) for misfit in found]
    failed: dict[int, Misfit] = {}
    for dtype in dict.fromkeys(misfit.dtype for _, misfit in asked):
        those = [(i, misfit) for i, misfit in asked if misfit.dtype == dtype]
        judge.register(
            "doubts", pl.DataFrame({"i": range(len(those)), "value": [json.dumps(m.value) for _, m in those]}).to_arrow()
        )
        read = f"isfinite(try_cast(value::json as {sql_type(dtype)})::double)"
        unread = judge.execute(f"select i from doubts where not coalesce({read}, false)").fetchall()
        for (place,) in unread:
            failed.setdefault(*those[place])
        judge.unregister("doubts")
    for i, (number, line, _) in enumerate(waiting):
        if i in failed:
            quarantine.add(number, failed[i].field, failed[i].reason)
        else:
            out.write(line)
    waiting.clear()
