"""Splits X12 interchanges into segments, whatever their delimiters (X12.5, X12.6), in pieces of bounded size.

Delimiters are where the ISA segment has them: the element separator in its 4th byte, the repetition separator in ISA11 (from
version 00402 on; an identifier of standards before), the component separator in ISA16, the segment terminator after that. Line
breaks count for nothing, unless one is the terminator.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_BLOCK = 2**16
LONGEST_SEGMENT = 2**20
"""Segments have at most some thousand bytes: what has no terminator for so long is no X12."""

_WIDTHS = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1)
"""Of ISA01 to ISA15 (X12.5): a whole ISA has 106 bytes."""
_ISA = re.compile(
    rb"ISA([^A-Za-z0-9 \r\n])" + b"".join(rb".{%d}\1" % width for width in _WIDTHS) + rb"(.)([^A-Za-z0-9 ])", re.DOTALL
)
_LOOSE_ISA = re.compile(rb"ISA([^A-Za-z0-9 \r\n])(?:[^\r\n]{0,40}?\1){15}([^A-Za-z0-9 \r\n])([^A-Za-z0-9 ])")
"""An ISA whose elements do not have their widths, as text editors and home-made programs leave it."""
_ROOM_FOR_ISA = 1024
_FIRST_WITH_REPETITION = "00402"
_BETWEEN = b" \t\r\n\x00\x1a\xef\xbb\xbf"
"""What may lie before and between interchanges: blanks, line breaks, NUL, the end mark of DOS, a byte-order mark."""


@dataclass(frozen=True)
class Delimiters:
    """One character each; `repetition` is None where the version has none."""

    element: str
    component: str
    segment: str
    repetition: str | None = None


@dataclass(frozen=True)
class Segments:
    """Consecutive segments of one interchange, each as its elements, without blanks around them: `["ST", "835", "0001"]`.

    `first`: the number of the first one in the file, from 1. `fault`: what is wrong with the ISA; without `delimiters`, why these
    bytes are no segments. `is_cut_off`: the file ends within the last segment.
    """

    first: int
    segments: list[list[str]]
    delimiters: Delimiters | None
    fault: str | None = None
    is_cut_off: bool = False


def is_x12(start: bytes) -> bool:
    """Whether a file begins with an ISA segment."""
    return _opening(start.lstrip(_BETWEEN)[:_ROOM_FOR_ISA]) is not None


def read_segments(content: BinaryIO) -> Iterator[Segments]:
    """The segments of a file, some thousand at a time.

    Raises nothing for what the bytes are: those of no interchange count as one place with a `fault`, up to the next ISA.
    """
    held, number = _Held(content), 1
    while held.begins():
        isa = _opening(held.bytes[:_ROOM_FOR_ISA])
        if isa is None:
            held.skip_to_isa()
            yield Segments(number, [], None, "is no X12: it belongs to no interchange, which begins with ISA")
            number += 1
            continue
        for segments in _interchange(held, *isa, number):
            number = segments.first + max(len(segments.segments), 1)
            yield segments


class _Held:
    """The bytes of a file that were read and not yet taken."""

    def __init__(self, content: BinaryIO):
        self._content = content
        self.bytes = b""
        self.is_end = False

    def more(self) -> None:
        block = self._content.read(_BLOCK)
        self.bytes += block
        self.is_end = not block

    def begins(self) -> bool:
        """Pass over what may lie between interchanges; whether anything follows."""
        self.bytes = self.bytes.lstrip(_BETWEEN)
        while not self.is_end and len(self.bytes) < _ROOM_FOR_ISA:
            self.more()
            self.bytes = self.bytes.lstrip(_BETWEEN)
        return bool(self.bytes)

    def skip_to_isa(self) -> None:
        """Drop the first byte and all before the next ISA of the right widths."""
        self.bytes = self.bytes[1:]
        while not (found := _ISA.search(self.bytes)):
            if self.is_end:
                self.bytes = b""
                return
            self.bytes = self.bytes[-_ROOM_FOR_ISA:]
            self.more()
        self.bytes = self.bytes[found.start() :]


def _opening(start: bytes) -> tuple[bytes, Delimiters, bool] | None:
    """The ISA segment with its terminator, its delimiters, and whether it has its widths; None where there is none."""
    found = _ISA.match(start) or _LOOSE_ISA.match(start)
    # Mainframes break lines after 80 bytes, wherever that is.
    found = found or _ISA.match(start.translate(None, b"\r\n"))
    if found is None:
        return None
    element, component, segment = (mark.decode("latin-1") for mark in found.groups())
    if len({element, component, segment}) < 3:
        return None
    values = found[0].decode("latin-1").split(element)
    has_repetition = values[12] >= _FIRST_WITH_REPETITION and not values[11].isalnum()
    marks = Delimiters(element, component, segment, values[11] if has_repetition and len(values[11]) == 1 else None)
    return found[0], marks, found.re is _ISA


def _interchange(held: _Held, isa: bytes, marks: Delimiters, is_of_width: bool, number: int) -> Iterator[Segments]:
    """The segments of the interchange that `held` begins with, up to its IEA, the next ISA or the end of the file."""
    element, segment = marks.element.encode("latin-1"), marks.segment.encode("latin-1")
    fault = None if is_of_width else "ISA has not its 106 characters: the widths of its elements are wrong"
    yield Segments(number, [[one.strip(" ") for one in isa[:-1].decode("latin-1").split(marks.element)]], marks, fault)
    number += 1
    held.bytes = held.bytes[_length(held.bytes, isa) - 1 :]
    end = re.compile(
        re.escape(segment) + rb"[ \t\r\n]*(?:(IEA" + re.escape(element) + rb")|(?=" + _ISA.pattern + rb"))", re.DOTALL
    )
    while True:
        found = end.search(held.bytes)
        if found and found[1]:
            while (
                (stop := held.bytes.find(segment, found.end())) < 0 and not held.is_end and len(held.bytes) < 2 * LONGEST_SEGMENT
            ):
                held.more()
            stop = len(held.bytes) if stop < 0 else stop
        else:
            stop = found.start() if found else held.bytes.rfind(segment)
        is_last = found is not None or held.is_end
        if held.is_end and not found:
            stop = len(held.bytes)
        if stop > 0:
            split = _split(held.bytes[:stop], marks)
            is_cut_off = found is None and held.is_end and bool(held.bytes.rpartition(segment)[2].strip(_BETWEEN))
            if split:
                yield Segments(number, split, marks, is_cut_off=is_cut_off)
            number += len(split)
            held.bytes = held.bytes[stop:]
        if is_last:
            held.bytes = held.bytes[1:]
            return
        if len(held.bytes) > LONGEST_SEGMENT:
            held.skip_to_isa()
            yield Segments(number, [], None, f"is no X12: a segment is longer than {LONGEST_SEGMENT // 2**20} MB")
            return
        held.more()


def _length(held: bytes, isa: bytes) -> int:
    """How many bytes of `held` an ISA takes, which may be broken into lines there."""
    if held.startswith(isa):
        return len(isa)
    at = 0
    for byte in isa:
        at = held.index(byte, at) + 1
    return at


def _split(content: bytes, marks: Delimiters) -> list[list[str]]:
    """The segments in `content`, without blanks and line breaks around them and their elements."""
    content = content.translate(None, b"\r\n".replace(marks.segment.encode("latin-1"), b""))
    text = _text(content, marks)
    element, segment = marks.element, marks.segment
    delimiters = (element, segment, marks.component, marks.repetition)
    blanks = "".join(one for one in " \t" if one in text and one not in delimiters)
    if any(blank + mark in text or mark + blank in text for blank in blanks for mark in (element, segment)):
        text = re.sub(rf"[{blanks}]*([{re.escape(element + segment)}])[{blanks}]*", r"\1", text)
    return [one.split(element) for one in text.strip(blanks).split(segment) if one and not one.isspace()]


def _text(content: bytes, marks: Delimiters) -> str:
    """UTF-8, or else Latin-1, which any bytes are."""
    if content.isascii():
        return content.decode("ascii")
    try:
        # A delimiter beyond ASCII is one byte, and would be part of a character in UTF-8.
        are_ascii = (marks.element + marks.segment + marks.component + (marks.repetition or "")).isascii()
        return content.decode("utf-8" if are_ascii else "latin-1")
    except UnicodeDecodeError:
        return content.decode("latin-1")
