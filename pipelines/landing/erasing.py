"""Takes those who were erased out of all that is landed, recorded and kept, whenever something of theirs is there.

Part of every landing, so that what is delivered again is removed again. The rows are counted in the folder's manifest
(`n_erased`): delivered = landed + quarantined + superseded + erased. Every step can be done again, and is where one was stopped.
"""

import csv
import hashlib
import io
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from models.extracts.caregap import EXTRACTS
from models.fhir_reference import PERSON
from pipelines.durable import write_durably
from pipelines.extract.fhir_test_data import MARKED, MARKS, mark_of
from pipelines.extract.reading import DOUBTS, EXTRA, ROWS
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.keys import read, sealed
from pipelines.landing.integrity import MANIFEST, landed_damage, read_manifest
from pipelines.landing.journal import locked
from pipelines.landing.persons import Part, find_rows, landed_parts, rows_of_parts, rows_sql
from pipelines.landing.replacing import replace_landed, settle_replaced
from pipelines.landing.subjects import RECORD_EXTRACTS
from pipelines.landing.tombstones import KEY_OF_PATIENT, Name, Tombstones
from pipelines.publications.kept_facts import keep_instead, kept_of_persons, settle_kept
from pipelines.scratch import scratch
from pipelines.sealed import seal
from pipelines.sql.connection import open_memory
from pipelines.sql.literals import literal
from pipelines.sql.parquet import write_rows

THROUGH = "erased_through"
"""In a practice's landing: a hash of what had landed and who had been erased when all of them were out of it."""
Found = Mapping[Part, tuple[int, int]]


def test_patients(names: Iterable[Name]) -> list[Name]:
    """What marks of test patients are known by on the list: a file of them holds hashes of ids, under which a person whose record
    once said HTEST could be looked for."""
    return [(source, MARKED, mark_of(PERSON, id)) for source, extract, id in names if extract == PERSON]


def erase_again(home: Home, practice_id: str) -> bool:
    """Take people who were erased out of what has landed and what is kept; whether a landed folder changed.

    For the holder of the home's lock. The journals were done before they landed (`erase_recorded`).
    """
    root, tombstones = home.landing(practice_id), Tombstones.of(home, practice_id)
    settle_replaced(root)
    settle_kept(home.history(practice_id))
    if not tombstones.digest():
        return False
    is_changed = _state(root, tombstones) != _known_state(root) and _erase_landed(home, practice_id, tombstones)
    erase_kept(home, practice_id)
    return is_changed


def _erase_landed(home: Home, practice_id: str, tombstones: Tombstones) -> bool:
    root = home.landing(practice_id)
    with scratch(root) as own, closing(open_memory(own / "duckdb")) as connection:
        tombstones.prepare(connection)
        # What is damaged is read again from its delivery, or named, before a build; the next landing comes back to it.
        parts = [part for part in landed_parts(root) if not landed_damage(part.folder)]
        found = find_rows(connection, parts)
        # First the marks: once a claim is gone, nothing leads to its payments but the claim's mark.
        tombstones.add(mark for (mark,) in connection.execute("select mark from theirs").fetchall())
        passing("erase.found", root)
        folders: dict[Path, dict[Part, tuple[int, int]]] = defaultdict(dict)
        for part in parts:
            if part in found or _has_stray_extras(connection, part) or _has_marks_of(connection, part):
                folders[part.folder][part] = found.get(part, (0, 0))
        for folder, of_folder in folders.items():
            replace_landed(without_rows(connection, own / "folder", folder, of_folder, _rows_of_test_patients), folder)
    write_durably(root / THROUGH, _state(root, tombstones), "erase.through")
    return bool(folders)


