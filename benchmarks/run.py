"""A whole `caregap run`: seconds and memory at two sizes, and the share of it that later runs cost.

The baseline is DuckDB reading every delivered file into memory without checks. Sizes are 1,000 and 10,000 patients;
`--scale 10` makes them 10,000 and 100,000.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.practices import SIZES, first_run, simulated
from benchmarks.practices import run as run_again
from benchmarks.result import Result
from models.sources import SOURCE_KINDS, delivered_kinds
from pipelines.sql.literals import literal
from pipelines.sql.types import sql_type

_LATER = "2026-11-07T03:00:00Z"
_EVERY = 100


def run(scale: int) -> list[Result]:
    """Ratios, seconds and gigabytes. The larger practice's second runs are measured, as those of a practice in use."""
    return list(_measured(*(size * scale for size in SIZES)))


def _measured(small: int, large: int) -> Iterator[Result]:
    taken = {n: first_run(n) for n in (small, large)}
    bare = {n: _bare(simulated(n)) for n in (small, large)}
    for n, first in taken.items():
        stages = ", ".join(f"{name} {seconds:.0f}" for name, seconds in first.stages.items())
        yield Result(f"{n:,} patients, against bare reading", first.seconds / bare[n], note=f"{first.seconds:.0f} s: {stages}")
        yield Result(f"{n:,} patients, peak memory", first.gigabytes, "GB", "≤ 6" if n >= 100_000 else "")
    goal = "≤ 10.5" if small >= 10_000 else ""
    yield Result("ten times the patients, time", taken[large].seconds / taken[small].seconds, goal=goal)
    for stage, seconds in taken[large].stages.items():
        before = taken[small].stages.get(stage, 0)
        if before >= 1:
            yield Result(f"  {stage}", seconds / before, note=f"{before:.0f} to {seconds:.0f} s")
    whole = taken[large].seconds
    again = run_again(large).seconds
    yield Result("second run, nothing new", again / whole, goal="≤ 0.15", note=f"{again:.0f} s")
    deliver_changes(simulated(large))
    changed = run_again(large).seconds
    yield Result("second run, 1 % new", changed / whole, goal="≤ 0.3", note=f"{changed:.0f} s")


def _bare(practice: Path) -> float:
    """Seconds in which DuckDB reads all files of a practice with the columns of their contracts."""
    began = time.perf_counter()
    with duckdb.connect() as connection:
        for source, kind in SOURCE_KINDS.items():
            for name, contract in kind.extracts.items():
                is_fhir = kind.reader == "fhir"
                pattern = practice / source / "*" / (f"{name}*.ndjson" if is_fhir else f"{name}*.csv")
                if not list(practice.glob(str(pattern.relative_to(practice)))):
                    continue
                if is_fhir:
                    types = {column: sql_type(field.dtype.type) for column, field in contract.fields.items()}
                    columns = ", ".join(f"{literal(column)}: {literal(dtype)}" for column, dtype in types.items())
                    read = f"read_json({literal(str(pattern))}, format = 'newline_delimited', columns = {{{columns}}}, "
                    read += "ignore_errors = true)"
                else:
                    read = f"read_csv({literal(str(pattern))}, all_varchar = true, header = true)"
                connection.execute(f"create table {source}_{name} as from {read}")
    return time.perf_counter() - began


def deliver_changes(practice: Path) -> None:
    """Deliver every hundredth row of the first delivery once more, as changed a week after the last one."""
    for kind in delivered_kinds():
        first = min((practice / kind.name).iterdir())
        later = practice / kind.name / _LATER[:10]
        later.mkdir()
        for path in sorted(first.glob("*.ndjson")):
            with path.open(encoding="utf-8") as lines, (later / path.name).open("w", encoding="utf-8") as out:
                for number, line in enumerate(lines):
                    if number % _EVERY == 0:
                        resource = json.loads(line)
                        resource["meta"]["lastUpdated"] = _LATER
                        out.write(json.dumps(resource, separators=(",", ":")) + "\n")
        for path in sorted(first.glob("*.csv")):
            rows = pl.read_csv(path, infer_schema=False).gather_every(_EVERY)
            rows.with_columns(updated_at=pl.lit(_LATER)).write_csv(later / path.name)
        if kind.reader == "fhir":
            manifest = {"transactionTime": _LATER, "request": "$export", "requiresAccessToken": False, "error": []}
            output = [{"type": path.name.split(".")[0], "url": path.name} for path in sorted(later.glob("*.ndjson"))]
            (later / "manifest.json").write_text(json.dumps(manifest | {"output": output}))
