"""Writes the de-identified file of a publication in clear, for analysts who query it with tools of their own."""

from pathlib import Path

import duckdb

from pipelines.audit_log import record
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.publications.store import DEIDENTIFIED, current
from pipelines.sql.connection import attach
from pipelines.sql.literals import literal


def write_deidentified(home: Home, folder: Path) -> dict[str, int]:
    """Write `deidentified.duckdb` of the current publication into `folder`, audited; returns its number of rows by file name.

    Raises `UsageError` where there is such a file already, and `NotPublished`.
    """
    publication = current(home)
    path = folder / DEIDENTIFIED
    if path.exists():
        raise UsageError(f"{path}: already exists. Remove it first, or give another folder.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with duckdb.connect(":memory:") as connection:
        attach(connection, home.published / publication.id / DEIDENTIFIED, "published")
        (n_rows,) = connection.execute("select sum(n_rows)::bigint from published.catalog.tables").fetchall()[0]
        record(home, "exported", subject=f"de-identified file of {publication.id}", n_rows=n_rows)
        connection.execute(f"attach {literal(str(path))} as written")
        connection.execute("copy from database published to written")
    return {DEIDENTIFIED: n_rows}
