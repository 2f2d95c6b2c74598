"""What the de-identified file holds of a published table. Its rules are written as SQL in `pipelines/publish/deidentify.py`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Deidentified:
    """The columns that the file holds of a table, and the rows: those for which `where` is true. No column: no table.

    `where` is SQL; it finds a table of the warehouse as `build.marts.…`.
    `note` says in words which rows these are. `is_reference`: the table says nothing of a person or a site, and stays as it is.
    """

    columns: tuple[str, ...] = ()
    where: str = ""
    note: str = ""
    is_reference: bool = False


ABSENT = Deidentified()
"""The file does not hold the table."""

REFERENCE = Deidentified(is_reference=True)
"""The file contains the whole table."""


def only(*columns: str, where: str = "", note: str = "") -> Deidentified:
    """These columns and no other. The key is among them, so that the rows keep their grain."""
    return Deidentified(columns, where, note)
