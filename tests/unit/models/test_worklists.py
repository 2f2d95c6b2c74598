"""How long a list of patients is good for."""

from datetime import date
from io import BytesIO

import polars as pl
import pytest
from openpyxl import load_workbook

from models.spreadsheet import as_xlsx
from models.worklists import days_too_old, good_until


@pytest.mark.parametrize(
    ("today", "days"), [(date(2026, 11, 1), 0), (date(2026, 11, 2), 0), (date(2026, 11, 3), 2), (date(2026, 10, 30), 0)]
)
def test_a_list_is_good_on_its_day_and_the_next(today: date, days: int):
    assert days_too_old(date(2026, 11, 1), today, is_synthetic=False) == days


def test_a_list_of_synthetic_patients_is_never_too_old():
    assert days_too_old(date(2026, 11, 1), date(2027, 11, 1), is_synthetic=True) == 0
    assert good_until(date(2026, 11, 1), is_synthetic=True) is None


def test_a_workbook_opened_after_its_last_day_has_a_red_header_and_no_formula_in_a_cell():
    last = good_until(date(2026, 12, 31), is_synthetic=False)
    book = load_workbook(BytesIO(as_xlsx(pl.DataFrame({"a": ["x"], "b": [1]}), "list", last)))
    sheet = book.active
    [(cells, [rule])] = [(one.sqref, one.rules) for one in sheet.conditional_formatting]
    assert str(cells) == "A1:B1"
    assert rule.formula == ["TODAY()>DATE(2027,1,1)"]
    assert rule.dxf.fill.bgColor.rgb.endswith("B3261E")
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
