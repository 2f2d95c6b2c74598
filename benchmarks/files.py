"""How fast files land, against DuckDB reading the same file with the same columns into Parquet without checks.

The baseline is `copy (from read_json(…, columns = …)) to parquet`, for CSV `read_csv`, on as many threads; landing hashes the
file, proves every line and syncs to disk besides.
"""

import gzip
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.result import Result, in_turns
from models.extracts.crm import EXTRACTS as CRM
from models.extracts.ehr import EXTRACTS
from pipelines.home import CHECKOUT, Home
from pipelines.landing.land import land
from pipelines.practice import Practice
from pipelines.sql.literals import literal
from pipelines.sql.types import sql_type

EXPORT = CHECKOUT.parent / "shared" / "data" / "synthea_bulk_fhir"
_CONTACTS = 100_000
_CONTACT = (
    "C{i:07},M{i:07},Ann,Kestrel,1966-05-0{day},female,a{i}@example.org,2125550101,{i} Main St,Albany,NY,12207,en,email,"
    "false,false,2026-01-05T10:00:00-05:00,2026-10-0{day}T10:00:00-04:00"
)
_HUBSPOT = [
    *["Record ID", "MRN", "First Name", "Last Name", "Date of birth", "Gender", "Email", "Phone Number", "Street Address"],
    *["City", "State/Region", "Postal Code", "Preferred language", "Preferred channel", "Unsubscribed from all email"],
    *["Deceased", "Create Date", "Last Modified Date"],
]
TYPES = ("Observation", "Encounter", "Condition", "Patient", "Procedure", "DiagnosticReport", "MedicationRequest", "Immunization")
_BYTES = 40e6
"""Small files say nothing but what a landing costs."""


def run(scale: int) -> list[Result]:
    """Ratios of CPU seconds: bare DuckDB's to landing's. CSV only where the export is not there."""
    with TemporaryDirectory() as folder:
        of_fhir = _measured(Path(folder), scale) if EXPORT.is_dir() else ()
        return [*of_fhir, *_measured_csv(Path(folder), scale)]


def _measured(folder: Path, scale: int) -> Iterator[Result]:
    for resource_type in TYPES:
        content = gzip.decompress((EXPORT / f"{resource_type}.ndjson.gz").read_bytes())
        content *= scale * max(1, round(_BYTES / len(content)))
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
            note = f"{size / landed:,.0f} against {size / bare:,.0f} MB/s"
            goal = {"": "≥ 0.75", ", 1 % of lines damaged": "≥ 0.6"}.get(what, "")
            yield Result(f"{resource_type}{what}", bare_cpu / landed_cpu, "of CPU seconds", goal=goal, note=note)


def _measured_csv(folder: Path, scale: int) -> Iterator[Result]:
    """Contacts under the names of the contract, and under those of a shipped layout."""
    names = list(CRM["contacts"].fields)
    rows = [_CONTACT.format(i=i, day=1 + i % 9).split(",") for i in range(_CONTACTS * scale)]
    for what, header in (("", names), (", by a layout", _HUBSPOT)):
        delivered = folder / "csv" / "contacts.csv"
        shutil.rmtree(delivered.parent, ignore_errors=True)
        delivered.parent.mkdir()
        delivered.write_text("\n".join(map(",".join, [header, *rows])) + "\n")
        (bare, bare_cpu), (landed, landed_cpu) = in_turns(
            _bare_csv(delivered, names, folder), _landed(delivered.parent, folder, "crm")
        )
        size = delivered.stat().st_size / 1e6
        note = f"{size / landed:,.0f} against {size / bare:,.0f} MB/s"
        yield Result(f"contacts.csv{what}", bare_cpu / landed_cpu, "of CPU seconds", goal="≥ 0.5", note=note)


def _bare_csv(path: Path, names: list[str], folder: Path) -> Callable[[], None]:
    types = {name: sql_type(CRM["contacts"].fields[name].dtype.type) for name in names}
    declared = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())

    def read() -> None:
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute(
                f"copy (from read_csv({literal(str(path))}, header = true, auto_detect = false, columns = {{{declared}}})) "
                f"to {literal(str(folder / 'bare.parquet'))} (format parquet)"
            )

    return read


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


def _landed(delivered: Path, folder: Path, source: str = "ehr") -> Callable[[], None]:
    def read() -> None:
        shutil.rmtree(folder / "home", ignore_errors=True)
        land(Practice("p", "P", "UTC", {source: delivered}), Home(folder / "home"))

    return read
