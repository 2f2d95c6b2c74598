"""How fast files land, against DuckDB reading the same file with the same columns into Parquet without checks.

The baseline is `copy (from read_json(…, columns = …)) to parquet` on as many threads; landing hashes the file, proves every line
and syncs to disk besides.
"""

import gzip
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.result import Result, in_turns
from models.extracts.ehr import EXTRACTS
from pipelines.home import CHECKOUT, Home
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.sql.literals import literal
from pipelines.sql.types import sql_type

EXPORT = CHECKOUT.parent / "shared" / "data" / "synthea_bulk_fhir"
GOALS = {"Observation": "≥ 0.7", "Encounter": "≥ 0.7"}


def run(scale: int) -> list[Result]:
    """Ratios of throughput: landing's to bare DuckDB's. Empty where the export is not there."""
    if not EXPORT.is_dir():
        return []
    with TemporaryDirectory() as folder:
        return list(_measured(Path(folder), scale))


def _measured(folder: Path, scale: int) -> Iterator[Result]:
    for resource_type in ("Observation", "Encounter"):
        content = gzip.decompress((EXPORT / f"{resource_type}.ndjson.gz").read_bytes()) * scale
        lines = content.splitlines(keepends=True)
        damaged = b"".join(line[:100] + b"\n" if i % 100 == 0 else line for i, line in enumerate(lines))
        files = {"": (f"{resource_type}.ndjson", content)}
        files[", gzip"] = (f"{resource_type}.ndjson.gz", gzip.compress(content, 1))
        files[", 1 % of lines damaged"] = (f"{resource_type}.ndjson", damaged)
        for what, (name, delivered) in files.items():
            path = folder / "delivered" / name
            shutil.rmtree(path.parent, ignore_errors=True)
            path.parent.mkdir()
            path.write_bytes(delivered)
            bare_path = folder / name
            bare_path.write_bytes(delivered if what == ", gzip" else content)
            (bare, bare_cpu), (landed, landed_cpu) = in_turns(
                _bare(bare_path, resource_type, folder), _landed(path.parent, folder)
            )
            size = len(content) / 1e6
            note = f"{size / landed:,.0f} against {size / bare:,.0f} MB/s; CPU seconds {bare_cpu / landed_cpu:.2f}"
            yield Result(f"{resource_type}{what}", bare / landed, goal=GOALS[resource_type] if not what else "", note=note)


def _bare(path: Path, resource_type: str, folder: Path) -> Callable[[], None]:
    columns = {name: sql_type(column.dtype.type) for name, column in EXTRACTS[resource_type].fields.items()}
    declared = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in columns.items())

    def read() -> None:
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (from read_json({literal(str(path))}, format = 'newline_delimited', columns = {{{declared}}})) "
                f"to {literal(str(folder / 'bare.parquet'))} (format parquet)"
            )

    return read


def _landed(delivered: Path, folder: Path) -> Callable[[], None]:
    def read() -> None:
        shutil.rmtree(folder / "home", ignore_errors=True)
        land(Practice("p", "P", "UTC", {"ehr": delivered}), Home(folder / "home"))

    return read
