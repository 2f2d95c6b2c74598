"""Checks a file before any reader opens it: unpacks it within limits, and refuses content that cannot be the promised format.

Memory stays bounded whatever was delivered: a file is unpacked in pieces, never beyond `Limits`.
"""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa

from models.home_keys.texts import MARK, pieces
from pipelines.errors import EnvironmentNotReady, ExtractRefused
from pipelines.keys import key_of, refusals

BLOCK = 2**20

_GZIP, _ZSTD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
_PACKED = {_GZIP: "gzip", _ZSTD: "zstd", _ZIP: "zip", MARK[:4]: "sealed"}
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."
"""How the first file in such an archive begins."""
_WORKBOOK = ("xl/", "[Content_Types].xml")
"""How parts of a workbook are named, which is a zip archive too (ISO/IEC 29500)."""
_UNREADABLE = (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError, pa.ArrowException)
_OTHER_FORMATS = {
    b"\xd0\xcf\x11\xe0": "is an Excel workbook of the old kind. Save the sheet as CSV UTF-8 and deliver it again.",
    b"%PDF": "is a PDF. Deliver the table itself as a data file.",
    b"PAR1": "is Parquet. Deliver it as the source writes it.",
    b"7z\xbc\xaf": "is a 7z archive. Unpack it, and deliver the files.",
    b"Rar!": "is a RAR archive. Unpack it, and deliver the files.",
    b"\xfd7zX": "is packed by xz. Deliver it unpacked, or packed by gzip.",
    b"BZh": "is packed by bzip2. Deliver it unpacked, or packed by gzip.",
    b"<": "is XML or a web page. Ask for the export as JSON or CSV.",
}
_TAR, _TAR_AT = b"ustar", 257
"""Of POSIX.1-1988 and later, which GNU tar writes too."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True)
class Limits:
    """How large a delivered file may be.

    `line_bytes`: one line of NDJSON; `record_bytes`: one record of CSV; `file_bytes`: a whole file, unpacked; `expansion`: ratio
    of unpacked to delivered size, checked beyond `expansion_from_bytes`; `workbook_bytes`: all parts of a workbook, unpacked.
    Real exports compress 10 to 25 times; deflate can reach 1,032.
    """

    line_bytes: int = 16 * 2**20
    record_bytes: int = 2**20
    file_bytes: int = 64 * 2**30
    expansion: int = 200
    expansion_from_bytes: int = 64 * 2**20
    workbook_bytes: int = 2**30


LIMITS = Limits()


def plain_file(path: Path, folder: Path, limits: Limits = LIMITS) -> Path:
    """`path` if it is not compressed, otherwise an unpacked copy in `folder`. Raises what `plain_blocks` raises."""
    if not packing(path):
        _refuse_other_formats(path, limits)
        return path
    plain = folder / "plain"
    with plain.open("wb") as out:
        out.writelines(plain_blocks(path, limits))
    _refuse_other_formats(plain, limits)
    return plain


def packing(path: Path) -> str | None:
    """How a file is packed, by its first bytes whatever its name: `gzip`, `zstd`, `zip`, or `sealed`, as an encrypted home writes
    for itself; None: not at all."""
    with path.open("rb") as content:
        start = content.read(len(MARK))
    if start.startswith(MARK[:4]) and start != MARK:
        return None
    return next((name for mark, name in _PACKED.items() if start.startswith(mark)), None)


def plain_blocks(path: Path, limits: Limits = LIMITS) -> Iterator[bytes]:
    """The content in pieces of at most 1 MiB, unpacked if it is compressed.

    Raises `ExtractRefused` if an archive is damaged, cut off or encrypted, holds several files, or exceeds the limits.
    """
    n_packed, n_plain, packed = path.stat().st_size, 0, packing(path)
    with path.open("rb") as content:
        try:
            stream = _unpacked(path, content, packed)
            while block := stream.read(BLOCK):
                n_plain += len(block)
                if n_plain > max(limits.expansion * n_packed, limits.expansion_from_bytes):
                    raise ExtractRefused(
                        f"grows to more than {limits.expansion} times its size when unpacked. Ask the sender what the file is."
                    )
                if n_plain > limits.file_bytes:
                    raise ExtractRefused(f"is larger than {limits.file_bytes // 2**30} GB unpacked. Deliver it in several files.")
                yield block
        except _UNREADABLE:
            if not packed:
                raise
            raise ExtractRefused(
                f"is damaged or cut off: its {packed} archive does not unpack to the end. Deliver it again."
            ) from None


def first_bytes(path: Path, limits: Limits = LIMITS) -> bytes:
    """The start of a file, unpacked: its first line and perhaps more; what there is of a line that is too long, or damaged."""
    start = b""
    try:
        for block in plain_blocks(path, limits):
            start += block
            if b"\n" in block or len(start) > limits.line_bytes:
                break
    except ExtractRefused:
        pass
    return start


def opening(path: Path, n_bytes: int = 4096) -> bytes:
    """At most so many bytes of the start of a file, unpacked; what there is of it where it is damaged."""
    with path.open("rb") as content, suppress(ExtractRefused, *_UNREADABLE):
        return _unpacked(path, content, packing(path)).read(n_bytes)
    return b""


def _unpacked(path: Path, content: BinaryIO, packed: str | None) -> _Readable:
    if packed == "sealed":
        return _Sealed(path, content)
    if packed == "gzip":
        return gzip.GzipFile(fileobj=content)
    if packed == "zstd":
        return pa.CompressedInputStream(pa.PythonFile(content, mode="r"), "zstd")
    return _only_member(zipfile.ZipFile(content)) if packed == "zip" else content


class _Sealed:
    """Reads what an encrypted home wrote for itself: journals, and what it pulled from connected systems."""

    def __init__(self, path: Path, content: BinaryIO):
        key = key_of(path)
        if key is None:
            raise EnvironmentNotReady(f"{path}: encrypted, and its key is not in this home's keys/. Restore it from a backup.")
        self._pieces, self._left = pieces(key, content), b""

    def read(self, size: int, /) -> bytes:
        with refusals():
            while len(self._left) < size and (piece := next(self._pieces, None)) is not None:
                self._left += piece
        given, self._left = self._left[:size], self._left[size:]
        return given


def _only_member(archive: zipfile.ZipFile) -> _Readable:
    """The one file of a zip archive; hidden ones, and what macOS adds beside it, do not count."""
    members = [one for one in archive.infolist() if not one.is_dir() and not one.filename.startswith("__MACOSX/")]
    members = [one for one in members if not one.filename.rpartition("/")[2].startswith(".")]
    if any(one.filename.startswith(_WORKBOOK) for one in members):
        raise ExtractRefused("is an Excel workbook, and no sheet of it has the columns of a table. Save the sheet as CSV UTF-8.")
    if members and members[0].filename == "mimetype" and archive.read(members[0]).startswith(_OPEN_DOCUMENT):
        raise ExtractRefused("is an OpenDocument file. Save the sheet as CSV UTF-8 or as an Excel workbook (.xlsx).")
    if len(members) != 1:
        raise ExtractRefused(f"is a zip archive of {len(members)} files. Unpack it, and deliver the files.")
    if members[0].flag_bits & 1:
        raise ExtractRefused("is an encrypted zip archive. Deliver it unpacked, or without a password.")
    return archive.open(members[0])


def count_lines(path: Path, limits: Limits = LIMITS) -> int:
    """The number of non-empty lines of a file. Raises what `plain_blocks` raises."""
    n_lines, ended = 0, True
    for block in plain_blocks(path, limits):
        n_lines += block.count(b"\n") - block.count(b"\n\n") - (ended and block.startswith(b"\n"))
        ended = block.endswith(b"\n")
    return n_lines + (not ended)


def other_format(start: bytes) -> str | None:
    """What a file is that can be no delivery, by its first bytes, and what to do; None where it can be one."""
    if start[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        return "is a tar archive. Unpack it, and deliver the files."
    begins = start[:4].removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((verdict for mark, verdict in _OTHER_FORMATS.items() if begins.startswith(mark)), None)


def _refuse_other_formats(path: Path, limits: Limits) -> None:
    with path.open("rb") as content:
        if verdict := other_format(content.read(_TAR_AT + len(_TAR))):
            raise ExtractRefused(verdict)
    if path.stat().st_size > limits.file_bytes:
        raise ExtractRefused(f"is larger than {limits.file_bytes // 2**30} GB. Deliver it in several files.")
