"""What the de-identified file holds of a published table. Its rules are written as SQL in `pipelines/publish/deidentify.py`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Form(StrEnum):
    """The way in which a table appears in the de-identified file."""

    ABSENT = "absent"
    """Not at all."""
    PATIENT_ROWS = "patient_rows"
    """A row is about a patient, so every date, place and source id in it belongs to one."""
    COUNTS = "counts"
    """A row counts persons or their visits: one that counts few of them keeps its names and loses its numbers."""
    REFERENCE = "reference"
    """A row says nothing of a person."""


@dataclass(frozen=True)
class Deidentified:
    """The form of a table, and for `COUNTS` which columns are counts and which are dimensions.

    `counts` maps a count of persons or visits to the count that it is a part of (empty: of none). `summed_over` are the
    dimensions that the file does not have: its rows are added up over them, those alone for which `where` (SQL) is true.
    `shown` are the numbers that stay in a row with a small count, since no count can be worked out from them; a number that is
    neither in the key nor named here goes.
    """

    form: Form
    counts: Mapping[str, str] = field(default_factory=dict)
    summed_over: tuple[str, ...] = ()
    where: str = ""
    shown: tuple[str, ...] = ()


ABSENT = Deidentified(Form.ABSENT)
PATIENT_ROWS = Deidentified(Form.PATIENT_ROWS)
REFERENCE = Deidentified(Form.REFERENCE)


def counts(counts: Mapping[str, str], *, summed_over: tuple[str, ...] = (), where: str = "", shown: tuple[str, ...] = ()):
    """A table of counts; the parts are those of `Deidentified`."""
    return Deidentified(Form.COUNTS, counts, summed_over, where, shown)
