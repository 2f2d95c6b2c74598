"""Reads the text of X12 elements as the types of a contract (X12.6: dates `CCYYMMDD` as ISO days, decimals without thousands)."""

import polars as pl

from models.contract import INSTANT, Contract

_NUMBER = "_row_number"
_AMOUNT = r"^-?(\d{1,12}(\.\d{0,2}0*)?|\.\d{1,2}0*)$"
_NO_FAILURES = pl.DataFrame(schema={"row_number": pl.Int64, "field": pl.String, "reason": pl.String})


def typed(text: pl.DataFrame, contract: Contract) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with the contract's types, and the cells that could not be read: `row_number`, `field`, `reason`.

    `text` has the contract's columns as text and `_row_number`; empty text becomes null.
    """
    values = text.with_columns(_read(name, one.dtype.type) for name, one in contract.fields.items())
    unread = [
        text.filter(values[name].is_null() & (text[name] != "")).select(
            pl.col(_NUMBER).alias("row_number"), pl.lit(name).alias("field"), pl.lit("cannot be read").alias("reason")
        )
        for name, one in contract.fields.items()
        if one.dtype.type != pl.String and values[name].null_count() > text[name].null_count()
    ]
    return values, pl.concat(unread) if unread else _NO_FAILURES


def _read(name: str, dtype: pl.DataType) -> pl.Expr:
    text, kind = pl.col(name), dtype.base_type()
    if kind == pl.String:
        return pl.when(text != "").then(text).alias(name)
    if kind == pl.Date:
        return text.str.to_date("%Y-%m-%d", strict=False)
    if kind == pl.Datetime:
        return text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False).cast(INSTANT)
    if kind == pl.Boolean:
        return pl.when(text.is_in(["true", "false"])).then(text == "true").alias(name)
    if kind == pl.Decimal:
        return pl.when(text.str.contains(_AMOUNT)).then(text).alias(name).cast(dtype, strict=False)
    return text.cast(dtype, strict=False)
