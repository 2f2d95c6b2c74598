"""Checks a file before any reader opens it: unpacks it within limits, and refuses content that cannot be the promised format.

Memory stays bounded whatever was delivered: a file is unpacked in pieces, never beyond `Limits`.
"""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import ExtractRefused

BLOCK = 2**20

UTF16 = "is UTF-16. Save it as UTF-8 (in Excel: `CSV UTF-8`) and deliver it again."
_GZIP = b"\x1f\x8b"
_OTHER_FORMATS = {
    b"PK\x03\x04": "is a zip archive or an Excel workbook. Unpack it, or save the sheet as CSV UTF-8, and deliver it again.",
    b"\xd0\xcf\x11\xe0": "is an Excel workbook of the old kind. Save the sheet as CSV UTF-8 and deliver it again.",
    b"%PDF": "is a PDF. Deliver the table itself as a data file.",
    b"PAR1": "is Parquet. Deliver it as the source writes it.",
    b"\xff\xfe": UTF16,
    b"\xfe\xff": UTF16,
}


@dataclass(frozen=True)
class Limits:
    """How large a delivered file may be.

    `line_bytes`: one line of NDJSON; `record_bytes`: one record of CSV; `file_bytes`: a whole file, unpacked; `expansion`: ratio
    of unpacked to delivered size, checked beyond `expansion_from_bytes`. Real exports compress 10 to 25 times; deflate can
    reach 1,032.
    """

    line_bytes: int = 16 * 2**20
    record_bytes: int = 2**20
    file_bytes: int = 64 * 2**30
    expansion: int = 200
    expansion_from_bytes: int = 64 * 2**20


LIMITS = Limits()


def plain_file(path: Path, folder: Path, limits: Limits = LIMITS) -> Path:
    """`path` if it is not compressed, otherwise an unpacked copy in `folder`. Raises what `plain_blocks` raises."""
    with path.open("rb") as content:
        if content.read(2) != _GZIP:
            _refuse_other_formats(path, limits)
            return path
    plain = folder / "plain"
    with plain.open("wb") as out:
        out.writelines(plain_blocks(path, limits))
    _refuse_other_formats(plain, limits)
    return plain


def plain_blocks(path: Path, limits: Limits = LIMITS) -> Iterator[bytes]:
    """The content in pieces of at most 1 MiB, decompressed if it is gzip, whatever the file's name.

    Raises `ExtractRefused` if the archive is damaged or cut off, or exceeds the limits.
    """
    n_packed, n_plain = path.stat().st_size, 0
    with path.open("rb") as content:
        packed = content.read(2) == _GZIP
        content.seek(0)
        stream = gzip.GzipFile(fileobj=content) if packed else content
        try:
            while block := stream.read(BLOCK):
                n_plain += len(block)
                if n_plain > max(limits.expansion * n_packed, limits.expansion_from_bytes):
                    raise ExtractRefused(
                        f"grows to more than {limits.expansion} times its size when unpacked. Ask the sender what the file is."
                    )
                if n_plain > limits.file_bytes:
                    raise ExtractRefused(f"is larger than {limits.file_bytes // 2**30} GB unpacked. Deliver it in several files.")
                yield block
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise ExtractRefused(
                "is damaged or cut off: its gzip archive does not unpack to the end. Deliver it again."
            ) from None


def count_lines(path: Path, limits: Limits = LIMITS) -> int:
    """The number of non-empty lines of a file. Raises what `plain_blocks` raises."""
    n_lines, ended = 0, True
    for block in plain_blocks(path, limits):
        n_lines += block.count(b"\n") - block.count(b"\n\n") - (ended and block.startswith(b"\n"))
        ended = block.endswith(b"\n")
    return n_lines + (not ended)


def _refuse_other_formats(path: Path, limits: Limits) -> None:
    with path.open("rb") as content:
        start = content.read(4)
    for mark, verdict in _OTHER_FORMATS.items():
        if start.startswith(mark):
            raise ExtractRefused(verdict)
    if path.stat().st_size > limits.file_bytes:
        raise ExtractRefused(f"is larger than {limits.file_bytes // 2**30} GB. Deliver it in several files.")
