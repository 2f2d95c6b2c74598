"""Checks whether a resource has the structure of its contract, with the same result as DuckDB, and describes misfits in words.

DuckDB reads with declared columns and stops at the first misfit of a file; this names the element and line.
"""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from models.contract import Contract, Dtype

_SHOULD_BE: dict[Dtype, str] = {
    pl.String: "text",
    pl.Int64: "a whole number",
    pl.Float64: "a number",
    pl.Boolean: "true or false",
}
_WHOLE = range(-(2**63), 2**63)
REPEATED = "repeated element"
"""The key under which `as_pairs` records elements that occur twice in an object."""


class Misfit(NamedTuple):
    """An element that does not match its contract. `in_doubt`: it may still be readable as `dtype`, as "5" is a number."""

    field: str
    reason: str
    in_doubt: bool = False
    dtype: Dtype = pl.String
    value: Any = None


def as_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its pairs, for `json.loads`; lists elements that occur more than once under `REPEATED`."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        found[REPEATED] = {name for name in names if names.count(name) > 1}
    return found


def misfits(resource: dict[str, Any], contract: Contract) -> Iterator[Misfit]:
    """All elements of the resource that do not match the contract; elements beyond the contract may be anything."""
    return _in_object(resource, {name: column.dtype.type for name, column in contract.fields.items()}, "")


def _in_object(found: dict[str, Any], elements: dict[str, Dtype], place: str) -> Iterator[Misfit]:
    for name, dtype in elements.items():
        path = f"{place}.{name}" if place else name
        if name in found.get(REPEATED, ()):
            yield Misfit(path, "occurs twice in one object")
        elif (value := found.get(name)) is not None:
            yield from _in_value(value, dtype, path)


def _in_value(value: Any, dtype: Dtype, path: str) -> Iterator[Misfit]:
    if isinstance(dtype, pl.List):
        if isinstance(value, list):
            for item in value:
                if item is not None:
                    yield from _in_value(item, dtype.inner, path)
        else:
            yield Misfit(path, "should be a list")
    elif isinstance(dtype, pl.Struct):
        if isinstance(value, dict):
            yield from _in_object(value, {field.name: field.dtype for field in dtype.fields}, path)
        else:
            yield Misfit(path, "should be one object with elements")
    elif isinstance(value, dict | list):
        yield Misfit(path, f"should be {_SHOULD_BE[dtype.base_type()]}")
    elif dtype != pl.String and not _is_natural(value, dtype.base_type()):
        yield Misfit(path, f"should be {_SHOULD_BE[dtype.base_type()]}", in_doubt=True, dtype=dtype, value=value)


def _is_natural(value: Any, kind: Dtype) -> bool:
    if kind == pl.Boolean:
        return isinstance(value, bool)
    is_whole = type(value) is int and value in _WHOLE
    return is_whole or (kind == pl.Float64 and type(value) is float and math.isfinite(value))
