"""How the text of a delivered file is encoded: in UTF-8, in UTF-16 or UTF-32, or in the code page of Windows.

One rule for every format. Without a mark, a file is UTF-16 or UTF-32 if its first characters are ASCII in two or four bytes
each: so headers begin, and JSON. Otherwise it is read as Windows-1252 if it is not UTF-8, each of its bytes means a character
there, and no character in it is written as UTF-8 writes it. A file with both is a damaged UTF-8 file.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

WINDOWS, UTF16, UTF32 = "cp1252", "utf-16", "utf-32"
_MARKS = {
    # The mark of UTF-32 begins with that of UTF-16.
    codecs.BOM_UTF32_LE: UTF32,
    codecs.BOM_UTF32_BE: UTF32,
    codecs.BOM_UTF16_LE: UTF16,
    codecs.BOM_UTF16_BE: UTF16,
    codecs.BOM_UTF8: "utf-8-sig",
}
_WIDTHS = {UTF32: 4, UTF16: 2}
_PIECE = 2**20
_N_ASKED = 16
_ESCAPED = re.compile("[\udc80-\udcff]")
"""A byte that is no UTF-8, as the error handler `surrogateescape` passes it on."""
_WELL_FORMED = re.compile("[^\x00-\x7f\udc80-\udcff]")


def as_utf8(path: Path, folder: Path, known: str | None = None) -> tuple[Path, str | None]:
    """The file, or a copy of it in UTF-8 in `folder`; and the encoding that it is written in, None for UTF-8.

    `known`: what its sender says it is. A file that is in no encoding, or not to its end, is given back as it is: its reader says
    which lines are wrong.
    """
    with path.open("rb") as content:
        start = content.read(_N_ASKED)
    written = known or _marked(start) or _of_several_bytes(start) or (WINDOWS if _is_of_windows(path) else "utf-8")
    if written.startswith("utf-8"):
        return path, None
    copy = folder / f"utf8-{path.name}"
    try:
        with path.open(encoding=written, newline="") as content, copy.open("w", encoding="utf-8", newline="") as out:
            while piece := content.read(_PIECE):
                out.write(piece)
    except UnicodeError:
        return path, None
    return copy, written


def spoken(encoding: str) -> str:
    """The encoding as people call it."""
    if encoding == WINDOWS:
        return "Windows code page 1252"
    return next((name.upper() for name in _WIDTHS if encoding.startswith(name)), encoding)


def decoded_start(start: bytes) -> str:
    """The text of a file's first bytes, which may end within a character."""
    if marked := _marked(start) or _of_several_bytes(start):
        return start.decode(marked, errors="ignore")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return start.decode(WINDOWS, errors="ignore")


def _marked(start: bytes) -> str | None:
    return next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), None)


def _of_several_bytes(start: bytes) -> str | None:
    """The encoding and order of bytes of a file without a mark that has several bytes a character; None for another."""
    for encoding, width in _WIDTHS.items():
        bytes_of = [start[i:_N_ASKED:width] for i in range(width)]
        if len(bytes_of[-1]) < 2:
            continue
        for order, own, others in (("le", bytes_of[0], bytes_of[1:]), ("be", bytes_of[-1], bytes_of[:-1])):
            if all(own) and not any(map(any, others)):
                return f"{encoding}-{order}"
    return None


def _is_of_windows(path: Path) -> bool:
    has_escaped = False
    for text in _texts_beyond_ascii(path):
        if _WELL_FORMED.search(text):
            return False
        for found in set(_ESCAPED.findall(text)):
            has_escaped = True
            try:
                found.encode("utf-8", "surrogateescape").decode(WINDOWS)
            except UnicodeDecodeError:
                return False
    return has_escaped


def _texts_beyond_ascii(path: Path) -> Iterator[str]:
    """The pieces of a file that are not ASCII alone; bytes that are no UTF-8 are escaped."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with path.open("rb") as content:
        while piece := content.read(_PIECE):
            if not piece.isascii() or decoder.getstate()[0]:
                yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)
