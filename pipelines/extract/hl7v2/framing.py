"""Finds the messages in a file of HL7 v2: batch envelopes, any line ends, MLLP's framing bytes. Holds one message at a time.

HL7 v2.5.1, chapter 2: a segment ends with CR, a batch stands between FHS, BHS and BTS, FTS. Files end segments with LF or CR LF
too, and mix them. A line that begins with no segment's name belongs to the segment before it: a report whose text was broken.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from pipelines.extract.preflight import BLOCK

TOO_LONG = "is longer than {} MB"
_FRAMING = b"\x0b\x1c"
"""MLLP puts 0x0B before a message and 0x1C after it (HL7 v2.5.1, appendix C)."""
_BOM = b"\xef\xbb\xbf"
_SEGMENT = re.compile(rb"[A-Z][A-Z0-9]{2}([^A-Za-z0-9]|$)")
_MOST_STARTS = 1_000
"""How many beginnings of lines are remembered."""
MESSAGE = b"MSH"
HEADERS = frozenset((b"FHS", b"BHS"))
TRAILERS = frozenset((b"BTS", b"FTS"))
_OPENING = HEADERS | TRAILERS | {MESSAGE}


@dataclass(slots=True)
class Frame:
    """What stands between two beginnings: a message, a header or trailer of a batch, or lines that belong to none of them.

    `name` is that of its first segment, or empty for such lines. `segments`: each with its line in the file, from 1. `fault`: why
    it is not there as a whole, in words.
    """

    name: bytes
    line: int
    segments: list[tuple[int, bytes]] = field(default_factory=list)
    fault: str = ""


def frames(content: BinaryIO, longest: int) -> Iterator[Frame]:
    """The messages, headers and trailers of a file, in its order, and what stands between them.

    Of a message of more than `longest` bytes, what is beyond is left out, and its fault says so.
    """
    frame: Frame | None = None
    parts: list[bytes] = []
    begun = size = 0
    names: dict[bytes, bytes] = {}
    for number, line in _lines(content, longest):
        start = line[:4]
        name = names.get(start)
        if name is None:
            name = names[start] = start[:3] if _SEGMENT.match(start) else b""
            if len(names) > _MOST_STARTS:
                names.clear()
        if frame is None or name in _OPENING or (frame.name in HEADERS or frame.name in TRAILERS):
            if frame:
                frame.segments.append((begun, b"\n".join(parts)))
                yield frame
            frame = Frame(name if name in _OPENING else b"", number)
            begun, parts, size = number, [line[:longest]], 0
        elif size > longest:
            continue
        elif name:
            frame.segments.append((begun, b"\n".join(parts)))
            begun, parts = number, [line]
        else:
            parts.append(line)
        size += len(line) + 1
        if size > longest + 1:
            frame.fault = TOO_LONG.format(longest // 2**20)
            size = longest + 2
    if frame:
        frame.segments.append((begun, b"\n".join(parts)))
        yield frame


def _lines(content: BinaryIO, longest: int) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, each with its number; of one that is too long, the first `longest` + 1 bytes."""
    number, tail, is_first, cut = 0, b"", True, False
    while piece := content.read(BLOCK):
        block = tail + piece
        if is_first:
            block, is_first = block.removeprefix(_BOM), False
        # A line feed that may follow the last CR is in the next piece.
        held = b"\r" if block.endswith(b"\r") else b""
        lines = block[: len(block) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        tail = lines.pop() + held
        for line in lines:
            number += 1
            if cut:
                cut = False
            elif text := line.lstrip(_FRAMING + b" \t").rstrip(_FRAMING):
                yield number, text[: longest + 1]
        if len(tail) > longest + 1:
            if not cut:
                yield number + 1, tail[: longest + 1]
            tail, cut = held, True
    text = tail.lstrip(_FRAMING + b" \t\r\n").rstrip(_FRAMING + b"\r\n")
    if text and not cut:
        yield number + 1, text[: longest + 1]
