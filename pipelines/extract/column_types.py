"""The one mapping from a contract's Polars types to DuckDB's; everything that declares columns to DuckDB goes through it."""

import polars as pl

from models.contract import Contract

_SCALARS = {
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.Float64: "DOUBLE",
    pl.Date: "DATE",
}


def duckdb_type(dtype: pl.DataType | type[pl.DataType]) -> str:
    """DuckDB's name of a Polars type; `ValueError` for a type that no contract may use."""
    if isinstance(dtype, type):
        dtype = dtype()
    match dtype:
        case pl.List():
            return f"{duckdb_type(dtype.inner)}[]"
        case pl.Struct():
            return f"STRUCT({', '.join(f'{quoted(f.name)} {duckdb_type(f.dtype)}' for f in dtype.fields)})"
        case pl.Decimal():
            return f"DECIMAL({dtype.precision}, {dtype.scale})"
        case pl.Datetime(time_zone="UTC"):
            return "TIMESTAMPTZ"
        case _ if type(dtype) in _SCALARS:
            return _SCALARS[type(dtype)]
    raise ValueError(f"{dtype} has no type in DuckDB that a contract may use")


def column_types(contract: Contract) -> dict[str, str]:
    """Every column of the contract with its DuckDB type, in the contract's order."""
    return {name: duckdb_type(column.dtype.type) for name, column in contract.fields.items()}


def quoted(identifier: str) -> str:
    """An identifier as SQL writes it."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
