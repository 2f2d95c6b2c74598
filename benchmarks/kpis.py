"""All KPIs on a built warehouse, against one bare scan of the facts that they are counted from."""

from collections.abc import Iterator

from benchmarks.dbt_models import seconds_of
from benchmarks.practices import SIZES, built
from benchmarks.result import Result, in_turns
from pipelines.warehouse.build import Build

KPIS = ["path:models/intermediate/kpis", "fct_kpis", "fct_kpi_rows"]
_FACTS = (
    "select table_name from duckdb_tables() where schema_name = 'marts' and table_name like 'fct_%' "
    "and table_name not in ('fct_kpis', 'fct_kpi_rows')"
)


def run(scale: int) -> list[Result]:
    return list(_measured(*(size * scale for size in SIZES)))


def _measured(small: int, large: int) -> Iterator[Result]:
    made = {}
    for n in (small, large):
        home, build = built(n)
        made[n] = seconds_of(home, build, KPIS)
        scanned = _scan(build)
        note = f"{made[n]:.1f} s against {scanned:.2f} s"
        yield Result(f"{n:,} patients, against one scan", made[n] / scanned, note=note)
    yield Result("ten times the patients", made[large] / made[small], goal="≤ 10.5")


def _scan(build: Build) -> float:
    """Seconds to read every column of every fact once."""
    with build.connect() as connection:
        tables = [name for (name,) in connection.execute(_FACTS).fetchall()]

        def scan() -> None:
            for table in tables:
                connection.execute(f"select count(hash(facts)) from marts.{table} as facts").fetchall()

        ((seconds, _),) = in_turns(scan, rounds=3)
    return seconds
