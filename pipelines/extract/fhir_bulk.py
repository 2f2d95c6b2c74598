"""Reads FHIR R4 into Parquet: bulk NDJSON (FHIR Bulk Data Access 2.0) of one type, and Bundles, lists and lines of any types.

The fast path is for clean files of one type: a scan (`ndjson_scan.py`) counts its lines, DuckDB reads the file strictly with
declared columns, and both must agree. Where a few lines are damaged, they are taken out and the others proved so. All other files
take the slow path (`fhir_sift.py`), which checks every resource.

All paths give the same result: a number where text is expected becomes text, and the text "5" becomes a number, because servers
differ in this.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import orjson

from models.contract import Contract
from pipelines.errors import ExtractRefused
from pipelines.extract.bundles import BUNDLE, DELETED
from pipelines.extract.encoding import as_utf8, spoken
from pipelines.extract.fhir_contained import CONTAINERS
from pipelines.extract.fhir_documents import type_of_start
from pipelines.extract.fhir_doubts import note_doubts
from pipelines.extract.fhir_sift import NUMBER, ROOM_FOR_NUMBER, NotPlain, Part, Sifted, odd_places, sift, sift_structure
from pipelines.extract.fhir_version import SIGNS_BESIDE, Versions
from pipelines.extract.ndjson_scan import count_plain_lines
from pipelines.extract.parquet_doubts import has_doubts
from pipelines.extract.preflight import first_bytes
from pipelines.extract.reading import ROWS, Quarantine, Reading, Request
from pipelines.sql.literals import literal
from pipelines.sql.types import sql_type

_LINES_ASKED = 200
_ROWS_A_GROUP = 20_480
"""A sixth of DuckDB's own: so many rows of a hundred columns are written in a fifth less time, and read in the same."""
_FEW_BAD = 0.1


def read_fhir(request: Request) -> Reading:
    """Read a file into `rows.parquet` and `quarantine.parquet`; those of other types than the file's into a folder a type.

    Rows have the contract's columns, the marks, `_row_number` (the line, from 1; where a line holds several resources, the next
    number; null where it is the row's place in the Parquet) and `_last_updated` (`meta.lastUpdated` as an instant). Raises
    `ExtractRefused` if too many resources are bad or they are of another FHIR version.
    """
    start = first_bytes(request.path, request.limits)
    said = _versions_said(start)
    of_one_type = request.contract if request.contract.name != BUNDLE else request.contracts.get(type_of_start(start) or "")
    if of_one_type and of_one_type.name not in (BUNDLE, DELETED) and not said.of_it:
        n_read = _read_plain(request.of(of_one_type))
        if n_read is not None:
            whole = Reading(n_read, n_read, 0, n_doubts=note_doubts(request.of(of_one_type)))
            own = whole if of_one_type is request.contract else Reading(0, 0, 0, parts={of_one_type.name: whole})
            return replace(own, denied=said.denied())
        if of_one_type is not request.contract:
            shutil.rmtree(request.of(of_one_type).folder)
    path, encoding = as_utf8(request.path, request.scratch)
    if encoding:
        return replace(read_fhir(replace(request, path=path)), read_as=f"in {spoken(encoding)}")
    presumed = None if said.of_it else _read_presumed(request)
    return replace(presumed, denied=said.denied()) if presumed else _read_sifted(request)


def _versions_said(start: bytes) -> Versions:
    """What the first lines of a file say of its version, because the fast path reads no element that R4 does not have."""
    said = Versions()
    for line in start.split(b"\n", _LINES_ASKED)[:_LINES_ASKED]:
        try:
            resource = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(resource, dict):
            said.note(resource)
    return said


def _read_plain(request: Request) -> int | None:
    """The number of resources read on the fast path; None if the file has to take the slow one."""
    n_lines = count_plain_lines(request.path, request.limits, odd_places)
    if n_lines is None:
        return None
    with Quarantine(request.folder):
        n_read = _copy(request, request.path, is_unparsed=True, is_contained_refused=True)
    return n_read if n_read == n_lines and not has_doubts(request.folder / ROWS) else None


def _read_presumed(request: Request) -> Reading | None:
    """A file of one type in which a few lines are not sound: the others are copied unparsed, and proved as those of a clean file
    are. None if the proof fails: then every line has to be read."""
    if request.contract.name in (BUNDLE, DELETED):
        return None
    with Sifted(request) as sifted:
        if _is_proved(sifted):
            part, n_bad = sifted.own, sifted.own.quarantine.n_rows
            sifted.refuse_if_too_many()
            parts = {name: _read_part(one) for name, one in sifted.parts.items() if one is not part}
            sifted.refuse_if_too_many()
            counts = (part.n_delivered, part.n_delivered - n_bad, n_bad)
            return Reading(*counts, parts=parts, unread=dict(sifted.unread), n_doubts=note_doubts(request))
        others = [one.request.folder for one in sifted.parts.values() if one is not sifted.own]
    for folder in others:
        shutil.rmtree(folder)
    return None


