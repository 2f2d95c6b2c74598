"""What the names of delivered CSV files, and their first lines, say of them."""

import re
from pathlib import Path

from models.sources import SourceKind
from pipelines.extract.csv_header import fits
from pipelines.extract.description import Description
from pipelines.extract.preflight import first_bytes

_WORD = re.compile(r"[a-z0-9]+")
_ENDS = ("", ".", "-", " ", "(")
_ADDED = re.compile(r"(v|part|copy|export|resent|late|final|full|new|delta)?\d*|csv|txt|gz|zst|zip|xlsx?")
"""What people and programs write after a table's name: `contacts (1).csv`, `contacts_v2.csv`, `Leads_final.csv`, a date."""


class CsvNames:
    """The CSV files of one source. No file describes another, and the time of export is in the file name only."""

    about: frozenset[Path] = frozenset()

    def __init__(self, kind: SourceKind, files: list[Path]):
        self._extracts = kind.extracts

    def describe(self, path: Path) -> Description:
        """The extract whose name begins the file's, if a mark or what is added to names follows; otherwise what its header fits.

        `contacts` of `Contacts (1).csv`; `leads` of `website.csv`, whose columns are those of leads and of nothing else.
        """
        name = path.name.lower()
        longest = max((one for one in self._extracts if name.startswith(one)), key=len, default=None)
        rest = name[len(longest or "") :]
        if longest and (rest[:1] in _ENDS or all(_ADDED.fullmatch(word) for word in _WORD.findall(rest))):
            return Description(longest)
        start = first_bytes(path)
        found = [longest] if longest and fits(start, self._extracts[longest]) else self._fitting(start)
        return Description(found[0]) if len(found) == 1 else Description(path.name.partition(".")[0], is_known=False)

    def _fitting(self, start: bytes) -> list[str]:
        """The extracts that a header fits with the most columns."""
        columns = {name: n for name, contract in self._extracts.items() if (n := fits(start, contract))}
        return [name for name, n in columns.items() if n == max(columns.values())]
