"""Finds the landed rows of a person, from the records that are theirs, through all that leads to these."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from models.sources import SOURCE_KINDS, name_of_kind
from pipelines.extract.reading import ROWS
from pipelines.landing.integrity import MANIFEST, read_manifest
from pipelines.landing.rows import landed_rows
from pipelines.landing.subjects import PERSONS, Naming, Subjects, subjects_of
from pipelines.sql.literals import literal
from pipelines.sql.parquet import rows_of


@dataclass(frozen=True)
class Part:
    """The landed rows of one extract in the landed folder `folder`; they lie in `place`, which is that folder or one in it.

    `reader`: the version of what read them. Of one extract, rows that the same version read have the same columns.
    """

    source_system: str
    extract: str
    folder: Path
    place: Path
    reader: str = ""

    @property
    def subjects(self) -> Subjects | None:
        kind = name_of_kind(self.source_system)
        return subjects_of(kind, self.extract) if kind in SOURCE_KINDS else None


def landed_parts(root: Path) -> list[Part]:
    """Everything that has landed for a practice whose landing is `root`."""
    return [part for manifest in sorted(root.glob(f"[!.]*/*/*/{MANIFEST}")) for part in _parts(manifest.parent)]


def _parts(folder: Path) -> Iterator[Part]:
    manifest = read_manifest(folder)
    delivered = manifest.get("delivered", {})
    source_system = delivered.get("source_system", folder.parts[-3])
    own = delivered.get("extract", folder.parts[-2])
    for extract in dict.fromkeys((own, *manifest.get("parts", {}))):
        place = folder if extract == own else folder / extract
        if manifest["status"] == "landed" and (place / ROWS).is_file():
            yield Part(source_system, extract, folder, place, str(manifest.get("reader", "")))


def find_rows(connection: duckdb.DuckDBPyConnection, parts: Iterable[Part]) -> dict[Part, tuple[int, int]]:
    """Find the rows of those whose marks are in the table `theirs`: theirs (`whole`), and those that only name them (`partly`).

    For a connection that `pipelines/landing/tombstones.py` has prepared. Adds to `theirs` the marks of what was found and may be
    named by other rows. Leaves the temp table `found` (`path` of the Parquet file, `row_number`, `is_whole`), and the variable
    `theirs`. Returns the numbers of rows of each part that has any, whole and partly.
    """
    grouped: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in parts:
        if part.subjects:
            grouped[(name_of_kind(part.source_system), part.extract)].append(part)
    connection.execute("create or replace temp table found (path varchar, row_number bigint, is_whole boolean)")
    leading = {key: group for key, group in grouped.items() if subjects_of(*key).anchors}  # type: ignore[union-attr]
    n_before = -1
    while n_before != (n_before := _n_marks(connection)):
        for key, group in leading.items():
            _find_whole(connection, *key, group)
    for key, group in grouped.items():
        if key not in leading:
            _find_whole(connection, *key, group)
        _find_mentions(connection, *key, group)
    connection.execute("set variable theirs = (select list(mark) from theirs)")
    counts = {
        path: (n_whole, n_partly)
        for path, n_whole, n_partly in connection.execute(
            "select path, count(*) filter (is_whole), count(*) filter (not is_whole) from found group by path"
        ).fetchall()
    }
    every = (part for group in grouped.values() for part in group)
    return {part: counts[path] for part in every if (path := str(part.place / ROWS)) in counts}


def rows_sql(paths: Iterable[Path]) -> str:
    """SQL that reads Parquet files of the same columns, each row with its `filename`."""
    return rows_of(paths, "filename = true")


def rows_of_parts(parts: Iterable[Part]) -> str:
    """SQL that reads the landed rows of parts of one extract, whatever versions have read them, each with its `filename`."""
    forms: dict[str, list[Path]] = defaultdict(list)
    for part in parts:
        forms[part.reader].append(part.place / ROWS)
    return landed_rows(forms.values(), "filename = true")


def _n_marks(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("select count(*) from theirs").fetchall()[0][0])


def _find_whole(connection: duckdb.DuckDBPyConnection, kind: str, extract: str, group: list[Part]) -> None:
    subjects = subjects_of(kind, extract)
    rows = rows_of_parts(group)
    there = _columns(connection, rows)
    if subjects is None or not (names := _names(subjects.by, there)):
        return
    # A row of several patients is nobody's alone. Other kinds of rows name one person, or are about the pair that they name.
    is_shared = f'name."extract" in {PERSONS}' if SOURCE_KINDS[kind].reader == "fhir" else "false"
    connection.execute(
        f"""
        insert into found
        select path, row_number, not bool_or(theirs.mark is null and {is_shared} and name.id <> '') as is_whole
        from (
            select filename as path, _row_number as row_number, unnest({names}) as name
            from {rows}
            anti join found on found.path = filename and found.row_number = _row_number
        )
        left join theirs on theirs.mark = mark(name.source_system, name."extract", name.id)
        group by all
        having bool_or(theirs.mark is not null)
        """
    )
    for name, id in subjects.anchors.items():
        connection.execute(
            f"""
            insert or ignore into theirs
            select distinct mark(source_system, {literal(name)}, {id})
            from {rows}
            join found on found.path = filename and found.row_number = _row_number and found.is_whole
            where {id} is not null
            """
        )
    for name, ids in subjects.identifiers.items():
        connection.execute(
            f"""
            insert or ignore into theirs
            select mark(source_system, {literal(name)}, id)
            from (
                select source_system, unnest({ids}) as id, found.path is not null as is_theirs
                from {rows}
                left join found on found.path = filename and found.row_number = _row_number and found.is_whole
            )
            where id is not null
            group by source_system, id
            having bool_and(is_theirs)
            """
        )


def _find_mentions(connection: duckdb.DuckDBPyConnection, kind: str, extract: str, group: list[Part]) -> None:
    subjects = subjects_of(kind, extract)
    rows = rows_of_parts(group)
    if subjects is None or not (names := _names(subjects.mentions, _columns(connection, rows))):
        return
    connection.execute(
        f"""
        insert into found
        select distinct path, row_number, false
        from (select filename as path, _row_number as row_number, unnest({names}) as name from {rows})
        join theirs on theirs.mark = mark(name.source_system, name."extract", name.id)
        anti join found using (path, row_number)
        """
    )


def _names(columns: Iterable[Naming], there: set[str]) -> str:
    """SQL of the list of all that a row names."""
    return " || ".join(naming.names for naming in columns if naming.column in there)


def _columns(connection: duckdb.DuckDBPyConnection, rows: str) -> set[str]:
    return {name for name, *_ in connection.execute(f"describe select * from {rows}").fetchall()}
