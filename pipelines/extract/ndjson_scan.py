"""Counts the lines of NDJSON at memory speed, and detects what DuckDB reads although JSON forbids it.

DuckDB's parser (yyjson, with DuckDB's flags) follows JSON with these exceptions: it accepts a comma before a closing bracket,
`NaN`, `Infinity` and any depth of nesting, and skips blank lines. So if this scan finds none of these, and DuckDB reads as many
rows as there are lines, every line was one valid JSON document.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipelines.extract.preflight import Limits

DEEPEST = 1024
"""Levels of nesting that orjson accepts; deeper lines are quarantined."""

_PIECE = 2**17
"""Small enough for the processor's cache."""
_SHORTEST = len('{"resourceType":"X"}')
_NEWLINE, _SPACE, _COMMA, _BRACE = 10, 32, 44, ord("}")
_LOWER = 32
_OPENING, _CLOSING = ord("{"), ord("}")
"""The common code of `[` and `{`, and of `]` and `}`, after the lower-case bit is set."""
_SPELT = (b"nan", b"inf", b"infinity")
_LAST_LETTERS = sorted({word[-1] for word in _SPELT})


def count_plain_lines(path: Path, limits: Limits, odd: Callable[[bytes], object] = lambda _: False) -> int | None:
    """The number of lines; None if one is blank, too long, cut off, possibly nested too deeply, or readable only by a lenient
    parser.

    Also None if `odd` finds something in one.
    """
    scan, n_lines, tail = LineScan(limits.line_bytes), 0, b""
    with path.open("rb") as content:
        while piece := content.read(_PIECE):
            block = tail + piece
            end = block.rfind(b"\n") + 1
            tail = block[end:]
            n_found = scan.count(block, end) if end else 0
            if n_found is None or len(tail) > limits.line_bytes or odd(block):
                return None
            n_lines += n_found
    n_last = scan.count(tail + b"\n", len(tail) + 1) if tail else 0
    return None if n_last is None else n_lines + n_last


class LineScan:
    """Scans blocks of lines, each at most `longest` bytes, with the same working memory: with memory of its own for each step,
    which the system hands out page by page, the same scan took three times as long."""

    def __init__(self, longest: int):
        self._longest = longest
        self._room(2 * _PIECE)

    def _room(self, size: int) -> None:
        self._lower = np.empty(size, np.uint8)
        self._odd, self._end, self._found = (np.empty(size, np.bool_) for _ in range(3))

    def count(self, block: bytes, end: int) -> int | None:
        """The number of lines in `block`, each with its line feed, the last of which ends at `end`; None as
        `count_plain_lines`."""
        if end > len(self._lower):
            self._room(end)
        codes = np.frombuffer(block, np.uint8, end)
        found = self._found[:end]
        ends = np.equal(codes, _NEWLINE, out=found).nonzero()[0]
        lengths = np.diff(ends, prepend=-1)
        if lengths.min() < _SHORTEST or lengths.max() > self._longest:
            return None
        last = codes[ends - 1]
        if ((last > _SPACE) & (last != _BRACE)).any():
            return None
        np.bitwise_or(codes, _LOWER, out=self._lower[:end])
        return None if self._may_be_deep(ends, lengths) or self._is_lenient(codes) else len(ends)

    def _may_be_deep(self, ends: np.ndarray, lengths: np.ndarray) -> bool:
        """Whether a line may be nested too deeply: its depth is at most its brackets, and each needs its closing one."""
        longest = lengths.max()
        if longest <= 2 * DEEPEST:
            return False
        is_opening = np.equal(self._lower[: ends[-1]], _OPENING, out=self._found[: ends[-1]])
        openings = is_opening.nonzero()[0]
        # Lines are counted one by one only where that many brackets fit into one.
        if not (openings[DEEPEST:] - openings[:-DEEPEST] < longest).any():
            return False
        long = np.flatnonzero(lengths > 2 * DEEPEST)
        return any(np.count_nonzero(is_opening[ends[i] - lengths[i] + 1 : ends[i]]) > DEEPEST for i in long)

    def _is_lenient(self, codes: np.ndarray) -> bool:
        """Whether a `,`, `]` or `}` follows a comma, or a number written in letters, instead of a regular value."""
        size = len(codes)
        lower, is_odd, is_end, found = self._lower[:size], self._odd[:size], self._end[:size], self._found[:size]
        np.equal(codes, _COMMA, out=is_odd)
        np.equal(lower, _CLOSING, out=is_end)
        is_end |= is_odd
        is_odd |= np.less_equal(codes, _SPACE, out=found)
        for letter in _LAST_LETTERS:
            is_odd |= np.equal(lower, letter, out=found)
        is_odd[:-1] &= is_end[1:]
        if not is_odd[:-1].any():
            return False
        before = np.flatnonzero(is_odd[:-1])
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
        if not ends.size:
            return False
    before = codes[ends - len(word)] | _LOWER
    return bool(((before < ord("a")) | (before > ord("z"))).any())
