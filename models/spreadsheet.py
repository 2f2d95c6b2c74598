"""Text that leaves for a spreadsheet is read there as text: in CSV, whatever separator it is opened with, and in a workbook."""

import json
import re
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any

import polars as pl
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter

# A spreadsheet takes a cell that begins with one of these for a formula, or drops it and looks at the next character
# (OWASP, CSV Injection); the wide forms are taken for the narrow ones.
_BEGINS = r"^[\s\"]*[=+\-@＝＋－＠]|^[\t\r\n]"
# Opened with another separator, a cell is split there, quoted or not, and the rest begins a new cell.
_INSIDE = r"([;\t\r\n])([ \u00a0\u3000\"]*[=+\-@＝＋－＠])"
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ON_RED, _RED = Font(bold=True, color="FFFFFF"), PatternFill(bgColor="B3261E")
_LONGEST, _SAFE_WHOLE = 32_767, 10**15
"""Characters that a workbook's cell takes; whole numbers from here on lose digits there, and are written as text."""


def neutralised(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, with an apostrophe before every text that a spreadsheet would execute; an apostrophe marks a cell as text.

    Lists, structs, enums and whatever else is no number, day or truth become text first: a value in them is text as well.
    """
    flat = rows.with_columns(_as_text(rows[name]) for name, dtype in rows.schema.items() if not _is_plain(dtype))
    texts = [name for name, dtype in flat.schema.items() if dtype == pl.String]
    return flat.with_columns(_neutral(pl.col(name)).alias(name) for name in texts)


def as_csv(rows: pl.DataFrame) -> bytes:
    """UTF-8 with a byte-order mark, without which Excel reads another encoding; every text quoted, nothing executed."""
    safe = neutralised(rows)
    # A query's author chooses the headers, so they are treated like cells.
    safe.columns = neutralised(pl.DataFrame({"name": safe.columns}, schema={"name": pl.String}))["name"].to_list()
    return safe.write_csv(include_bom=True, quote_style="non_numeric", line_terminator="\r\n").encode()


def as_xlsx(rows: pl.DataFrame, title: str, good_until: date | None = None) -> bytes:
    """A workbook of one sheet with a header row: text in cells marked as text, days and numbers with their types.

    Opened after the day `good_until`, the header row is red.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[^\w -]", " ", title)[:31] or "rows")
    sheet.freeze_panes = "A2"
    flat = rows.with_columns(_as_text(rows[name]) for name, dtype in rows.schema.items() if not _is_plain(dtype))
    sheet.append([_cell(sheet, name) for name in flat.columns])
    for row in flat.iter_rows():
        sheet.append([_cell(sheet, value) for value in row])
    if good_until:
        # A rule of the sheet's look; cells hold no formula.
        red = Rule(
            "expression", formula=[f"TODAY()>DATE({good_until:%Y,%-m,%-d})"], dxf=DifferentialStyle(font=_ON_RED, fill=_RED)
        )
        sheet.conditional_formatting.add(f"A1:{get_column_letter(max(flat.width, 1))}1", red)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _is_plain(dtype: pl.DataType) -> bool:
    return dtype == pl.String or dtype.is_numeric() or dtype in (pl.Boolean, pl.Date, pl.Datetime, pl.Time, pl.Null)


def _as_text(values: pl.Series) -> pl.Series:
    """Of a list its texts, joined; of anything with parts, JSON."""
    if isinstance(values.dtype, pl.Enum | pl.Categorical):
        return values.cast(pl.String)
    said = [None if value is None else _said(value) for value in values]
    return pl.Series(values.name, said, dtype=pl.String)


def _said(value: object) -> str:
    if isinstance(value, list | pl.Series):
        return ", ".join("" if one is None else _said(one) for one in value)
    return json.dumps(value, default=str, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _neutral(text: pl.Expr) -> pl.Expr:
    inside = text.str.replace_all(_INSIDE, "${1}'${2}")
    return pl.when(text.str.contains(_BEGINS)).then(pl.concat_str(pl.lit("'"), inside)).otherwise(inside)


def _cell(sheet: Any, value: Any) -> Cell:
    """A cell of the value's own type. openpyxl takes text that begins with = for a formula, so text cells are marked."""
    if isinstance(value, datetime) and value.tzinfo:
        value = value.replace(tzinfo=None)
    is_number = isinstance(value, int | float | Decimal) and -_SAFE_WHOLE < value < _SAFE_WHOLE
    if value is None or is_number or isinstance(value, date | time):
        return WriteOnlyCell(sheet, value)
    cell = WriteOnlyCell(sheet, _NOT_IN_XML.sub("\ufffd", str(value))[:_LONGEST])
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell
