"""The measures on a built warehouse: patient-measures per second, with ten times the patients, with 24 more periods.

The clinical events that they read, with their value sets resolved, are computed once for all of them and timed separately.
"""

from collections.abc import Iterator

from benchmarks.dbt_models import Spent, spent_on
from benchmarks.practices import SIZES, built
from benchmarks.result import Result
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import Build

EVENTS = ["path:models/intermediate/clinical"]
MEASURES = ["path:models/intermediate/measures"]
ONE_YEAR: dict[str, object] = {"rolling_month_ends": 0, "earlier_years": 0}


def run(scale: int) -> list[Result]:
    return list(_measured(*(size * scale for size in SIZES)))


def _measured(small: int, large: int) -> Iterator[Result]:
    one: dict[int, Spent] = {}
    events: dict[int, Spent] = {}
    for n in (small, large):
        home, build = built(n)
        events[n] = spent_on(home, build, EVENTS)
        one[n] = spent_on(home, build, MEASURES, ONE_YEAR)
        n_measures = _evaluated(build)
        speed = n_measures * n / (one[n].seconds + events[n].seconds)
        note = f"{n_measures} measures, reporting year {_told(one[n])}, events before it {_told(events[n])}"
        yield Result(f"{n:,} patients", speed, "patient-measures/s", "≥ 20,000" if n >= 10_000 else "", note)
    for name, spent in (("measures", one), ("events", events)):
        yield Result(f"ten times the patients, {name}", spent[large].seconds / spent[small].seconds, goal="≤ 10.5")
    home, build = built(large)
    many = spent_on(home, build, MEASURES, ONE_YEAR | {"rolling_month_ends": 24})
    yield Result("25 periods against one", many.seconds / one[large].seconds, goal="≤ 6", note=_told(many))
    spent_on(home, build, MEASURES)  # as a run leaves it


def _told(spent: Spent) -> str:
    return f"{spent.seconds:.1f} s ({spent.cpu_seconds:.1f} CPU)"


def _evaluated(build: Build) -> int:
    """How many measures were evaluated; one whose value sets are missing finds nobody, and counts for nothing."""
    with open_file(build.warehouse, read_only=True) as connection:
        return int(
            connection.execute(
                "select count(*) from seeds.measure_catalog "
                "where measure_code not in (select measure_code from intermediate.int_measures__missing_value_sets)"
            ).fetchall()[0][0]
        )
