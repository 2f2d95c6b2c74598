"""How the text of a delivered file is encoded: in UTF-8, or in the code page of Windows that older systems write.

One rule for every format: a file is read as Windows-1252 if it is not UTF-8, each of its bytes means a character there, and no
character in it is written as UTF-8 writes it. A file with both is a damaged UTF-8 file.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

WINDOWS = "cp1252"
_PIECE = 2**20
_ESCAPED = re.compile("[\udc80-\udcff]")
"""A byte that is no UTF-8, as the error handler `surrogateescape` passes it on."""
_WELL_FORMED = re.compile("[^\x00-\x7f\udc80-\udcff]")


def as_utf8(path: Path, folder: Path) -> tuple[Path, str | None]:
    """The file, or a copy of it in UTF-8 in `folder`; and the code page that it is written in, None for UTF-8.

    A file that is neither is given back as it is: its reader says which lines are wrong.
    """
    if not _is_of_windows(path):
        return path, None
    copy = folder / f"utf8-{path.name}"
    with path.open(encoding=WINDOWS, newline="") as content, copy.open("w", encoding="utf-8", newline="") as out:
        while piece := content.read(_PIECE):
            out.write(piece)
    return copy, WINDOWS


def _is_of_windows(path: Path) -> bool:
    has_escaped = False
    for text in _texts(path):
        if text.isascii():
            continue
        if _WELL_FORMED.search(text):
            return False
        for found in set(_ESCAPED.findall(text)):
            has_escaped = True
            try:
                found.encode("utf-8", "surrogateescape").decode(WINDOWS)
            except UnicodeDecodeError:
                return False
    return has_escaped


def _texts(path: Path) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with path.open("rb") as content:
        while piece := content.read(_PIECE):
            yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)
