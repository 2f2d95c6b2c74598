"""Why a query may have found nothing: a value that its column never has, or rows that the file does not hold."""

import re
from difflib import get_close_matches

import polars as pl

_COMPARED = re.compile(r"""(\w+)\s*(?:=|in\s*\()\s*((?:'[^']*'\s*,?\s*)+)""", re.I)
_VALUE = re.compile(r"'([^']*)'")


def is_nothing(rows: pl.DataFrame) -> bool:
    """No row, or one row of nothing but zeros and nulls: an empty count."""
    return rows.is_empty() or (len(rows) == 1 and all(value is None or value == 0 for value in rows.row(0)))


def reasons(query: str, columns: pl.DataFrame) -> list[str]:
    """What may be the cause, in words. `columns`: `table_name`, `column_name`, `allowed_values` of the tables that the query
    read, where what a column may have is known.
    """
    said = []
    for name, values in _COMPARED.findall(query):
        known = columns.filter((pl.col("column_name") == name.lower()) & pl.col("allowed_values").is_not_null())
        if known.is_empty():
            continue
        allowed = sorted({value.strip() for text in known["allowed_values"] for value in text.split(",")})
        for value in _VALUE.findall(values):
            if value not in allowed:
                near = get_close_matches(value, allowed, 1, 0.6)
                said.append(
                    f"{name} is never '{value}'"
                    + (f": did you mean '{near[0]}'? " if near else ". ")
                    + f"It is one of {', '.join(allowed)}."
                )
    return said
