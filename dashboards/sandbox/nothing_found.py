"""Why a query may have found nothing: a value that its column never has, or rows that the file does not hold."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

import polars as pl

_COMPARED = re.compile(r"""(\w+)\s*(?:=|in\s*\()\s*((?:'[^']*'\s*,?\s*)+)""", re.I)
_VALUE = re.compile(r"'([^']*)'")


def is_nothing(rows: pl.DataFrame) -> bool:
    """No row, or one row of nothing but zeros and nulls: an empty count."""
    return rows.is_empty() or (len(rows) == 1 and all(value is None or value == 0 for value in rows.row(0)))


def compared(query: str) -> dict[str, list[str]]:
    """The columns that a query compares with texts, and these: `where state = 'XX'` → state, XX."""
    found: dict[str, list[str]] = {}
    for name, values in _COMPARED.findall(query):
        found.setdefault(name.lower(), []).extend(_VALUE.findall(values))
    return found


def reasons(query: str, known: Mapping[str, Sequence[str]]) -> list[str]:
    """What may be the cause, in words. `known`: the values that a column of the tables may have, or has, where these are few."""
    return [
        _never(name, value, sorted(known[name]))
        for name, values in compared(query).items()
        if known.get(name)
        for value in values
        if value not in known[name]
    ]


def _never(name: str, value: str, known: list[str]) -> str:
    near = get_close_matches(value, known, 1, 0.6)
    told = f"{name} is never '{value}'" + (f": did you mean '{near[0]}'?" if near else ".")
    return f"{told} It is one of {', '.join(known)}." if len(known) > 1 else f"{told} It is always {known[0]}."
