"""A workbook is read like a CSV file: the sheet that has the columns, with the same checks of each row, within limits."""

import csv
import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from openpyxl import Workbook, load_workbook

from pipelines.errors import ExtractRefused
from pipelines.extract.preflight import LIMITS, Limits
from pipelines.extract.workbook import first_rows_of_sheets, sheet_as_csv
from pipelines.home import Home
from pipelines.landing.land import land
from pipelines.practice import Practice

PAYMENTS = ["payment_id", "account_id", "paid_on", "amount_usd", "method", "is_at_service", "updated_at"]


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path.parent.mkdir(exist_ok=True)
    book.save(path)
    return path


def payment(payment_id: object, **changed: object) -> list[object]:
    row = dict(
        zip(PAYMENTS, [payment_id, "A1", date(2026, 3, 31), 12.5, "card", True, datetime(2026, 3, 31, 14, 5)], strict=True)
    )
    return list((row | changed).values())


def landed(folder: Path):
    practice = Practice("t", "T", "America/New_York", {"billing": folder / "billing"})
    [file] = land(practice, Home(folder)).files
    return file


def test_the_sheet_that_has_the_columns_is_read_and_the_others_are_named(tmp_path: Path):
    """The header is in row 3; row 5 has a method that there is not, row 6 is empty."""
    rows = [["Payments"], [], PAYMENTS, payment(17), payment(18, method="cheque"), [], payment("0019")]
    workbook(tmp_path / "billing" / "till.xlsx", Notes=[["Printed", "by", "AK"]], Till=rows)

    file = landed(tmp_path)

    assert (file.extract, file.n_delivered, file.n_read) == ("patient_payments", 3, 2)
    assert file.read_as == 'sheet "Till", not Notes, header in row 3'
    [quarantine] = tmp_path.rglob("quarantine.parquet")
    assert pl.read_parquet(quarantine).rows() == [(5, "method", "is not one of: card, cash, check, portal")]
    [parquet] = tmp_path.rglob("rows.parquet")
    found = pl.read_parquet(parquet).select("payment_id", "paid_on", pl.col("amount_usd").cast(pl.Float64), "_row_number").rows()
    assert found == [("17", date(2026, 3, 31), 12.5, 4), ("0019", date(2026, 3, 31), 12.5, 7)]


def test_a_workbook_of_several_tables_is_refused_by_the_names_of_its_sheets(tmp_path: Path):
    """Read by its first table alone, it would lose the second without a word."""
    till = [PAYMENTS, payment(17)]
    workbook(tmp_path / "billing" / "till.xlsx", Notes=[["Printed"]], March=till, April=till)

    with pytest.raises(ExtractRefused, match="2 sheets with the columns of a table: March, April"):
        landed(tmp_path)


def test_a_hidden_sheet_with_the_columns_of_a_table_is_not_there(tmp_path: Path):
    """Nobody who looks at the workbook sees it."""
    path = workbook(tmp_path / "billing" / "till.xlsx", Old=[PAYMENTS, payment(1)], Till=[PAYMENTS, payment(2), payment(3)])
    book = load_workbook(path)
    book["Old"].sheet_state = "hidden"
    book.active = book["Till"]
    book.save(path)

    assert landed(tmp_path).n_read == 2


def test_an_id_of_which_a_spreadsheet_lost_digits_is_quarantined(tmp_path: Path):
    """1.00235e17 has 18 digits, of which a spreadsheet keeps 15."""
    rows = [PAYMENTS, *(payment(f"P{i}") for i in range(5)), payment(1.00235000000123e17)]
    workbook(tmp_path / "billing" / "patient_payments.xlsx", Sheet1=rows)

    assert landed(tmp_path).n_quarantined == 1


def test_cells_become_text_as_a_csv_file_would_have_it(tmp_path: Path):
    cells = [
        None,
        True,
        17,
        17.0,
        0.1,
        datetime(2026, 3, 31),
        datetime(2026, 3, 31, 14, 5),
        date(2026, 3, 31),
        " x ",
        'a "b",\nc',
    ]
    path = workbook(tmp_path / "book.xlsx", One=[cells])

    with sheet_as_csv(path, "One", tmp_path, LIMITS).open(newline="") as content:
        [row] = csv.reader(content)

    assert row == ["", "true", "17", "17", "0.1", "2026-03-31", "2026-03-31 14:05:00", "2026-03-31", " x ", 'a "b",\nc']


def test_a_sheet_that_states_a_wrong_extent_is_read_to_its_end(tmp_path: Path):
    """Some programs state A1:A1."""
    path = workbook(tmp_path / "book.xlsx", One=[["a", "b"], ["c", "d"]])
    changed = tmp_path / "changed.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'ref="A1:B2"', b'ref="A1:A1"'))

    assert first_rows_of_sheets(changed, LIMITS) == {"One": '"a","b"\n"c","d"\n'}


def test_a_workbook_that_would_grow_too_large_is_not_opened(tmp_path: Path):
    path = workbook(tmp_path / "book.xlsx", One=[["0" * 1_000] * 100] * 20)

    with pytest.raises(ExtractRefused, match="grows to"):
        first_rows_of_sheets(path, Limits(expansion=2, expansion_from_bytes=1_000))


def test_two_cells_at_opposite_corners_take_no_memory(tmp_path: Path):
    book = Workbook()
    book.active["A1"], book.active["XFD20000"] = "a", "b"
    book.save(tmp_path / "book.xlsx")

    assert sheet_as_csv(tmp_path / "book.xlsx", "Sheet", tmp_path, LIMITS).stat().st_size < 100_000


def test_a_damaged_workbook_is_refused_in_words(tmp_path: Path):
    (tmp_path / "billing").mkdir()
    with zipfile.ZipFile(tmp_path / "billing" / "charges.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "no workbook")

    with pytest.raises(ExtractRefused, match="is an Excel workbook, and no sheet of it has the columns of a table"):
        landed(tmp_path)


def test_a_workbook_is_described_and_checked_like_a_file(tmp_path: Path):
    from tests.conftest import caregap

    (tmp_path / "home").mkdir(mode=0o700)
    path = workbook(tmp_path / "billing" / "patient_payments.xlsx", Till=[PAYMENTS, payment("P1"), payment("P2")])

    done = caregap(Home(tmp_path / "home"), "layout", "check", path, "--json")

    assert [row["reason"] for row in json.loads(done.stdout)["rows"]] == [None, None]
