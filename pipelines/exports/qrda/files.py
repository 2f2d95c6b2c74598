"""Writes one QRDA III file for each reporting entity."""

import re
from collections.abc import Sequence
from pathlib import Path

from models.audit_log.disclosing import PRACTICE
from pipelines.audit_log import record
from pipelines.errors import UsageError
from pipelines.exports.qrda.counts import counts_of, rows_of
from pipelines.exports.qrda.document import Report, document
from pipelines.exports.qrda.entities import entities
from pipelines.exports.qrda.identifiers import identifiers
from pipelines.exports.reported import ALL, reported_measures, reported_year
from pipelines.home import Home
from pipelines.publications.store import current
from pipelines.sql.connection import open_file


def write_qrda(
    home: Home,
    folder: Path,
    *,
    ids: Path,
    program: str,
    tin: str,
    certification: str,
    measures: Sequence[str] = (ALL,),
    year: int | None = None,
    to: str = "",
) -> dict[str, int]:
    """Write the files to `folder`, mode 0600. Returns the number of measures by file name; who has no patient has no file.

    `ids` names the file of identifiers; with `measures` left at all, the measures that it knows are reported. `certification` is
    the EHR's CMS certification id, 15 letters and digits. No file names a patient, but a count may be of one: the files are for
    CMS. Raises `NotPublished`, and `UsageError` for what is missing or malformed, and where nobody is in an initial population.
    """
    if not re.fullmatch(r"[A-Za-z0-9]{15}", certification):
        raise UsageError("--ehr-certification: has 15 letters and digits, from https://chpl.healthit.gov.")
    publication, known = current(home), identifiers(ids)
    with open_file(home.published / publication.id / "warehouse.duckdb", read_only=True) as connection:
        year, _ = reported_year(connection, year)
        reported = [one for one in reported_measures(connection, measures) if ALL not in measures or _has_id(known, one)]
        if not reported:
            raise UsageError(f"{ids}: has no id of a measure that was evaluated.")
        rows = rows_of(connection, reported, year)
        reporting = entities(connection, program, tin)
    reports = [
        Report(
            entity,
            publication.practice_id,
            publication.practice_name,
            certification,
            publication.published_at,
            publication.id,
            year,
            counts_of(rows, entity, known),
        )
        for entity in reporting
    ]
    reports = [report for report in reports if report.measures]
    if not reports:
        raise UsageError(f"{', '.join(reported)}: nobody is in an initial population of {year}, so there is nothing to report.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    record(home, "exported", subject=f"QRDA III {year} of {publication.id}", n_rows=len(reports), patients=[], to=to or PRACTICE)
    written = {}
    for report in reports:
        written[report.entity.file_name] = len(report.measures)
        _write(folder / report.entity.file_name, document(report))
    return written


def _has_id(known: dict[tuple[str, str, str, str], str], measure: str) -> bool:
    return any(code == measure for code, *_ in known)


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    beside.write_bytes(content)
    beside.replace(path)
