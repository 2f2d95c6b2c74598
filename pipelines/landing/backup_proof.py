"""Shows that what a backup holds can be used: its files open with the key at hand, and have the rows that were landed.

Nothing is written: neither to the backup nor to a home. What a run makes of it is shown by the drill (docs/security.md).
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.backup import Backup, content_of
from pipelines.errors import ChecksFailed
from pipelines.extract.reading import ROWS
from pipelines.keys import check_keys, read
from pipelines.landing.integrity import MANIFEST, read_manifest
from pipelines.sql.connection import prepare
from pipelines.sql.parquet import rows_of

_KEYS = "keys/"


@dataclass(frozen=True)
class Proof:
    """What was opened: `n_tables` Parquet files, `n_rows` of what landed, `n_files` others."""

    n_tables: int
    n_rows: int
    n_files: int


def prove(backup: Backup) -> Proof:
    """Open every file of a backup that `check` found whole, and count what landed.

    Raises `EnvironmentNotReady` without the key of an encrypted backup, or with another, and `ChecksFailed` naming what does not
    open and what has other rows than its manifest says.
    """
    home = content_of(backup)
    check_keys(home)
    tables = {place for place in backup.files if place.endswith(".parquet")}
    others = [place for place in backup.files if place not in tables and not place.startswith(_KEYS)]
    for place in others:
        read(home / place)
    with closing(duckdb.connect()) as connection:
        prepare(connection, home / "landing")
        counted = {place: _n_rows(connection, home / place) for place in sorted(tables)}
    wrong = [f"{place} cannot be opened" for place, n in counted.items() if n is None]
    stated = dict(_stated(home))
    wrong += [
        f"{place} has {counted.get(place) or 0:,} rows, and its manifest says {n:,}"
        for place, n in stated.items()
        if place not in counted or counted[place] not in (n, None)
    ]
    if wrong:
        raise ChecksFailed("\n  ".join([f"{backup.folder}: cannot be gone back to. Use another backup.", *wrong[:20]]))
    return Proof(len(tables), sum(stated.values()), len(others))


def _n_rows(connection: duckdb.DuckDBPyConnection, path: Path) -> int | None:
    """The rows of a Parquet file; None where it cannot be opened."""
    try:
        return int(connection.execute(f"select count(*) from {rows_of([path])}").fetchall()[0][0])
    except duckdb.Error:
        return None


def _stated(home: Path) -> Iterator[tuple[str, int]]:
    """The Parquet of each landed file, and of its parts, with the rows that its manifest says."""
    for path in sorted((home / "landing").glob(f"*/*/*/*/{MANIFEST}")):
        manifest = read_manifest(path.parent)
        if manifest["status"] == "landed":
            for folder, reading in (
                (path.parent, manifest),
                *((path.parent / name, part) for name, part in manifest["parts"].items()),
            ):
                if reading["n_read"]:
                    yield (folder / ROWS).relative_to(home).as_posix(), reading["n_read"]
