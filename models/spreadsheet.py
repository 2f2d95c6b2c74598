"""Text that leaves for a spreadsheet is read there as text."""

import polars as pl

EXECUTED = "=+-@\t\r\n＝＋－＠"
"""A spreadsheet takes a cell that begins with one of these for a formula, or drops it and looks at the next one
(OWASP, CSV Injection)."""


def neutralised(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows, with an apostrophe before every text that a spreadsheet would execute; an apostrophe marks a cell as text."""
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    return rows.with_columns(_as_text(pl.col(name)).alias(name) for name in texts)


def _as_text(text: pl.Expr) -> pl.Expr:
    is_executed = text.str.slice(0, 1).is_in(list(EXECUTED))
    return pl.when(is_executed).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)
