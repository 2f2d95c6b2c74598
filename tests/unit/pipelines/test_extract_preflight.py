"""A file is unpacked within limits, and refused where its bytes cannot be what was promised."""

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.errors import ExtractRefused
from pipelines.extract.preflight import Limits, count_lines, first_bytes, plain_blocks, plain_file


def written(folder: Path, content: bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def zipped(*contents: bytes, name: str = "contacts") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{name}{number}.csv", content)
    return out.getvalue()


def test_gzip_is_known_by_its_bytes_and_not_by_its_name(tmp_path: Path):
    packed = written(tmp_path, gzip.compress(b"a\nb\n"))
    plain = written(tmp_path, b"a\nb\n", "plain.gz")

    assert plain_file(packed, tmp_path).read_bytes() == b"a\nb\n"
    assert plain_file(plain, tmp_path) == plain


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: pa.compress(content, "zstd", asbytes=True), zipped])
def test_a_compression_is_known_by_its_bytes_whatever_the_name(tmp_path: Path, pack: Callable[[bytes], bytes]):
    content = b"a\nb\n" * 200_000
    packed = written(tmp_path, pack(content), "contacts.csv")

    assert plain_file(packed, tmp_path).read_bytes() == content
    assert first_bytes(packed).startswith(b"a\nb\n")
    with pytest.raises(ExtractRefused, match="damaged or cut off"):
        plain_file(written(tmp_path, pack(content)[:-5]), tmp_path)
    with pytest.raises(ExtractRefused, match="more than 200 times"):
        plain_file(written(tmp_path, pack(bytes(2**24))), tmp_path, Limits(expansion_from_bytes=2**20))


def test_a_zip_archive_of_several_files_and_a_workbook_are_refused_by_name(tmp_path: Path):
    with pytest.raises(ExtractRefused, match="zip archive of 2 files"):
        plain_file(written(tmp_path, zipped(b"a", b"b")), tmp_path)
    with pytest.raises(ExtractRefused, match="Excel workbook"):
        plain_file(written(tmp_path, zipped(b"a", name="xl/")), tmp_path)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    with pytest.raises(ExtractRefused, match="is an OpenDocument file"):
        plain_file(written(tmp_path, out.getvalue()), tmp_path)


def test_hidden_files_in_a_zip_archive_do_not_count(tmp_path: Path):
    """As macOS packs a folder."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("export/", "export/.DS_Store", "__MACOSX/export/._Patient.ndjson", "export/._Patient.ndjson"):
            archive.writestr(name, b"")
        archive.writestr("export/Patient.ndjson", b"a\n")
    assert plain_file(written(tmp_path, out.getvalue()), tmp_path).read_bytes() == b"a\n"


def test_an_archive_of_several_members_is_read_to_its_end(tmp_path: Path):
    path = written(tmp_path, gzip.compress(b"a\n") + gzip.compress(b"b\n"))

    assert plain_file(path, tmp_path).read_bytes() == b"a\nb\n"


@pytest.mark.parametrize("n_bytes", [1, 12, 40])
def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path, n_bytes: int):
    path = written(tmp_path, gzip.compress(bytes(range(256)) * 100)[:-n_bytes])

    with pytest.raises(ExtractRefused, match="damaged or cut off"):
        plain_file(path, tmp_path)


def test_an_archive_with_a_flipped_bit_is_refused(tmp_path: Path):
    packed = bytearray(gzip.compress(bytes(range(256)) * 100))
    packed[len(packed) // 2] ^= 1

    with pytest.raises(ExtractRefused, match="damaged or cut off"):
        plain_file(written(tmp_path, bytes(packed)), tmp_path)


def test_a_bomb_is_refused_before_it_fills_memory_or_disk(tmp_path: Path):
    """200 MB of zeros in 200 kB."""
    bomb = written(tmp_path, gzip.compress(bytes(200 * 2**20)))
    limits = Limits(expansion_from_bytes=2**20)

    tracemalloc.start()
    with pytest.raises(ExtractRefused, match="more than 200 times"):
        plain_file(bomb, tmp_path, limits)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 16 * 2**20
    assert (tmp_path / "plain").stat().st_size <= 200 * bomb.stat().st_size


def test_a_file_beyond_the_limit_is_refused_packed_or_not(tmp_path: Path):
    limits = Limits(file_bytes=1000)

    for content in (b"x" * 1001, gzip.compress(b"x" * 1001)):
        with pytest.raises(ExtractRefused, match="larger than"):
            plain_file(written(tmp_path, content), tmp_path, limits)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "n_lines"),
    [(b"", 0), (b"\n", 0), (b"a", 1), (b"a\n", 1), (b"a\n\nb", 2), (b"\na\n", 1), (b"a\n" * 2_000_000, 2_000_000)],
    ids=["nothing", "a line feed", "no line feed", "a line", "a blank between", "a blank before", "several blocks"],
)
def test_lines_are_counted_without_blank_ones(tmp_path: Path, content: bytes, n_lines: int, packed: bool):
    assert count_lines(written(tmp_path, gzip.compress(content, 1) if packed else content), Limits(expansion=2000)) == n_lines


def test_blocks_are_small(tmp_path: Path):
    path = written(tmp_path, gzip.compress(bytes(range(256)) * 20_000))

    assert max(map(len, plain_blocks(path))) <= 2**20