def _is_proved(sifted: Sifted) -> bool:
    """Whether few lines are bad, and the scan and DuckDB agree on all others, of which the rows are then there."""
    try:
        sift(sifted, is_presuming=True)
    except NotPlain:
        return False
    request, part = sifted.request, sifted.own
    n_sound = part.n_delivered - part.quarantine.n_rows
    if part.quarantine.n_rows > _FEW_BAD * part.n_delivered:
        return False
    numbers = request.scratch / "numbers.parquet"
    part.write_numbers(numbers)
    return _copy(request, part.path, numbers=numbers, is_unparsed=True) == n_sound and not has_doubts(request.folder / ROWS)


def _read_sifted(request: Request) -> Reading:
    with Sifted(request) as sifted:
        sift(sifted)
        sifted.refuse_if_too_many()
        readings = {extract: _read_part(part) for extract, part in sifted.parts.items() if extract != BUNDLE}
        sifted.refuse_if_too_many()
    n_bad = sifted.own.n_delivered
    own = readings.pop(request.contract.name, Reading(n_bad, 0, n_bad))
    return replace(own, parts=readings, unread=dict(sifted.unread), denied=sifted.versions.denied())


def _read_part(part: Part) -> Reading:
    request, quarantine = part.request, part.quarantine
    rows, fitting = request.folder / ROWS, part.path.with_name("fitting.ndjson")

    def is_sound(numbered: Path, n_lines: int) -> bool:
        return _copy(request, numbered, is_numbered=True) == n_lines and not has_doubts(rows)

    n_read = _copy(request, part.path, is_numbered=True)
    if n_read is None or has_doubts(rows):
        sift_structure(part.path, fitting, request.contract, quarantine, request.connection, is_sound)
        n_read = _copy(request, fitting, is_numbered=True)
    if n_read is None or n_read + quarantine.n_rows != part.n_delivered:
        kind = _resource_type(request.contract)
        raise ExtractRefused(f"cannot be read as FHIR R4 {kind}, although each of its resources can. Report this.")
    return Reading(part.n_delivered, n_read, quarantine.n_rows, n_doubts=note_doubts(request))


def _resource_type(contract: Contract) -> str:
    return BUNDLE if contract.name == DELETED else contract.name


def _copy(
    request: Request,
    path: Path,
    *,
    is_numbered: bool = False,
    numbers: Path | None = None,
    is_unparsed: bool = False,
    is_contained_refused: bool = False,
) -> int | None:
    """The number of resources that DuckDB read and wrote, in order; None if it met a line that it cannot read.

    `is_numbered`: each line carries the number of its row; `numbers`: a file of Parquet has it in the same place; otherwise it is
    the place. `is_unparsed`: nobody looked into the lines. One with blanks around its id is left out, for to take them away takes
    a sixth longer to read; one with an element that may be a sign of another version of FHIR cannot be read.
    `is_contained_refused`: nor can one with contained resources that must be taken out or named. DuckDB, which parses it anyway,
    finds both for nothing.
    """
    types = {name: sql_type(column.dtype.type) for name, column in request.contract.fields.items()}
    read = {"resourceType": "varchar"} | ({NUMBER: "bigint"} if is_numbered else {}) | types
    id = "read.id" if is_unparsed else "trim(read.id)"
    has_id = "read.id > ' ' and not suffix(read.id, ' ')" if is_unparsed else "trim(read.id) <> ''"
    such = [f"resourceType = {literal(_resource_type(request.contract))}", *([has_id] if "id" in types else [])]
    beside = [name for name in SIGNS_BESIDE.get(request.contract.name, ()) if name not in types]
    read |= dict.fromkeys(beside, "varchar")
    such += [f"if(read.\"{name}\" is null, true, error('version'))" for name in beside] if is_unparsed else []
    if is_contained_refused and "contained" not in types:
        read |= {"contained": "varchar"}
        is_left = "false" if request.contract.name in CONTAINERS else "not contains(contained, '\"Patient\"')"
        such.append(f"if(contained is null or {is_left}, true, error('contained'))")
    columns = [
        *(f'{id} as "{name}"' if name == "id" else f'"{name}"' for name in types),
        *(f"{literal(value)} as {name}" for name, value in request.marks.items()),
        (f'"{NUMBER}"' if is_numbered else "numbers.number" if numbers else "null::bigint") + " as _row_number",
        "try_cast(meta.lastUpdated as timestamptz) as _last_updated",
    ]
    try:
        # The zone of a time that has no offset.
        request.connection.execute(f"set TimeZone = {literal(request.time_zone)}")
        (n_rows,) = request.connection.execute(
            f"""
            copy (
                select {", ".join(columns)}
                from read_json(
                    {literal(str(path))},
                    format = 'newline_delimited',
                    compression = 'uncompressed',
                    columns = {{{", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in read.items())}}},
                    maximum_object_size = {request.limits.line_bytes + ROOM_FOR_NUMBER}
                ) as read
                {f"positional join read_parquet({literal(str(numbers))}) as numbers" if numbers else ""}
                where {" and ".join(such)}
            ) to {literal(str(request.folder / ROWS))} (format parquet, row_group_size {_ROWS_A_GROUP}, write_bloom_filter false)
            """
        ).fetchall()[0]
    except (duckdb.InvalidInputException, duckdb.ConversionException):
        return None
    finally:
        request.connection.execute("set TimeZone = 'UTC'")
    return n_rows
