"""A build in which every table of a contract has a few rows, without a run."""

from datetime import date
from pathlib import Path

import polars as pl

from models.published import PUBLISHED
from pipelines.sql.types import sql_type
from pipelines.warehouse.build import STEPS, Build


def value(name: str, field, row: int) -> str:
    """SQL of a value that fits the field: the first allowed one, else one that says where it stands."""
    kind = sql_type(field.dtype.type)
    if field.metadata["values"]:
        return f"'{field.metadata['values'][0]}'"
    match field.dtype.type:
        case pl.String:
            return f"'{name} {row}'"
        case pl.Boolean:
            return "true"
        case pl.Date:
            return f"date '1930-05-17' + {row}"
        case pl.Datetime():
            return f"timestamptz '2026-03-08 07:30:00+00' + interval {row} day"
        case _:
            return f"cast({row} as {kind})"


def write_build(folder: Path, n_rows: int) -> None:
    """A build by hand, with as many rows in every table of a contract."""
    folder.mkdir(parents=True)
    build = Build(folder, "test", "Test", "America/New_York", True, date(2026, 4, 1), {}, "print", STEPS[-1]).save()
    with build.connect() as connection:
        connection.execute("begin")
        for table, contract in PUBLISHED.items():
            connection.execute(f"create schema if not exists {table.partition('.')[0]}")
            columns = ", ".join(f"{name} {sql_type(field.dtype.type)}" for name, field in contract.fields.items())
            rows = (f"({', '.join(value(*one, row) for one in contract.fields.items())})" for row in range(n_rows))
            connection.execute(f"create table {table} ({columns}); insert into {table} values {', '.join(rows)}")
        # People whom a lot could hold out, so that publishing keeps who was on the list.
        connection.execute("update delivery.out_campaigns set audience = 'prevention'")
        connection.execute("update delivery.out_campaign_patients set is_clinically_urgent = false")
        connection.execute("commit")
