"""Reads columns of a frame as numbers or labels; a refusal names the column and row."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from ml.effects.estimate import EstimateRefused


def require(frame: pl.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a frame that has no rows or lacks one of `columns`."""
    for column in columns:
        if column not in frame.columns:
            raise EstimateRefused(f"there is no such column; the columns are {', '.join(frame.columns)}", column=column)
    if frame.is_empty():
        raise EstimateRefused("there are no rows")


def as_numbers(values: pl.Series) -> pl.Series:
    """The values as Float64, null where they are not numbers; text is stripped first."""
    if values.dtype == pl.String:
        values = values.str.strip_chars()
    return values.cast(pl.Float64, strict=False)


def numeric(frame: pl.DataFrame, column: str) -> np.ndarray:
    """A column as finite floats, shape (rows,). Refuses the first row that is missing, not a number or not finite."""
    numbers = as_numbers(frame[column])
    _refuse_first(~numbers.is_finite().fill_null(False), "is not a number; correct the row or exclude it deliberately", column)
    return numbers.to_numpy()


def indicator(frame: pl.DataFrame, column: str) -> np.ndarray:
    """A column of 0 and 1 (or booleans) as booleans, shape (rows,). Refuses any other value."""
    values = numeric(frame, column)
    _refuse_first(pl.Series(~np.isin(values, (0.0, 1.0))), "is neither 0 nor 1", column)
    return values == 1


def labels(frame: pl.DataFrame, column: str) -> pl.Series:
    """A column of names or keys. Refuses a row without one."""
    values = frame[column]
    missing = values.is_null()
    if values.dtype == pl.String:
        missing = missing | (values.str.strip_chars() == "")
    _refuse_first(missing, "is empty", column)
    return values


def _refuse_first(is_bad: pl.Series, reason: str, column: str) -> None:
    if is_bad.any():
        raise EstimateRefused(reason, column=column, row=is_bad.to_list().index(True) + 1)
