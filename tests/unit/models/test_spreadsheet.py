"""What leaves for a spreadsheet is read as text, and as the same text."""

import csv
import io
import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from models.spreadsheet import as_csv, as_xlsx, neutralised

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


DANGEROUS = set("=+-@＝＋－＠")
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", '=HYPERLINK("http://e.org")', "=cmd|' /C calc'!A0", "＝1+1"]


def _written(cells: list[str]) -> str:
    """The cells as the first of three CSV columns, as the export writes it."""
    frame = pl.DataFrame({"cell": cells, "rank": range(len(cells)), "other": cells}, schema_overrides={"cell": pl.String})
    return as_csv(frame).decode("utf-8-sig")


def _begins_a_formula(cell: str) -> bool:
    return cell.strip(' \t\r\n"\u00a0\u3000')[:1] in DANGEROUS and cell.strip(' \t\r\n"\u00a0\u3000') != ""


CUTS = [";", "\t", "\n", "\r", ' "', "; "]
ATTACKS = st.builds(lambda *parts: "".join(parts), CELLS, st.sampled_from(CUTS), st.sampled_from(FORMULAS), CELLS)


@given(st.lists(st.one_of(CELLS, ATTACKS, st.sampled_from(FORMULAS)), max_size=20))
def test_no_cell_is_executed_with_a_comma_nor_with_a_semicolon_or_a_tab(cells):
    text = _written(cells)
    read = [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]
    assert len(read) == len(cells)
    assert not [cell for cell in read if _begins_a_formula(cell)]
    for separator in (";", "\t"):
        # What a spreadsheet sees that knows no quotes in the middle of a cell: the least that it may do.
        parts = [part for line in re.split(r"\r\n|\r|\n", text) for part in line.split(separator)]
        assert not [part for part in parts[1:] if part[:1] not in ('"', "'") and _begins_a_formula(part)]


@given(st.lists(CELLS, min_size=1, max_size=20))
def test_but_for_apostrophes_nothing_is_lost(cells):
    read = [row[0] for row in csv.reader(io.StringIO(_written(cells), newline=""))][1:]
    assert [cell.replace("'", "") for cell in read] == [cell.replace("'", "") for cell in cells]


@pytest.mark.parametrize("cell", [*FORMULAS, " =1+1", '"=1+1'])
def test_a_spreadsheet_reads_text_where_it_would_have_read_a_formula(cell):
    assert list(csv.reader(io.StringIO(_written([cell]), newline="")))[1][0] == "'" + cell


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("x;=1+1", "x;'=1+1"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("x; =1+1", "x;' =1+1"),
        ("x;;=1+1", "x;;'=1+1"),
        ("x\t=1+1", "x\t'=1+1"),
        ("x\n=1+1", "x\n'=1+1"),
        ("x;\n=1+1", "x;\n'=1+1"),
        ('x;"=1+1"', 'x;\'"=1+1"'),
    ],
)
def test_text_after_another_separator_stays_text(cell, safe):
    assert list(csv.reader(io.StringIO(_written([cell]), newline="")))[1][0] == safe


TYPED = pl.DataFrame(
    {
        "kind": pl.Series(["=1+1", "b"], dtype=pl.Enum(["=1+1", "b"])),
        "category": pl.Series(["@x", None], dtype=pl.Categorical),
        "lists": [["=1+1", "b"], []],
        "nested": [[["=1+1"]], None],
        "parts": [{"=a": "=1+1"}, {"=a": None}],
        "of_parts": [[{"a": ";=1+1"}], None],
        "number": [-1.5, 2.0],
        "key": [1234567890123456789, -7],
        "on": [date(2026, 1, 2), None],
    },
    strict=False,
)


def test_enums_lists_and_structs_are_texts_as_well():
    rows = list(csv.reader(io.StringIO(as_csv(TYPED).decode("utf-8-sig"), newline="")))
    assert rows[1][:6] == ["'=1+1", "'@x", "'=1+1, b", "'=1+1", '{"=a": "=1+1"}', '{"a": ";\'=1+1"}']
    assert rows[1][6:] == ["-1.5", "1234567890123456789", "2026-01-02"]


def test_a_workbooks_texts_are_texts_its_numbers_numbers_and_its_days_days():
    sheet = load_workbook(io.BytesIO(as_xlsx(TYPED, "rows"))).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell for cell in cells if cell.data_type == "f"]
    first = {cell.column_letter: cell for cell in sheet[2]}
    assert (first["A"].value, first["A"].data_type) == ("=1+1", "s")
    assert (first["G"].value, first["G"].data_type) == (-1.5, "n")
    assert first["H"].value == "1234567890123456789"
    assert first["I"].value == datetime(2026, 1, 2)


def test_a_workbook_takes_what_xml_does_not():
    rows = pl.DataFrame({"said": ["bell\x07", "x" * 40_000], "at": [datetime(2026, 1, 2, 3, 4, tzinfo=UTC)] * 2})
    sheet = load_workbook(io.BytesIO(as_xlsx(rows, "a/b: c?"))).active
    assert sheet["A2"].value == "bell\ufffd" and len(sheet["A3"].value) == 32_767
    assert sheet["B2"].value == datetime(2026, 1, 2, 3, 4)


@pytest.fixture(scope="module")
def n_formulas(tmp_path_factory):
    """`n_formulas(content, "x.csv", separator)`: how many formulas LibreOffice finds in a file."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-calc-nogui")

    def count(content: bytes, name: str, separator: str = ",") -> int:
        folder = tmp_path_factory.mktemp("office")
        (folder / name).write_bytes(content)
        read_as = [f"--infilter=CSV:{ord(separator)},34,76,1,,0,false,true,false,false,false,-1,true"] * name.endswith(".csv")
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = [office, profile, "--headless", *read_as, "--convert-to", "fods", "--outdir", str(folder), str(folder / name)]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        return (folder / f"{Path(name).stem}.fods").read_text().count("table:formula=")

    return count


@pytest.mark.slow
def test_libreoffice_finds_formulas_in_what_is_written_as_it_is_and_none_in_what_is_exported(n_formulas):
    cells = [*FORMULAS, *(f"x{cut}{formula}" for cut in (";", "\t", "\n", "; ") for formula in FORMULAS)]
    frame = pl.DataFrame({"cell": cells, "=1+1": cells})
    bare = frame.write_csv(quote_style="non_numeric").encode()
    assert n_formulas(bare, "bare.csv") > 0
    assert n_formulas(bare, "cut.csv", ";") > 0
    for separator in (",", ";", "\t"):
        assert n_formulas(as_csv(frame), "safe.csv", separator) == 0
    assert n_formulas(as_xlsx(frame, "rows"), "safe.xlsx") == 0


@pytest.mark.parametrize("cell", ["Ann", "O'Neill", "6145550100", "breast cancer screening; A1c", "", "Ünal"])
def test_plain_text_stays_as_it_is(cell):
    assert list(csv.reader(io.StringIO(_written([cell]), newline="")))[1][0] == cell


def test_every_text_column_of_a_table_is_neutralised_under_its_own_name():
    frame = pl.DataFrame({"name": ["=1"], "phone": ["+1 555"], "n_gaps": [2]})
    assert neutralised(frame).rows(named=True) == [{"name": "'=1", "phone": "'+1 555", "n_gaps": 2}]
