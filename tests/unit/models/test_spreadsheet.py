"""What leaves for a spreadsheet is read as text, and as the same text."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from models.spreadsheet import neutralised

EXECUTED = "=+-@\t\r\n＝＋－＠"
"""What a cell must not begin with (OWASP, CSV Injection), and the wide forms that a spreadsheet takes for the same."""

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


def _written(cells: list[str]) -> str:
    """The cells as the first of three CSV columns, written as the export writes it."""
    frame = pl.DataFrame({"cell": cells, "rank": range(len(cells)), "other": cells}, schema_overrides={"cell": pl.String})
    return neutralised(frame).write_csv(quote_style="non_numeric", line_terminator="\r\n")


@given(st.lists(st.one_of(CELLS, st.builds(lambda first, rest: first + rest, st.sampled_from(EXECUTED), CELLS)), max_size=20))
def test_no_cell_is_executed_and_none_is_lost(cells):
    read = [row[0] for row in csv.reader(io.StringIO(_written(cells), newline=""))][1:]
    assert read == ["'" + cell if cell[:1] in set(EXECUTED) else cell for cell in cells]
    assert not [cell for cell in read if cell and cell[0] in EXECUTED]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://example.com")', "=cmd|' /C calc'!A0", "＝1+1"]
)
def test_a_spreadsheet_reads_text_where_it_would_have_read_a_formula(cell):
    read = list(csv.reader(io.StringIO(_written([cell]), newline="")))[1][0]
    sheet = Workbook().active
    sheet["A1"] = read
    assert sheet["A1"].data_type == "s"
    assert read == "'" + cell


@pytest.mark.parametrize("cell", ["Ann", "O'Neill", "6145550100", "breast cancer screening; A1c", "", "Ünal"])
def test_plain_text_stays_as_it_is(cell):
    assert list(csv.reader(io.StringIO(_written([cell]), newline="")))[1][0] == cell


def test_every_text_column_of_a_table_is_neutralised_under_its_own_name():
    frame = pl.DataFrame({"name": ["=1"], "phone": ["+1 555"], "n_gaps": [2]})
    assert neutralised(frame).rows(named=True) == [{"name": "'=1", "phone": "'+1 555", "n_gaps": 2}]
