"""Keeps out what is of a test patient and does not say so itself: visits, results, appointments.

A patient who says HTEST is quarantined when the file is read, and leaves marks there (`extract/fhir_test_data.py`). Rows that
name nobody else, or a visit of theirs, are quarantined here with their reason, whatever order the files came in. A patient of
whom a later version does not say HTEST is none.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from models.fhir_reference import IDENTIFIED, PERSON
from models.sources import SOURCE_KINDS, name_of_kind
from pipelines.extract.bundles import DELETED
from pipelines.extract.fhir_test_data import MARK_SQL, MARKS
from pipelines.extract.reading import ROWS
from pipelines.landing.persons import Part, find_rows
from pipelines.landing.rows import landed_rows
from pipelines.landing.subjects import subjects_of
from pipelines.landing.tombstones import with_marks
from pipelines.sql.literals import literal
from pipelines.sql.parquet import rows_of

OF_TEST_PATIENT = "is of a test patient (HTEST), and counts nowhere"


def find_of_test_patients(connection: duckdb.DuckDBPyConnection, files: pl.DataFrame) -> None:
    """Add the current rows of test patients to `raw.superseded_rows`, with the reason `OF_TEST_PATIENT`.

    `files`: all delivered files, as the temp table `files` has them; their older versions and deletions are known.
    """
    landed = files.filter(pl.col("status") == "landed")
    marked = [Path(folder) / MARKS for folder in landed["folder"] if (Path(folder) / MARKS).is_file()]
    if not marked:
        return
    with_marks(connection, f"of_source || '/' || {MARK_SQL}", _marks(connection, marked, landed))
    find_rows(connection, [part for file in landed.iter_rows(named=True) if (part := _part(file))])
    connection.execute(
        f"""
        insert into raw.superseded_rows
        select files.source_system, files.extract, files.file_key, found.row_number, {literal(OF_TEST_PATIENT)}
        from found
        join files on files.folder || '/{ROWS}' = found.path
        anti join raw.superseded_rows as superseded
            on superseded.source_system = files.source_system and superseded.extract = files.extract
            and superseded.file_key = files.file_key and superseded.row_number = found.row_number
        where found.is_whole
        """
    )
    connection.execute("drop table found; drop table theirs; drop macro mark; drop macro is_theirs; reset variable theirs")


def _marks(connection: duckdb.DuckDBPyConnection, marked: Sequence[Path], landed: pl.DataFrame) -> list[str]:
    """The marks of those of whom no later version is there, each behind its source; not of identifiers that others have, too."""
    patients = landed.filter(pl.col("extract") == PERSON, pl.col("source_system").map_elements(_is_fhir, pl.Boolean))
    forms = patients.group_by("reader", maintain_order=True).agg("folder")["folder"]
    rows = landed_rows([f"{folder}/{ROWS}" for folder in folders] for folders in forms)
    subjects = subjects_of("ehr", PERSON)
    identifiers = subjects.identifiers[IDENTIFIED] if subjects else "[]"
    found = connection.execute(
        f"""
        with said as (
            select
                files.source_system, files.file_key, said.row_number, said.mark, said.is_id,
                coalesce(try_cast(said.changed_at as timestamptz), files.exported_at) as said_at
            from {rows_of(marked, "filename = true")} as said
            join files on files.folder || '/{MARKS}' = said.filename
        ),
        patients as (
            select
                patients.source_system, {_mark(PERSON, "patients.id")} as mark, {identifiers} as identifiers,
                coalesce(patients._last_updated, files.exported_at) as changed_at
            from {rows} as patients
            join files
                on files.source_system = patients.source_system and files.file_key = patients._file_key
                and files.extract = {literal(PERSON)}
        ),
        later as (
            select said.source_system, said.file_key, said.row_number
            from patients
            join said on said.is_id and said.source_system = patients.source_system and said.mark = patients.mark
            where patients.changed_at > said.said_at
        ),
        of_others as (
            select source_system, {_mark(IDENTIFIED, "identifier")} as mark
            from (
                select source_system, unnest(identifiers) as identifier
                from patients
                anti join (select source_system, mark from said where is_id) as tests using (source_system, mark)
            )
        )
        select distinct source_system || '/' || mark
        from said
        anti join later using (source_system, file_key, row_number)
        anti join of_others using (source_system, mark)
        order by 1
        """
    ).fetchall()
    return [mark for (mark,) in found]


def _mark(kind: str, name: str) -> str:
    return MARK_SQL.replace("of_extract", literal(kind)).replace("of_id", name)


def _part(file: dict[str, str]) -> Part | None:
    """The rows of a FHIR file; None where it has none, or deletions."""
    place = Path(file["folder"])
    is_asked = _is_fhir(file["source_system"]) and file["extract"] != DELETED and (place / ROWS).is_file()
    return Part(file["source_system"], file["extract"], place, place, file["reader"]) if is_asked else None


def _is_fhir(source_system: str) -> bool:
    return SOURCE_KINDS[name_of_kind(source_system)].reader == "fhir"
