"""What is known of a kind of source: one record each. Adding one is a contract module and a record.

Imports no contract before one is asked for, so that the command line knows the kinds without waiting for Polars and Pandera.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.contract import Contract


@dataclass(frozen=True)
class SourceKind:
    """One kind of source.

    `name` starts every `source_system` of this kind (`ehr`, `ehr:north`); `title` is what people call it, `delivers` what its
    files are. `reader` is a key of `READERS` in `pipelines/extract/readers.py`; so are `other_readers`, each of which takes the
    files that it recognises. `changed_at` is the column that says when a row was last changed; if it starts with `_`, the reader
    adds it. `is_own`: Caregap itself wrote the files, so they date nothing.
    """

    name: str
    title: str
    delivers: str
    reader: str
    changed_at: str = "updated_at"
    is_own: bool = False
    other_readers: tuple[str, ...] = ()

    @cached_property
    def extracts(self) -> dict[str, Contract]:
        """The contract of every kind of file, by name: `EXTRACTS` of the module `models/extracts/<name>.py`."""
        return import_module(f"models.extracts.{self.name}").EXTRACTS


_KINDS = (
    SourceKind(
        "ehr", "EHR", "bulk FHIR exports and HL7 v2 messages", "fhir", changed_at="_last_updated", other_readers=("hl7v2",)
    ),
    SourceKind("crm", "CRM", "CSV extracts", reader="csv"),
    SourceKind("billing", "Billing", "CSV extracts and X12", reader="csv", other_readers=("x12",)),
    SourceKind("caregap", "Recorded in Caregap", "CSV extracts", reader="csv", is_own=True),
)

SOURCE_KINDS: dict[str, SourceKind] = {kind.name: kind for kind in _KINDS}
"""Every kind of source, in the order in which pages show them."""


def name_of_kind(source_system: str) -> str:
    """The kind's name: `ehr` of `ehr:north`."""
    return source_system.partition(":")[0]


def delivered_kinds() -> list[SourceKind]:
    """The kinds that a practice delivers."""
    return [kind for kind in SOURCE_KINDS.values() if not kind.is_own]


def own_kinds() -> list[str]:
    """The names of the kinds that Caregap writes itself."""
    return [kind.name for kind in SOURCE_KINDS.values() if kind.is_own]


def source_title(source_system: str) -> str:
    """`EHR north` for `ehr:north`; the name itself for a kind that this version does not know."""
    name, _, which = source_system.partition(":")
    title = SOURCE_KINDS[name].title if name in SOURCE_KINDS else name
    return f"{title} {which}".strip()
