"""What encryption costs: a whole run of the sample practice, and queries of a page, encrypted and in clear.

CPU seconds are compared as well, since a busy machine does not change them much. `--scale` repeats the run.
"""

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.practices import scratch
from benchmarks.result import Result, in_turns
from dashboards.access.roles import Sight
from dashboards.store.scope import Scope, open_scoped
from pipelines.practice import SAMPLE

_KEY = "0" * 64
_QUERIES = {
    "the tiles of the overview": "select * from marts.fct_kpi_periods where is_newest",
    "a patient's visits": "select * from marts.fct_encounters semi join (from marts.dim_patients limit 1) using (patient_key)",
    "all visits, counted": "select count(*), count(distinct patient_key), max(started_on) from marts.fct_encounters",
}


def run(scale: int) -> list[Result]:
    """Ratios of encrypted to clear."""
    homes = {is_encrypted: scratch() / f"encrypted-{is_encrypted}" for is_encrypted in (False, True)}
    taken: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for _ in range(scale):
        for is_encrypted, home in homes.items():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(mode=0o700)
            if is_encrypted:
                _caregap(home, "keys", "init")
            taken[is_encrypted].append(_caregap(home, "run", str(SAMPLE)))
    (clear_wall, clear_cpu), (wall, cpu) = min(taken[False]), min(taken[True])
    results = [
        Result("a run of the sample, CPU", cpu / clear_cpu, note=f"{clear_cpu:.0f} to {cpu:.0f} s"),
        Result("a run of the sample, wall", wall / clear_wall, note=f"{clear_wall:.0f} to {wall:.0f} s"),
        Result("a publication, size", _n_bytes(homes[True]) / _n_bytes(homes[False])),
    ]
    os.environ["CAREGAP_KEY"] = _KEY
    opening = in_turns(*(partial(_open, home) for home in homes.values()))
    results.append(Result("to open a publication, wall", opening[1][0] / opening[0][0], note=_seconds(opening)))
    for name, query in _QUERIES.items():
        first = in_turns(*(partial(_asked_first, home, query) for home in homes.values()))
        results.append(Result(f"{name}, on opening", first[1][0] / first[0][0], note=_seconds(first)))
        opened = [open_scoped(_folder(home), Scope(Sight.FULL, None)) for home in homes.values()]
        again: list[Callable[[], object]] = [partial(lambda one, sql: one.execute(sql).fetchall(), one, query) for one in opened]
        warm = in_turns(*again, rounds=20)
        results.append(Result(f"{name}, again", warm[1][0] / warm[0][0], note=_seconds(warm)))
        for one in opened:
            one.close()
    return results


def _caregap(home: Path, *arguments: str) -> tuple[float, float]:
    """Wall and CPU seconds of a command in a process of its own."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [Path(sys.executable).with_name("caregap"), *arguments],
        env=os.environ | {"CAREGAP_HOME": str(home), "CAREGAP_KEY": _KEY},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _folder(home: Path) -> Path:
    return (home / "published" / "current").resolve()


def _n_bytes(home: Path) -> int:
    return (_folder(home) / "warehouse.duckdb").stat().st_size


def _open(home: Path) -> None:
    open_scoped(_folder(home), Scope(Sight.FULL, None)).close()


def _asked_first(home: Path, query: str) -> None:
    with open_scoped(_folder(home), Scope(Sight.FULL, None)) as connection:
        connection.execute(query).fetchall()


def _seconds(taken: list[tuple[float, float]]) -> str:
    return f"{taken[0][0] * 1000:,.1f} to {taken[1][0] * 1000:,.1f} ms"
