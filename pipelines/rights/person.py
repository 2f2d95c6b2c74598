"""Finds a person by key or by a record of theirs; never by a name, which a command line would keep."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from models.extracts.crm import RECORD_TYPES
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.landing.journal import recorded
from pipelines.landing.subjects import RECORD_EXTRACTS
from pipelines.landing.tombstones import KEY_OF_PATIENT, Name, Tombstones
from pipelines.practice import Practice
from pipelines.publications.store import CURRENT, WAREHOUSE, Publication, current
from pipelines.sql.connection import open_file

ASKED = "KEY or SOURCE/TYPE/ID"
_KEY = re.compile(r"-?\d{1,19}")
_LINKS = "select source_system, source_record_type, source_id from marts.dim_patient_links where patient_key = $1 order by all"
_KEYS = """
    select patient_key from marts.dim_patient_links
    where source_system = $1 and source_record_type = $2 and source_id = $3
"""


@dataclass(frozen=True, order=True)
class Record:
    """One record of a person in a source, as `marts.dim_patient_links` names it."""

    source_system: str
    record_type: str
    source_id: str

    @property
    def name(self) -> Name:
        """As the marks of `pipelines/landing/tombstones.py` name it."""
        return self.source_system, RECORD_EXTRACTS[self.record_type][1], self.source_id

    @property
    def key(self) -> int:
        """The `patient_key` of whoever has the key from this record: as the macro `surrogate_key` of dbt makes it."""
        text = "|".join((self.source_system, self.record_type, self.source_id))
        return int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:15], 16)


@dataclass(frozen=True)
class Person:
    """A person of the current publication, or one record that no publication has.

    `key`: the `patient_key` of today, if there is one. A record that is another person's today may have been theirs in an
    earlier publication, and the other way round: only today's records are theirs.
    """

    records: tuple[Record, ...]
    key: int | None = None

    @property
    def keys(self) -> frozenset[int]:
        """Every key that the person has or may have had."""
        return frozenset(record.key for record in self.records) | ({self.key} if self.key is not None else set())

    @property
    def names(self) -> list[Name]:
        """The records and the keys, as marks name them."""
        return [*(record.name for record in self.records), *(("", KEY_OF_PATIENT, str(key)) for key in sorted(self.keys))]


def find_person(home: Home, practice: Practice, asked: str) -> Person:
    """The person whom `asked` names: a `patient_key` of the current publication, or `source/type/id` of a record.

    Raises `UsageError` where it is neither, or nobody has that key.
    """
    is_key = _KEY.fullmatch(asked) is not None
    record = None if is_key else _record(asked, practice)
    shown = current(home) if is_key or (home.published / CURRENT).exists() else None
    if shown and shown.practice_id != practice.id:
        raise UsageError(f"{home.root}: shows {shown.practice_id}, not {practice.id}. Give the folder of the practice shown.")
    if is_key and shown:
        if records := _records(home, shown, int(asked)):
            return Person(records, int(asked))
        raise UsageError(f"--patient: nobody has that key in the current publication. Give {ASKED}.")
    assert record is not None
    if shown and (key := _key_of(home, shown, record)) is not None:
        return Person(_records(home, shown, key), key)
    return Person(_restricted_with(home, practice, record))


def _restricted_with(home: Home, practice: Practice, record: Record) -> tuple[Record, ...]:
    """The record, and those that were restricted together with it: nothing else says whose they are once they are withheld."""
    entries = [(_record_of(one), one["restricted_at"]) for one in recorded(home, practice.id, "restrictions").to_dicts()]
    times = {at for one, at in entries if one == record}
    return tuple(sorted({record, *(one for one, at in entries if at in times)}))


def _record_of(entry: dict[str, Any]) -> Record:
    return Record(*(str(entry[f"patient_{part}"]) for part in ("source_system", "record_type", "source_id")))


def was_erased(home: Home, practice: Practice, asked: str) -> bool:
    """Whether whoever `asked` names is on the list of those who were erased."""
    name = ("", KEY_OF_PATIENT, asked) if _KEY.fullmatch(asked) else _record(asked, practice).name
    tombstones = Tombstones.of(home, practice.id)
    return bool(tombstones.digest()) and tombstones.mark(name) in tombstones.marks()


def _record(asked: str, practice: Practice) -> Record:
    source_system, _, rest = asked.partition("/")
    record_type, _, source_id = rest.partition("/")
    if record_type not in RECORD_TYPES or not source_id:
        raise UsageError(
            f"--patient: is neither a patient_key nor a record. Write {ASKED}, as 42 or ehr/ehr_patient/p-1; TYPE is one of "
            f"{', '.join(RECORD_TYPES)}."
        )
    if source_system not in practice.sources and source_system.partition(":")[0] != RECORD_EXTRACTS[record_type][0]:
        raise UsageError(f"--patient: {source_system[:40]} is no source with records of type {record_type}.")
    return Record(source_system, record_type, source_id)


def _records(home: Home, shown: Publication, key: int) -> tuple[Record, ...]:
    with open_file(home.published / shown.id / WAREHOUSE, read_only=True) as connection:
        return tuple(Record(*row) for row in connection.execute(_LINKS, [key]).fetchall())


def _key_of(home: Home, shown: Publication, record: Record) -> int | None:
    with open_file(home.published / shown.id / WAREHOUSE, read_only=True) as connection:
        found = connection.execute(_KEYS, [record.source_system, record.record_type, record.source_id]).fetchall()
    return int(found[0][0]) if found else None