def without_rows(
    connection: duckdb.DuckDBPyConnection,
    beside: Path,
    folder: Path,
    found: Found,
    of_test_patients: Callable[[Part], str] | None = None,
) -> Path:
    """Write a landed folder anew into `beside`, without the rows of the temp table `found` (`find_rows`), which `found` counts by
    part, and without the extra columns of rows that were kept out. They are counted as erased. `of_test_patients`: SQL of the
    numbers of rows of which the marks of test patients go, too."""
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(folder, beside)
    manifest = read_manifest(folder)
    for part, (n_whole, n_partly) in found.items():
        place = beside / part.place.relative_to(folder)
        rows = rows_of_parts([part])
        cleaned = _cleaned(connection, part, rows) if n_partly else ""
        write_rows(connection, f"select * exclude (filename) {cleaned} from {rows} {_BUT_WHOLE}", place / ROWS)
        counts = manifest if part.place == folder else manifest["parts"][part.extract]
        counts["n_read"] -= n_whole
        counts["n_erased"] = counts.get("n_erased", 0) + n_whole
        if (part.place / DOUBTS).is_file():
            theirs = f"select row_number from found where path = {literal(str(part.place / ROWS))}"
            doubts = rows_sql([part.place / DOUBTS])
            write_rows(
                connection, f"select * exclude (filename) from {doubts} where row_number not in ({theirs})", place / DOUBTS
            )
            counts["n_doubts"] = _count(connection, place / DOUBTS)
        if of_test_patients and (part.place / MARKS).is_file():
            marks = rows_sql([part.place / MARKS])
            others = f"row_number not in ({of_test_patients(part)})"
            write_rows(connection, f"select * exclude (filename) from {marks} where {others}", place / MARKS)
        if (part.place / EXTRA).is_file():
            extra, kept = rows_sql([part.place / EXTRA]), rows_sql([place / ROWS])
            query = f"select * exclude (filename) from {extra} where _row_number in (select _row_number from {kept})"
            write_rows(connection, query, place / EXTRA)
    manifest["files"] = seal((path for path in beside.rglob("*") if path.is_file() and path.name != MANIFEST), beside)
    (beside / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return beside


_BUT_WHOLE = """
    anti join (select * from found where is_whole) as theirs on theirs.path = filename and theirs.row_number = _row_number
"""


def _cleaned(connection: duckdb.DuckDBPyConnection, part: Part, rows: str) -> str:
    """`replace (…)` of the columns that name people, where a row of others does: without these names."""
    there = {name for name, *_ in connection.execute(f"describe select * from {rows}").fetchall()}
    naming = [one for one in part.subjects.columns if one.column in there] if part.subjects else []
    cleaned = ", ".join(f'{one.without} as "{one.column}"' for one in naming)
    return f"replace ({cleaned})" if naming else ""


def _has_stray_extras(connection: duckdb.DuckDBPyConnection, part: Part) -> bool:
    """Whether there are extra columns of quarantined rows: nobody can tell whose they are, and nothing uses them."""
    extra = part.place / EXTRA
    if not extra.is_file():
        return False
    kept = f"select _row_number from {rows_of_parts([part])}"
    query = f"select 1 from {rows_sql([extra])} where _row_number not in ({kept}) limit 1"
    return bool(connection.execute(query).fetchall())


def _has_marks_of(connection: duckdb.DuckDBPyConnection, part: Part) -> bool:
    """Whether somebody who was erased is among the marks of test patients."""
    if not (part.place / MARKS).is_file():
        return False
    return bool(connection.execute(f"{_rows_of_test_patients(part)} limit 1").fetchall())


def _rows_of_test_patients(part: Part) -> str:
    theirs = f"mark({literal(part.source_system)}, {literal(MARKED)}, mark)"
    return f"select row_number from {rows_sql([part.place / MARKS])} where is_id and {theirs} in (select mark from theirs)"


def _count(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    return int(connection.execute(f"select count(*) from {rows_sql([path])}").fetchall()[0][0])


def _state(root: Path, tombstones: Tombstones) -> str:
    landed = [(str(path.parent.relative_to(root)), path.read_text(encoding="utf-8")) for path in _manifests(root)]
    return hashlib.sha256(json.dumps([tombstones.digest(), landed]).encode()).hexdigest()


def _manifests(root: Path) -> list[Path]:
    return sorted(root.glob(f"[!.]*/*/*/{MANIFEST}"))


def _known_state(root: Path) -> str:
    path = root / THROUGH
    return path.read_text(encoding="ascii") if path.is_file() else ""


def erase_recorded(home: Home, practice_id: str) -> Counter[str]:
    """Take their entries out of the journals, open or taken; the number of entries by extract."""
    tombstones = Tombstones.of(home, practice_id)
    folder, n_entries, marks = home.outcomes(practice_id), Counter[str](), tombstones.marks()
    if folder.is_dir() and marks:
        with locked(folder):
            for extract, contract in EXTRACTS.items():
                sides = [name.removesuffix("_record_type") for name in contract.fields if name.endswith("_record_type")]
                for path in sorted(folder.glob(f"*{extract}*.csv")) if sides else ():
                    header, *rows = csv.reader(io.StringIO(read(path).decode()))
                    entries = [dict(zip(header, row, strict=False)) for row in rows]
                    kept = [one for one in entries if not any(_mark(tombstones, one, side) in marks for side in sides)]
                    if len(kept) < len(entries):
                        text = io.StringIO()
                        lines = csv.DictWriter(text, header, lineterminator="\n")
                        lines.writeheader()
                        lines.writerows(kept)
                        write_durably(path, sealed(path, text.getvalue()), "erase.recorded")
                        n_entries[extract] += len(entries) - len(kept)
    return n_entries


def _mark(tombstones: Tombstones, entry: Mapping[str, Any], side: str) -> str:
    _, extract = RECORD_EXTRACTS.get(entry.get(f"{side}_record_type", ""), ("", ""))
    id = entry.get(f"{side}_source_id") or entry.get(f"{side}_id") or ""
    return tombstones.mark((entry.get(f"{side}_source_system", ""), extract, id))


def erase_kept(home: Home, practice_id: str) -> int:
    """Take their rows out of what is kept of earlier publications; the number of rows."""
    tombstones = Tombstones.of(home, practice_id)
    kinds = [files for files in kept_of_persons(home, practice_id).values() if files]
    if not kinds or not tombstones.digest():
        return 0
    n_rows = 0
    with closing(open_memory(home.history(practice_id) / "duckdb")) as connection:
        tombstones.prepare(connection)
        theirs = f"mark('', {literal(KEY_OF_PATIENT)}, cast(patient_key as varchar)) in (select mark from theirs)"
        counted = [f"select filename, count(*) from {rows_sql(files)} where {theirs} group by 1" for files in kinds]
        for name, n_theirs in connection.execute(f"{' union all '.join(counted)} order by 1").fetchall():
            path = Path(name)
            beside = path.with_name(f".{path.name}")
            kept = f"select * exclude (filename) from {rows_sql([path])} where not {theirs} order by all"
            write_rows(connection, kept, beside)
            keep_instead(beside, path, "erase.kept")
            n_rows += n_theirs
    return n_rows
