"""The slow path for an NDJSON file: checks every line, and copies the good ones with their numbers."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import duckdb
import orjson
import polars as pl

from models.contract import Contract
from pipelines.extract.fhir_structure import Misfit, as_pairs, misfits
from pipelines.extract.ndjson_scan import DEEPEST
from pipelines.extract.preflight import Limits
from pipelines.extract.reading import Quarantine
from pipelines.sql.types import sql_type

NUMBER = "line:6f9d3c"
"""The element that carries a line's number; no resource has an element of this name."""

_BOM = b"\xef\xbb\xbf"
_LINES_A_BLOCK = 2_000
_MOST_DIGITS = 100


def sift(path: Path, clean: Path, resource_type: str, needs_id: bool, quarantine: Quarantine, limits: Limits) -> int:
    """Copy every line that is one JSON object of this resource type; quarantine the others. Returns the non-blank count."""
    n_delivered = 0
    with path.open("rb") as content, clean.open("wb") as out:
        for number, line in _lines(content, limits.line_bytes):
            if line is None:
                n_delivered += 1
                quarantine.add(number, None, f"is longer than {limits.line_bytes // 2**20} MB")
                continue
            line = (line.removeprefix(_BOM) if number == 1 else line).strip()
            if not line:
                continue
            n_delivered += 1
            if fault := _fault(line, resource_type, needs_id):
                quarantine.add(number, *fault)
            else:
                out.write(b'{"%s":%d,%s\n' % (NUMBER.encode(), number, line[1:]))
    return n_delivered


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
        resource = json.loads(line, object_pairs_hook=as_pairs, parse_int=_whole)
        found = list(misfits(resource, contract))
        if sure := [misfit for misfit in found if not misfit.in_doubt]:
            quarantine.add(resource[NUMBER], sure[0].field, sure[0].reason)
        elif found:
            waiting.append((resource[NUMBER], line, found))
        else:
            out.write(line)
    _settle(waiting, out, quarantine, judge)


def _lines(content: BinaryIO, longest: int) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number; None for a line longer than `longest`. Never holds more than `longest` bytes of a line."""
    number = 0
    while line := content.readline(longest + 1):
        number += 1
        is_long = len(line) > longest and not line.endswith(b"\n")
        while is_long and (rest := content.readline(longest)) and not rest.endswith(b"\n"):
            pass
        yield number, None if is_long else line


def _fault(line: bytes, resource_type: str, needs_id: bool) -> tuple[str | None, str] | None:
    """The wrong field and the reason; None if the line is a resource of this type."""
    if b"\x00" in line:
        return None, "holds a NUL byte"
    try:
        resource = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if "infinity" not in error.msg:
            return None, _in_words(error)
        resource = json.loads(line, parse_int=_whole)
    if not isinstance(resource, dict):
        return None, "is not a JSON object"
    if "resourceType" not in resource:
        return "resourceType", "is missing"
    if resource["resourceType"] != resource_type:
        return "resourceType", f"is not {resource_type}, as the file's name says"
    if needs_id and resource.get("id") in (None, ""):
        return "id", "is missing or empty"
    return None


def _whole(digits: str) -> int | float:
    """Python refuses to parse an int with thousands of digits; as a float, such a number is infinite."""
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


def _in_words(error: orjson.JSONDecodeError) -> str:
    """orjson's message gives position and cause, and contains nothing from the line."""
    if "unexpected end of data" in error.msg:
        return "is cut off: the JSON ends too early"
    if "depth limit" in error.msg:
        return f"is nested more than {DEEPEST:,} levels deep"
    if "UTF-8" in error.msg:
        return "is not valid UTF-8"
    return f"is not valid JSON at character {error.pos + 1:,}"


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
