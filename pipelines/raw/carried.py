"""Carries forward what messages said before: a row of a message holds what it says, and what it leaves empty stays as it was.

HL7 v2.5.1, chapter 2, section 2.5.3: a field that is not there says nothing, and `""` deletes. So the current row of a key that
several messages describe is made of the newest value of each field. Rows of an export hold all, and stay as they are.
"""

import duckdb
import polars as pl

from models.contract import Contract

_WHOLE = ("id", "meta")
"""The newest row's own."""


def carry_forward(connection: duckdb.DuckDBPyConnection, rows: str, contract: Contract, table: str) -> None:
    """Create `raw.carried_<table>`: one row per key whose newest version of several is a change, with each field's newest value.

    `rows` is the SQL that reads the extract; the temp tables `files` and `versions` are those of `find_older`. The elements of a
    period are fields of their own, and so are the participants of an appointment, by their type.
    """
    there = {name for name, *_ in connection.execute(f"describe select * from {rows}").fetchall()}
    key = ("source_system", *contract.key)
    names = _carried(contract, there)
    values = ", ".join(f'{_newest(name, contract.fields[name].dtype.type)} as "{name}"' for name in names)
    connection.execute(
        f"""
        create or replace table raw.carried_{table} as
        select {", ".join(f'landed."{name}"' for name in key)}, {values}
        from {rows} as landed
        join versions using (source_system, _file_key, _row_number)
        join files
            on files.source_system = landed.source_system and files.file_key = landed._file_key
            and files.extract = '{contract.name}'
        group by {", ".join(f'landed."{name}"' for name in key)}
        having bool_or(versions._place = 1 and files.is_change)
        """
    )


def carried_over(contract: Contract, table: str, there: set[str]) -> tuple[str, str]:
    """SQL that puts the carried values into rows that are called `landed`: the `replace (…)` of their columns, and the join.

    `there`: the columns of the rows.
    """
    key = ("source_system", *contract.key)
    columns = ", ".join(
        f'nullif(case when carried.source_system is null then landed."{name}" else carried."{name}" end, {nothing}) as "{name}"'
        for name in _carried(contract, there)
        for nothing in ("''" if contract.fields[name].dtype.type == pl.String else "null",)
    )
    on = " and ".join(f'carried."{name}" = landed."{name}"' for name in key)
    return f"replace ({columns})", f"left join raw.carried_{table} as carried on {on}"


def _carried(contract: Contract, there: set[str]) -> list[str]:
    return [name for name in contract.fields if name in there and name not in _WHOLE]


def _newest(name: str, dtype: pl.DataType) -> str:
    if name == "participant" and isinstance(dtype, pl.List) and _has_actors(dtype):
        kinds = [f"list_filter(landed.participant, lambda p: starts_with(p.actor.reference, '{kind}/'))" for kind in _ACTORS]
        newest = [f"coalesce({_first_of(f'case when len({kind}) > 0 then {kind} end')}, [])" for kind in kinds]
        return " || ".join(newest)
    if isinstance(dtype, pl.Struct) and [one.name for one in dtype.fields] == ["start", "end"]:
        ends = {part: _first_of(f'landed."{name}"."{part}"') for part in ("start", "end")}
        parts = [f"\"{part}\" := nullif({value}, '')" for part, value in ends.items()]
        return f"struct_pack({', '.join(parts)})"
    return _first_of(f'landed."{name}"')


_ACTORS = ("Patient", "Practitioner", "Location")


def _has_actors(dtype: pl.List) -> bool:
    return isinstance(dtype.inner, pl.Struct) and "actor" in [one.name for one in dtype.inner.fields]


def _first_of(value: str) -> str:
    """The value of the newest version that has one."""
    return f"arg_min({value}, versions._place)"
