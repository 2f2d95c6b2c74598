"""A whole `caregap run`: CPU seconds and memory of the sample and of two sizes, and the share of it that later runs cost.

The baseline is DuckDB reading every delivered file into memory without checks, in CPU seconds of the same minutes. Sizes are
1,000 and 10,000 patients; `--scale 10` makes them 10,000 and 100,000.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from benchmarks.practices import SAMPLE, SIZES, first_run, simulated
from benchmarks.practices import run as run_again
from benchmarks.result import Result
from models.sources import SOURCE_KINDS, delivered_kinds
from pipelines.sql.literals import literal
from pipelines.sql.types import sql_type

_LATER = "2026-11-07T03:00:00Z"
_EVERY = 100


def run(scale: int) -> list[Result]:
    """CPU seconds, ratios and gigabytes."""
    return list(_measured(*(size * scale for size in SIZES)))


def _measured(small: int, large: int) -> Iterator[Result]:
    sizes = {SAMPLE: "sample", small: f"{small:,} patients", large: f"{large:,} patients"}
    taken = {n: first_run(n) for n in sizes}
    for n, name in sizes.items():
        first, bare = taken[n], _bare(simulated(n))
        goal = {SAMPLE: "≤ 36", 10_000: "≤ 110"}.get(n, "")
        stages = ", ".join(f"{stage} {seconds:.0f}" for stage, seconds in first.stages.items())
        yield Result(name, first.cpu_seconds, "CPU s", goal, f"{first.seconds:.0f} s wall: {stages}")
        yield Result(f"{name}, against bare reading", first.cpu_seconds / bare, note=f"{bare:.1f} CPU s")
        yield Result(f"{name}, peak memory", first.gigabytes, "GB", "≤ 6" if n >= 100_000 else "")
    goal = "≤ 10.5" if small >= 10_000 else ""
    yield Result("ten times the patients", taken[large].cpu_seconds / taken[small].cpu_seconds, goal=goal)
    for stage, seconds in taken[large].stages.items():
        before = taken[small].stages.get(stage, 0)
        if before >= 1:
            yield Result(f"  {stage}, wall", seconds / before, note=f"{before:.0f} to {seconds:.0f} s")
    for n in (SAMPLE, large):
        yield from _later(n, sizes[n], taken[n].cpu_seconds)


def _later(n: int, name: str, whole: float) -> Iterator[Result]:
    """Second runs of a practice, of which the first took `whole` CPU seconds."""
    again = run_again(n)
    yield Result(
        f"{name}, nothing new", again.cpu_seconds / whole, note=f"{again.cpu_seconds:.1f} CPU s, {again.seconds:.1f} s wall"
    )
    deliver_changes(simulated(n))
    changed = run_again(n)
    note = f"{changed.cpu_seconds:.1f} CPU s, {changed.seconds:.1f} s wall"
    yield Result(f"{name}, 1 % new", changed.cpu_seconds / whole, goal="≤ 0.5", note=note)


def _bare(practice: Path) -> float:
    """CPU seconds in which DuckDB reads all files of a practice with the columns of their contracts."""
    began = time.process_time()
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
    return time.process_time() - began


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
