"""Counts what FHIR resources say of their last change and cannot be read: such a version is taken for the oldest."""

import pyarrow.parquet as pq

from pipelines.extract.reading import DOUBTS, ROW_NUMBER, ROWS, Request
from pipelines.sql.literals import literal

_FINDING = "is not a time that can be read: of several versions, each other counts before this one"


def note_doubts(request: Request) -> int:
    """The number of rows in `rows.parquet` whose `meta.lastUpdated` is no instant; they are written to `doubts.parquet`."""
    rows = request.folder / ROWS
    if _n_empty(rows, "_last_updated") == _n_empty(rows, "meta.lastUpdated"):
        return 0
    (n_rows,) = request.connection.execute(
        f"""
        copy (
            select
                {ROW_NUMBER} as row_number,
                'meta.lastUpdated' as field,
                {literal(_FINDING)} as finding
            from read_parquet({literal(str(rows))}, file_row_number = true)
            where meta.lastUpdated <> '' and _last_updated is null
        ) to {literal(str(request.folder / DOUBTS))} (format parquet)
        """
    ).fetchall()[0]
    return int(n_rows)


def _n_empty(rows: object, column: str) -> int | None:
    """The number of rows without a value, as the file's own statistics have it; None where they do not say."""
    file = pq.ParquetFile(rows)
    names = [file.schema.column(i).path for i in range(len(file.schema))]
    if column not in names:
        return None
    chunks = [file.metadata.row_group(group).column(names.index(column)) for group in range(file.num_row_groups)]
    return sum(chunk.statistics.null_count for chunk in chunks) if all(chunk.statistics for chunk in chunks) else None
