"""How the text of a delivered file is encoded: in UTF-8, in UTF-16, or in the code page of Windows.

One rule for every format. Without a mark, a file is UTF-16 if its first characters are ASCII in two bytes each: so headers begin,
and JSON. Otherwise it is read as Windows-1252 if it is not UTF-8, each of its bytes means a character there, and no character in
it is written as UTF-8 writes it. A file with both is a damaged UTF-8 file.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

WINDOWS, UTF16 = "cp1252", "utf-16"
_LITTLE, _BIG = "utf-16-le", "utf-16-be"
_MARKS = {codecs.BOM_UTF16_LE: UTF16, codecs.BOM_UTF16_BE: UTF16, codecs.BOM_UTF8: "utf-8-sig"}
_NAMES = {WINDOWS: "Windows code page 1252", UTF16: "UTF-16", _LITTLE: "UTF-16", _BIG: "UTF-16"}
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
    written = known or _MARKS.get(start[:2]) or _of_two_bytes(start) or (WINDOWS if _is_of_windows(path) else "utf-8")
    if written == "utf-8":
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
    return _NAMES.get(encoding, encoding)


def decoded_start(start: bytes) -> str:
    """The text of a file's first bytes, which may end within a character."""
    marked = next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), None) or _of_two_bytes(start)
    if marked:
        return start.decode(marked, errors="ignore")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return start.decode(WINDOWS, errors="ignore")


def _of_two_bytes(start: bytes) -> str | None:
    """Which of the two orders of UTF-16 a file without a mark is in; None for neither."""
    first, second = start[0:_N_ASKED:2], start[1:_N_ASKED:2]
    if len(second) < 2:
        return None
    return _LITTLE if all(first) and not any(second) else _BIG if all(second) and not any(first) else None


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
