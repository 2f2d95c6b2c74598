"""What is known of a delivered file before it is read."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from models.settings.layout import Layout
from pipelines.extract.workbook import Sheet


class Source(IntEnum):
    """Who says what a file is and when it was exported; a higher one beats a lower, whichever arrived first."""

    NAME = 0
    """The name of the file, or of a folder above it."""
    MANIFEST_BESIDE = 1
    """A manifest in its folder that does not name it."""
    MANIFEST = 2
    """A manifest that names it."""


@dataclass(frozen=True)
class Description:
    """`extract`: the kind of row, and whether it `is_known`, any that there is; `exported_at`: what `source` says of it.

    `layout`: how its columns are to be read, where they are not those of the extract; `sheet`: which one, of a workbook.
    """

    extract: str
    is_known: bool = True
    exported_at: datetime | None = None
    source: Source = Source.NAME
    layout: Layout | None = None
    sheet: Sheet | None = None
