"""The slow path for a CSV file: checks every record, and copies the good ones with their numbers."""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.extract.csv_header import Header
from pipelines.extract.preflight import Limits
from pipelines.extract.reading import Quarantine

NUMBER = "_row_number"
Below = Callable[[list[str]], bool]
"""Whether a record is one that a report writes below its table."""


def sift(path: Path, clean: Path, header: Header, below: Below, quarantine: Quarantine, limits: Limits) -> int:
    """Copy every record that has a value for each column, and at most an empty one more; quarantine the others.

    Returns the number of records, apart from blank ones and those `below` the table.

    A quote that is never closed, or closed much later, costs only the line that opened it: reading continues with the next line.
    Records are numbered like spreadsheet rows, from the header on.
    """
    n_delivered = 0
    csv.field_size_limit(limits.record_bytes)
    with path.open(encoding="utf-8-sig", newline="") as content, clean.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=header.delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow([*header.columns, NUMBER])
        records = enumerate(_records(content, header, limits), header.row)
        next(records, None)
        for number, record in records:
            # A delimiter too many at the end of a row loses nothing, and DuckDB's strict mode reads over it too.
            if len(record) == len(header.columns) + 1 and record[-1] == "":
                record = record[:-1]
            if isinstance(record, str):
                quarantine.add(number, None, record)
            elif not "".join(record).strip() or below(record):  # spreadsheets write an empty row as delimiters alone
                continue
            elif len(record) != len(header.columns):
                quarantine.add(number, None, f"has {len(record)} values, but the header names {len(header.columns)} columns")
            else:
                writer.writerow([*record, number])
            n_delivered += 1
    return n_delivered


def _records(content: io.TextIOWrapper, header: Header, limits: Limits) -> Iterator[list[str] | str]:
    """Each record's values, or why it cannot be read."""
    ahead: deque[str] = deque()

    def line_at(i: int) -> str:
        """Line `i` from here, at most one character longer than a record may be; empty at the end of the file."""
        while len(ahead) <= i:
            ahead.append(content.readline(limits.record_bytes + 1))
        return ahead[i]

    values: list[str] | str | None
    while line := line_at(0):
        if len(line.encode()) > limits.record_bytes:
            while ahead and ahead[0] and not ahead[0].endswith(("\n", "\r")):
                ahead.popleft()
                line_at(0)
            ahead.popleft()
            yield f"is longer than {limits.record_bytes // 2**20} MB"
            continue
        n_lines, values = 1, _values(line, header.delimiter)
        if values is None:
            n_lines = _n_lines_of_record(line_at, limits)
            values = _values("".join(ahead[i] for i in range(n_lines)), header.delimiter) if n_lines else None
        if values is None or (n_lines > 1 and len(values) != len(header.columns)):
            n_lines, values = 1, 'opens or closes a quote (") in the wrong place'
        elif any("\x00" in value for value in values):
            values = "holds a NUL byte"
        for _ in range(n_lines):
            ahead.popleft()
        yield values


def _n_lines_of_record(line_at: Callable[[int], str], limits: Limits) -> int:
    """The number of lines until the quotes balance; 0 if they would exceed the record limit."""
    n_quotes = n_bytes = i = 0
    while True:
        line = line_at(i)
        n_quotes, n_bytes = n_quotes + line.count('"'), n_bytes + len(line.encode())
        if not line or n_bytes > limits.record_bytes:
            return 0
        i += 1
        if n_quotes % 2 == 0:
            return i


def _values(text: str, delimiter: str) -> list[str] | None:
    """The values of one record; None if the text is not exactly one record."""
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None
