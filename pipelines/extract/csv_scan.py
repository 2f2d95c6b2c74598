"""Counts the records of a CSV file at memory speed, and detects anything that two parsers could read differently.

A file passes if it follows RFC 4180 strictly: every quote opens or closes a field or is doubled within one, all line endings are
the same, no record is empty. Then any parser reads the same records, and DuckDB must find the number counted here.
"""

import codecs
from pathlib import Path

import numpy as np

from pipelines.errors import ExtractRefused
from pipelines.extract.csv_header import not_utf8
from pipelines.extract.preflight import Limits

_PIECE = 2**18
"""Twice as fast as pieces of a quarter; larger ones fall out of the cache."""
_NEWLINE, _RETURN, _QUOTE = ord("\n"), ord("\r"), ord('"')
_BOM = codecs.BOM_UTF8


def count_plain_records(path: Path, delimiter: str, limits: Limits) -> int | None:
    """The number of records including the header; None if the file is not plain (see above).

    Raises `ExtractRefused` if it is not UTF-8, naming the line.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    scan = _Scan(ord(delimiter), limits.record_bytes)
    n_lines, tail, is_plain = 0, b"", True
    with path.open("rb") as content:
        while piece := content.read(_PIECE):
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                raise ExtractRefused(not_utf8(n_lines + error.object.count(b"\n", 0, error.start) + 1)) from None
            n_lines += piece.count(b"\n")
            if is_plain:
                block = tail + (piece.removeprefix(_BOM) if scan.is_fresh else piece)
                end = block.rfind(b"\n") + 1
                block, tail = block[:end], block[end:]
                is_plain = (not block or scan.passes(block)) and len(tail) <= limits.record_bytes
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise ExtractRefused(not_utf8(n_lines + 1)) from None
    if not is_plain or (tail and not scan.passes(tail + (b"\r\n" if scan.has_returns else b"\n"))) or scan.is_quoted:
        return None
    return scan.n_records


class _Scan:
    """The state after the lines scanned so far."""

    def __init__(self, delimiter: int, longest: int):
        self._delimiter = delimiter
        self._longest = longest
        self._n_open = 0
        self.is_fresh = True
        self.is_quoted = False
        self.has_returns = False
        self.n_records = 0

    def passes(self, block: bytes) -> bool:
        """Scan a block of whole lines; false if one of them is not plain."""
        codes = np.frombuffer(block, np.uint8)
        quotes = np.flatnonzero(codes == _QUOTE)
        opens = (np.arange(len(quotes)) % 2 == 0) != self.is_quoted
        ends = np.flatnonzero(codes == _NEWLINE)
        if len(quotes):
            ends = ends[(np.searchsorted(quotes, ends) % 2 == 0) != self.is_quoted]
        elif self.is_quoted:
            ends = ends[:0]
        is_plain = self._quotes_are_plain(codes, quotes, opens) and self._ends_are_plain(codes, ends)
        self.is_quoted = self.is_quoted != (len(quotes) % 2 == 1)
        self.is_fresh = False
        self.n_records += len(ends)
        return is_plain

    def _quotes_are_plain(self, codes: np.ndarray, quotes: np.ndarray, opens: np.ndarray) -> bool:
        """Whether opening quotes follow, and closing quotes precede, a delimiter, a line feed or the quote they double."""
        opening, closing = quotes[opens], quotes[~opens]
        before = np.where(opening > 0, codes[opening - 1], _NEWLINE)
        after = codes[closing + 1]
        is_open = (before == self._delimiter) | (before == _NEWLINE) | (before == _QUOTE)
        is_closed = (after == self._delimiter) | (after == _NEWLINE) | (after == _RETURN) | (after == _QUOTE)
        return bool(is_open.all() and is_closed.all())

    def _ends_are_plain(self, codes: np.ndarray, ends: np.ndarray) -> bool:
        """Whether all lines end with a carriage return or none do, with none elsewhere; no record empty or too long; no NUL."""
        if not (codes > 0).all():
            return False
        returns = np.flatnonzero(codes == _RETURN)
        has_returns = codes[ends - 1] == _RETURN
        if self.is_fresh and len(ends):
            self.has_returns = bool(has_returns[0])
        if (has_returns != self.has_returns).any() or (len(returns) and not self.has_returns):
            return False
        if len(returns) and (codes[returns + 1] != _NEWLINE).any():
            return False
        widths = np.diff(ends, prepend=-1 - self._n_open)
        self._n_open = len(codes) - 1 - int(ends[-1]) if len(ends) else self._n_open + len(codes)
        return bool(((widths > 1 + self.has_returns) & (widths <= self._longest)).all()) and self._n_open <= self._longest
