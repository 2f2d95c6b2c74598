"""Whether two published files hold the same: rows, keys and values of every table that dbt makes for people to read."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from models.published import PUBLISHED

TABLES = [table for table in PUBLISHED if table.partition(".")[0] in {"marts", "delivery"}]


@dataclass(frozen=True)
class Parity:
    """How a table of one file compares with that of another.

    `n_rows`: of the first; `n_only_one`: keys that one file alone has; `differing`: how many rows differ, by column that is no
    float; `largest`: the largest relative difference of a float.
    """

    table: str
    n_rows: int
    n_only_one: int
    differing: dict[str, int]
    largest: float
    largest_in: str = ""

    @property
    def is_same(self) -> bool:
        return not self.n_only_one and not self.differing and self.largest <= 1e-9

    def __str__(self) -> str:
        said = f"{self.table:<44} {self.n_rows:>8} {self.n_only_one:>8} {self.largest:>9.1e}"
        return said if self.is_same else f"{said}  {self.largest_in} {self.differing}"


HEAD = f"{'table':<44} {'rows':>8} {'one only':>8} {'largest':>9}"


def parity(one: Path, other: Path) -> list[Parity]:
    """Each table of `TABLES`, in two DuckDB files without encryption."""
    with duckdb.connect() as connection:
        connection.execute(f"set TimeZone = 'UTC'; attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        return [_of_table(connection, table) for table in TABLES]


def _of_table(connection: duckdb.DuckDBPyConnection, table: str) -> Parity:
    key = PUBLISHED[table].key
    columns = connection.execute(f"select column_name, column_type from (describe one.{table})").fetchall()
    values = [(name, kind) for name, kind in columns if name not in key]
    floats = [name for name, kind in values if kind == "DOUBLE"]
    others = [name for name, kind in values if kind != "DOUBLE"]
    asked = ["count(one.*)", "count(*) filter (where one.is_there is null or other.is_there is null)"]
    both = "one.is_there and other.is_there"
    asked += [f'count(*) filter (where {both} and one."{name}" is distinct from other."{name}")' for name in others]
    for name in floats:
        a, b = f'one."{name}"', f'other."{name}"'
        apart = f"abs({a} - {b}) / greatest(abs({a}), abs({b}), 1e-300)"
        asked.append(f"coalesce(max(case when {both} and {a} is distinct from {b} then coalesce({apart}, 'inf'::double) end), 0)")
    sides = [f"(select *, true as is_there from {side}.{table}) as {side}" for side in ("one", "other")]
    joined = " and ".join(f'one."{name}" is not distinct from other."{name}"' for name in key)
    found = connection.execute(f"select {', '.join(asked)} from {sides[0]} full join {sides[1]} on {joined}").fetchone()
    n_rows, n_only_one, *rest = found
    differing = {name: n for name, n in zip(others, rest, strict=False) if n}
    largest, largest_in = max(zip(rest[len(others) :], floats, strict=True), default=(0.0, ""))
    return Parity(table, n_rows, n_only_one, differing, largest, largest_in)
