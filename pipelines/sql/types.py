"""The DuckDB name of a contract's data type."""

import polars as pl

from models.contract import Dtype

_NAMES: dict[Dtype, str] = {
    pl.String: "varchar",
    pl.Int64: "bigint",
    pl.Int32: "integer",
    pl.Float64: "double",
    pl.Boolean: "boolean",
    pl.Date: "date",
}


def sql_type(dtype: Dtype) -> str:
    """`varchar`, `decimal(14,2)`, `struct("system" varchar, …)[]`; an instant is `timestamp with time zone`.

    Raises `KeyError` on a type that no contract uses.
    """
    match dtype:
        case pl.List(inner=inner):
            return f"{sql_type(inner)}[]"
        case pl.Struct(fields=fields):
            elements = ", ".join(f'"{field.name}" {sql_type(field.dtype)}' for field in fields)
            return f"struct({elements})"
        case pl.Decimal(precision=precision, scale=scale):
            return f"decimal({precision},{scale})"
        case pl.Datetime():
            return "timestamp with time zone"
    return _NAMES[dtype.base_type()]
