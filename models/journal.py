"""Reads the entries of a journal: CSV files of one extract of source `caregap`, to which only whole lines are ever added."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import polars as pl

from models.contract import INSTANT, Contract


def types_of(contract: Contract) -> dict[str, Any]:
    """The type of each of the contract's columns."""
    return {name: column.dtype.type for name, column in contract.fields.items()}


def newest_entries(contract: Contract, files: Iterable[bytes]) -> pl.DataFrame:
    """The newest version of every entry by `updated_at`, withdrawn ones included: the contract's columns, oldest first.

    An entry is never changed; a later version with the same key is added.
    """
    types = types_of(contract)
    text = dict.fromkeys(types, pl.String)
    frames = [pl.read_csv(BytesIO(content), schema=text) for content in files]
    if not frames:
        return pl.DataFrame(schema=types)
    entries = pl.concat([pl.DataFrame(schema=text), *frames])
    typed = entries.with_columns(_read(pl.col(name), kind) for name, kind in types.items()).cast(pl.Schema(types))
    return typed.sort("updated_at").unique(contract.key, keep="last", maintain_order=True)


def _read(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if kind == INSTANT:
        return column.str.to_datetime("%+", time_unit="us", time_zone="UTC")
    if kind == pl.Date:
        return column.str.to_date()
    return column == "true" if kind == pl.Boolean else column
