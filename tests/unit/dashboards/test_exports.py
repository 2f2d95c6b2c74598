"""What leaves the dashboards is the rows that were shown, and no spreadsheet executes it."""

import csv
import io
from datetime import date

import polars as pl

from dashboards.layout.exports import as_parquet
from models.spreadsheet import as_csv

ROWS = pl.DataFrame(
    {"name": ["=1+1", "O'Brien, Ann", None], "=cmd": [1, 2, 3], "on": [date(2026, 1, 2)] * 3, "tags": [["a", "b"], [], None]}
)


def test_a_csv_has_no_cell_and_no_header_that_begins_a_formula():
    rows = list(csv.reader(io.StringIO(as_csv(ROWS).decode("utf-8-sig"), newline="")))
    assert rows == [
        ["name", "'=cmd", "on", "tags"],
        ["'=1+1", "1", "2026-01-02", "a, b"],
        ["O'Brien, Ann", "2", "2026-01-02", ""],
        ["", "3", "2026-01-02", ""],
    ]


def test_a_csv_is_read_as_utf8_by_a_spreadsheet():
    assert as_csv(pl.DataFrame({"name": ["Zoë"]})).startswith(b"\xef\xbb\xbf")


def test_parquet_gives_back_the_very_rows():
    assert pl.read_parquet(io.BytesIO(as_parquet(ROWS))).equals(ROWS)
