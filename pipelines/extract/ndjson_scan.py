"""Counts the lines of NDJSON at memory speed, and finds what DuckDB reads though JSON forbids it.

DuckDB's parser (yyjson, with the flags that DuckDB sets) checks all of JSON but this: it takes a comma before a closing bracket,
`NaN` and `Infinity`, any depth of nesting, and passes over blank lines. So where this scan finds none of those, and DuckDB
reads as many rows as there are lines, every line was one valid JSON document.
"""

from pathlib import Path

import numpy as np

from pipelines.extract.preflight import Limits

DEEPEST = 1024
"""Levels of nesting that orjson accepts, and so the depth beyond which a line is quarantined."""

_PIECE = 2**16
"""Small enough for the processor's cache, and for malloc to reuse: at 1 MiB the same scan takes four times as long."""
_SHORTEST = len('{"resourceType":"X"}')
_NEWLINE, _SPACE, _COMMA = 10, 32, 44
_LOWER = 32
_CLOSING = ord("}")


def count_plain_lines(path: Path, limits: Limits) -> int | None:
    """The number of lines; None where a line is blank, long, may be nested deeply or holds what only a lenient parser reads."""
    n_lines, tail = 0, []
    with path.open("rb") as content:
        while piece := content.read(_PIECE):
            head, found, rest = piece.rpartition(b"\n")
            if not found:
                tail.append(piece)
                if len(tail) * _PIECE > limits.line_bytes:
                    return None
                continue
            n_found = _count(b"".join([*tail, head, found]), limits.line_bytes)
            if n_found is None:
                return None
            n_lines += n_found
            tail = [rest] if rest else []
    last = _count(b"".join([*tail, b"\n"]), limits.line_bytes) if tail else 0
    return None if last is None else n_lines + last


def _count(block: bytes, longest: int) -> int | None:
    """Of whole lines, each with its line feed."""
    codes = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(codes == _NEWLINE)
    lengths = np.diff(ends, prepend=-1)
    if lengths.min() < _SHORTEST or lengths.max() > longest or _may_be_deep(block, ends, lengths):
        return None
    lower = codes | _LOWER
    if _ends_loosely(codes, lower) or _spells_a_number(codes, lower, b"nan") or _spells_a_number(codes, lower, b"inf"):
        return None
    return len(ends)


def _may_be_deep(block: bytes, ends: np.ndarray, lengths: np.ndarray) -> bool:
    """A line can only be nested as deep as it has opening brackets, and each needs its closing one."""
    for i in np.flatnonzero(lengths > 2 * DEEPEST):
        start, end = int(ends[i] - lengths[i] + 1), int(ends[i])
        if block.count(b"{", start, end) + block.count(b"[", start, end) > DEEPEST:
            return True
    return False


def _ends_loosely(codes: np.ndarray, lower: np.ndarray) -> bool:
    """A comma before a closing bracket, or white space that may hide one."""
    before = codes[:-1]
    return bool(((lower[1:] == _CLOSING) & ((before == _COMMA) | (before <= _SPACE))).any())


def _spells_a_number(codes: np.ndarray, lower: np.ndarray, word: bytes) -> bool:
    """`NaN`, `inf` or `Infinity` in any case, not within a word."""
    first, second, third = word
    found = np.flatnonzero((lower[:-2] == first) & (lower[1:-1] == second) & (lower[2:] == third))
    if not len(found):
        return False
    after = codes[found + 3]
    return bool(((after == _COMMA) | (after <= _SPACE) | ((after | _LOWER) == _CLOSING) | ((after | _LOWER) == ord("i"))).any())
