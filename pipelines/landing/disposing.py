"""Takes rows out of what has landed when they need not be kept any more.

They are counted as erased: delivered = landed + quarantined + superseded + erased. What is read from its delivery again, because
its contract has changed or it was damaged, comes back until the next time.
"""

from collections import defaultdict
from contextlib import closing
from pathlib import Path

from pipelines.durable import write_durably
from pipelines.extract.reading import ROWS
from pipelines.home import Home
from pipelines.landing.erasing import without_rows
from pipelines.landing.persons import Part, landed_parts
from pipelines.landing.replacing import replace_landed
from pipelines.scratch import scratch
from pipelines.sql.connection import open_memory

_STATE = "disposed"
"""In a practice's landing: how many rows were ever taken out so, which makes the next build another one."""
Rows = dict[tuple[str, str, str], list[int]]
"""Row numbers by source system, extract and key of the file."""


def dispose_rows(home: Home, practice_id: str, rows: Rows) -> int:
    """Write what has landed anew without these rows; their number. For the holder of the home's lock."""
    root, folders = home.landing(practice_id), defaultdict[Path, dict[Part, list[int]]](dict)
    for part in landed_parts(root):
        if numbers := rows.get((part.source_system, part.extract, part.folder.name)):
            folders[part.folder][part] = numbers
    n_rows = 0
    with scratch(root) as own, closing(open_memory(own / "duckdb")) as connection:
        for folder, parts in folders.items():
            connection.execute("create or replace temp table found (path varchar, row_number bigint, is_whole boolean)")
            for part, numbers in parts.items():
                named = [str(part.place / ROWS), numbers]
                connection.execute("insert into found select $1, unnest($2::bigint[]), true", named)
                n_rows += len(numbers)
            counted = {part: (len(numbers), 0) for part, numbers in parts.items()}
            replace_landed(without_rows(connection, own / "folder", folder, counted), folder)
            write_durably(root / _STATE, str(int(disposed_state(root) or 0) + sum(map(len, parts.values()))), "disposal.rows")
    return n_rows


def disposed_state(root: Path) -> str:
    """What changes whenever rows are taken out of a practice's landing (`root`)."""
    path = root / _STATE
    return path.read_text(encoding="ascii") if path.is_file() else ""
