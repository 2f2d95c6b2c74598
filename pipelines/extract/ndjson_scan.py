"""Counts the lines of NDJSON at memory speed, and detects what DuckDB reads although JSON forbids it.

DuckDB's parser (yyjson, with DuckDB's flags) follows JSON with these exceptions: it accepts a comma before a closing bracket,
`NaN`, `Infinity` and any depth of nesting, and skips blank lines. So if this scan finds none of these, and DuckDB reads as many
rows as there are lines, every line was one valid JSON document.
"""

from pathlib import Path

import numpy as np

from pipelines.extract.preflight import Limits

DEEPEST = 1024
"""Levels of nesting that orjson accepts; deeper lines are quarantined."""

_PIECE = 2**17
"""Small enough for the processor's cache: with 1 MiB the same scan takes a half longer."""
_SHORTEST = len('{"resourceType":"X"}')
_NEWLINE, _SPACE, _COMMA, _BRACE = 10, 32, 44, ord("}")
_LOWER = 32
_OPENING, _CLOSING = ord("{"), ord("}")
"""The common code of `[` and `{`, and of `]` and `}`, after the lower-case bit is set."""
_SPELT = (b"nan", b"inf", b"infinity")
_LAST_LETTERS = sorted({word[-1] for word in _SPELT})


def count_plain_lines(path: Path, limits: Limits, *, without: tuple[bytes, ...] = ()) -> int | None:
    """The number of lines; None if one is blank, too long, cut off, possibly nested too deeply, or readable only by a lenient
    parser.

    Also None if one of the texts `without` occurs in one.
    """
    n_lines, tail = 0, b""
    with path.open("rb") as content:
        while piece := content.read(_PIECE):
            block = tail + piece
            end = block.rfind(b"\n") + 1
            tail = block[end:]
            n_found = _count(block, end, limits.line_bytes) if end else 0
            if n_found is None or len(tail) > limits.line_bytes or any(mark in block for mark in without):
                return None
            n_lines += n_found
    n_last = _count(tail + b"\n", len(tail) + 1, limits.line_bytes) if tail else 0
    return None if n_last is None else n_lines + n_last


def _count(block: bytes, end: int, longest: int) -> int | None:
    """Counts whole lines, each with its line feed; the last one ends at `end`."""
    codes = np.frombuffer(block, np.uint8, end)
    ends = np.flatnonzero(codes == _NEWLINE)
    lengths = np.diff(ends, prepend=-1)
    if lengths.min() < _SHORTEST or lengths.max() > longest:
        return None
    last = codes[ends - 1]
    if ((last > _SPACE) & (last != _BRACE)).any():
        return None
    lower = codes | _LOWER
    return None if _may_be_deep(lower, ends, lengths) or _is_lenient(codes, lower) else len(ends)


def _may_be_deep(lower: np.ndarray, ends: np.ndarray, lengths: np.ndarray) -> bool:
    """Whether a line may be nested too deeply: its depth is at most its number of brackets, and each needs its closing one."""
    is_opening = lower == _OPENING
    long = np.flatnonzero(lengths > 2 * DEEPEST)
    return any(np.count_nonzero(is_opening[ends[i] - lengths[i] + 1 : ends[i]]) > DEEPEST for i in long)


def _is_lenient(codes: np.ndarray, lower: np.ndarray) -> bool:
    """Whether a `,`, `]` or `}` follows a comma, or a number written in letters, instead of a regular value."""
    is_comma = codes == _COMMA
    is_end = is_comma | (lower == _CLOSING)
    is_odd = is_comma | (codes <= _SPACE)
    for letter in _LAST_LETTERS:
        is_odd |= lower == letter
    before = np.flatnonzero(is_odd[:-1] & is_end[1:])
    if not before.size:
        return False
    ends, last = before + 1, codes[before]
    if (last <= _SPACE).any():
        before = before - (last <= _SPACE)
        last = codes[before]
        if (last <= _SPACE).any():
            return True
    if ((last == _COMMA) & (codes[ends] != _COMMA)).any():
        return True
    return any(_spells(codes, before, word) for word in _SPELT)


def _spells(codes: np.ndarray, ends: np.ndarray, word: bytes) -> bool:
    """Whether the word, in any case and not as the end of a longer word, ends at one of these positions."""
    for back, letter in enumerate(reversed(word)):
        ends = ends[(codes[ends - back] | _LOWER) == letter]
    before = codes[ends - len(word)] | _LOWER
    return bool(((before < ord("a")) | (before > ord("z"))).any())
