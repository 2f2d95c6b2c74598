"""Which files are read as Windows-1252, whatever their format."""

from pathlib import Path

import pytest

from pipelines.extract.encoding import as_utf8, spoken


@pytest.mark.parametrize(
    ("content", "code_page", "text"),
    [
        (b"Zo\xeb \x80 5\r\n", "cp1252", "Zoë € 5\r\n"),
        ("Zoë".encode(), None, "Zoë"),
        (b"plain", None, "plain"),
        (b"\xff", "cp1252", "ÿ"),
    ],
)
def test_a_file_that_is_no_utf8_and_whose_bytes_all_fit_is_read_as_windows_1252(
    content: bytes, code_page: str | None, text: str, tmp_path: Path
):
    (tmp_path / "file").write_bytes(content)

    path, found = as_utf8(tmp_path / "file", tmp_path)

    assert (found, path.read_bytes().decode()) == (code_page, text)


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_file_in_utf16_or_utf32_without_its_mark_is_read_whatever_the_order_of_its_bytes(order: str, tmp_path: Path):
    (tmp_path / "file").write_bytes("id,name\n1,Zoë\n".encode(order))

    path, found = as_utf8(tmp_path / "file", tmp_path)

    assert (found, path.read_text(encoding="utf-8")) == (order, "id,name\n1,Zoë\n")


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_mark_says_how_many_bytes_a_character_has(order: str, tmp_path: Path):
    content = "\ufeffé\u00a0漢\n" * 3
    (tmp_path / "file").write_bytes(content.encode(order))

    path, found = as_utf8(tmp_path / "file", tmp_path)

    assert (found, spoken(found or "")) == (order[:6], order[:6].upper())
    assert path.read_text(encoding="utf-8") == content.removeprefix("\ufeff")


@pytest.mark.parametrize(
    "content",
    [
        "Zoë".encode() + b" Zo\xeb",
        b"\x81 is no character there",
        b"\xef\xbb\xbfZo\xeb",
        b"x" * (2**20 - 1) + "é\udce9".encode("utf-8", "surrogateescape"),
    ],
    ids=["both in one file", "an undefined byte", "a mark of UTF-8", "a character across pieces"],
)
def test_a_file_that_is_neither_is_given_back_as_it_is(content: bytes, tmp_path: Path):
    (tmp_path / "file").write_bytes(content)

    assert as_utf8(tmp_path / "file", tmp_path) == (tmp_path / "file", None)
