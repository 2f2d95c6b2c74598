"""The readers, by the name that a source kind's record gives (`models/sources.py`). Adding one is a file here and an entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from models.contract import Contract
from models.settings.layout import Layout
from models.sources import SourceKind
from pipelines.extract.bulk_export import BulkExports
from pipelines.extract.bundles import BUNDLE, BUNDLES, DELETED, DELETIONS
from pipelines.extract.csv_deletions import DELETED_ROWS
from pipelines.extract.csv_file import read_csv
from pipelines.extract.csv_names import CsvNames
from pipelines.extract.description import Description
from pipelines.extract.fhir_bulk import read_fhir
from pipelines.extract.hl7v2.file import MESSAGE_CONTRACT, MESSAGES, Hl7Files, is_hl7v2, read_hl7v2
from pipelines.extract.reading import Reading, Request
from pipelines.extract.x12.reader import X12Files, read_x12
from pipelines.extract.x12.segments import is_x12


class Listing(Protocol):
    """What is known of a source's files before they are read. `about`: files that only describe the others."""

    about: frozenset[Path]

    def describe(self, path: Path) -> Description: ...


@dataclass(frozen=True)
class Reader:
    """How the files of a kind of source are listed, by the practice's layouts too, and read.

    `read` turns one file into Parquet. `besides` are the files that hold no rows of an extract but are read too, such as the
    deletions of a bulk export. `recognises`: whether a file is of this format, by its first bytes; None where any may be.
    `divides`: a file holds rows of several extracts of its kind.
    """

    list_files: Callable[[SourceKind, list[Path], Mapping[str, Layout]], Listing]
    read: Callable[[Request], Reading]
    besides: Mapping[str, Contract] = field(default_factory=dict)
    recognises: Callable[[bytes], bool] | None = None
    divides: bool = False

    def contract(self, kind: SourceKind, extract: str) -> Contract | None:
        """The contract of a file's rows; None for an extract that is not read."""
        return kind.extracts.get(extract) or self.besides.get(extract)

    def contracts(self, kind: SourceKind, extract: str) -> dict[str, Contract]:
        """The contracts of all rows that a file may hold."""
        own = self.contract(kind, extract)
        return {**kind.extracts, **self.besides} if self.divides else {own.name: own} if own else {}


READERS = {
    "x12": Reader(lambda *_: X12Files(), read_x12, recognises=is_x12, divides=True),
    "csv": Reader(CsvNames, read_csv, besides={DELETED: DELETED_ROWS}),
    "fhir": Reader(
        lambda kind, files, _: BulkExports(kind, files), read_fhir, besides={BUNDLE: BUNDLES, DELETED: DELETIONS}, divides=True
    ),
    "hl7v2": Reader(Hl7Files, read_hl7v2, besides={MESSAGES: MESSAGE_CONTRACT}, recognises=is_hl7v2, divides=True),
}
