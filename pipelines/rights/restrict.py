"""Keeps a person's data from use until that is lifted (45 CFR 164.522(a), GDPR 18).

Recorded as a delivery of source `caregap`, an entry for each record of the person, so that it survives every rebuild and holds
whoever the records turn out to be. From then on nobody lists, pushes, exports or scores the person, in whatever profile. Whether
those who treat them go on seeing them, the profile says (`[restriction]` in `models/privacy/*.toml`): where not, the data is
stored, and publications have no row of it. Figures without a name count the person.
"""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

import polars as pl

from models.extracts.caregap import EXTRACTS
from pipelines.audit_log import operator, record
from pipelines.clock import now
from pipelines.durable import write_durably
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.keys import sealed
from pipelines.landing.journal import free_name, recorded
from pipelines.practice import Practice
from pipelines.privacy import profile
from pipelines.publications.store import CURRENT, forget_old, note_erased, publications
from pipelines.rights.person import Person, Record

EXTRACT = "restrictions"


def restrictions(home: Home, practice: Practice, person: Person) -> list[dict[str, object]]:
    """The entries that hold now for any record of the person, newest last."""
    entries = recorded(home, practice.id, EXTRACT).filter(~pl.col("is_lifted")).to_dicts()
    return [one for one in entries if _record_of(one) in person.records]


def restrict(home: Home, practice: Practice, person: Person, reason: str) -> int:
    """Restrict every record of the person that is not restricted for this reason yet; the number of records.

    Audited. For the holder of the home's lock.
    """
    known = {_record_of(one) for one in restrictions(home, practice, person) if one["reason"] == reason}
    at = now()
    entries = [
        {
            "restriction_id": uuid4().hex,
            "patient_source_system": one.source_system,
            "patient_record_type": one.record_type,
            "patient_source_id": one.source_id,
            "reason": reason,
            "restricted_at": at,
            "is_lifted": False,
        }
        for one in person.records
        if one not in known
    ]
    return _deliver(home, practice, person, entries, f"for {reason}", at)


def withhold(home: Home, practice: Practice, publish: Callable[[], object]) -> bool:
    """Take restricted persons out of what is published, where the profile says so; whether it does.

    `publish` makes a new publication from what landed; the earlier ones, which show them, go. For the holder of the home's lock.
    """
    if profile(practice.privacy).restriction.is_shown or not (home.published / CURRENT).exists():
        return False
    note_erased(home, practice.id, max((one.number for one in publications(home)), default=0))
    publish()
    forget_old(home)
    return True


def lift(home: Home, practice: Practice, person: Person) -> int:
    """Lift every restriction of the person; the number of entries. Raises `UsageError` where there is none."""
    entries = restrictions(home, practice, person)
    if not entries:
        raise UsageError("--patient: nothing is restricted for that person.")
    return _deliver(home, practice, person, [one | {"is_lifted": True} for one in entries], "lifted", now())


def _record_of(entry: dict[str, object]) -> Record:
    return Record(*(str(entry[f"patient_{part}"]) for part in ("source_system", "record_type", "source_id")))


def _deliver(home: Home, practice: Practice, person: Person, entries: list[dict[str, object]], said: str, at: datetime) -> int:
    if not entries:
        return 0
    record(home, "person_restricted", subject=f"{person.key or 'a record'} {said}", n_rows=len(entries), patients=person.keys)
    folder = home.outcomes(practice.id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = io.StringIO()
    lines = csv.DictWriter(text, tuple(EXTRACTS[EXTRACT].fields), lineterminator="\n")
    lines.writeheader()
    for entry in entries:
        written = entry | {"updated_at": at, "restricted_by": operator()}
        lines.writerow({name: _text(value) for name, value in written.items()})
    path = free_name(folder, EXTRACT)
    write_durably(path, sealed(path, text.getvalue()), "restrict.recorded")
    return len(entries)


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat()
    return str(value)
