"""What the names of delivered CSV files say of them."""

import re
from datetime import datetime
from pathlib import Path

from models.sources import SourceKind

_END_OF_NAME = re.compile(r"[.\-]|_\d")


class CsvNames:
    """The CSV files of one source. No file describes another, and the time of export is in the file name only."""

    about: frozenset[Path] = frozenset()

    def __init__(self, kind: SourceKind, files: list[Path]):
        self._extracts = kind.extracts

    def exported_at(self, path: Path) -> datetime | None:
        """None: no manifest stands beside a CSV file."""
        return None

    def extract(self, path: Path) -> str:
        """The name up to its date or ending: `contacts` of `contacts_2026-03-01.csv.gz`."""
        name = _END_OF_NAME.split(path.name, maxsplit=1)[0]
        return name.lower() if name.lower() in self._extracts else name
