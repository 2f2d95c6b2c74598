"""Erases a person from everything that is kept, for good, and certifies what was done.

    <home>/erasures/<practice>/<id>.json, <id>.txt    the certificate: numbers and marks, nobody's name; encrypted in such a home

In this order, so that what was stopped goes on from where it was: the certificate is begun, with what there is; saved queries
that name the person go; the person's marks go on the list, from which all else follows (`pipelines/landing/tombstones.py`); what
has landed, was recorded and is kept is written anew without them; builds and earlier publications go, a new publication is made
from what is left, and the last one that shows the person goes.

The audit log stays: it must be kept for six years (45 CFR 164.316(b)(2)(i)), and has keys that lead to nobody any more.
"""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from models.audit_log.record import EVENTS
from models.extracts.caregap import LEGAL_HOLD
from models.published import PUBLISHED
from models.published.persons import person_columns
from models.settings.privacy import months_later
from pipelines.audit_log import log_of, record
from pipelines.clock import now
from pipelines.connect.pulls.state import forget_ids
from pipelines.connect.state import FILE as PUSHED
from pipelines.connect.state import open_state
from pipelines.disposal import dispose
from pipelines.durable import write_durably
from pipelines.errors import UsageError
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.keys import read, sealed
from pipelines.landing.erasing import erase_again, erase_recorded, test_patients
from pipelines.landing.integrity import landed_damage
from pipelines.landing.persons import find_rows, landed_parts
from pipelines.landing.returned import number_marks
from pipelines.landing.tombstones import Tombstones
from pipelines.practice import Practice
from pipelines.privacy import profile
from pipelines.publications.store import CURRENT, WAREHOUSE, current, forget_old, note_erased, publications
from pipelines.rights.disclosures import disclosures
from pipelines.rights.identifiers import forget_queries, identifiers
from pipelines.rights.person import Person
from pipelines.rights.restrict import restrictions
from pipelines.sql.connection import open_file, open_memory

BEGUN, DONE = "begun", "done"
Certificate = dict[str, Any]


def refuse_if_kept(home: Home, practice: Practice, person: Person) -> None:
    """Raise `UsageError` where the person's records must be kept: a legal hold, or the months of `[retention] patients`."""
    if any(one["reason"] == LEGAL_HOLD for one in restrictions(home, practice, person)):
        raise UsageError(f"--patient: a legal hold keeps the records (restricted for {LEGAL_HOLD}). Lift it first.")
    law = profile(practice.privacy)
    months = law.months(practice.retention).patients
    if not months:
        return
    said = f"retention.patients = {months} in practice.toml, or by {law.title}"
    if person.key is None:
        raise UsageError(
            f"--patient: no publication has that record, so nobody knows until when it must be kept ({said}). "
            "A restriction may withhold it: lift that first."
        )
    last_visit_on = _last_visit_on(home, person.key)
    until = months_later(last_visit_on, months) if last_visit_on else None
    if until and until > now().date():
        raise UsageError(
            f"--patient: the records must be kept until {until}, {months} months after the last visit ({said}). Restrict "
            "their use instead (`caregap person restrict`), or set another number of months if your law has one."
        )


def begun_or_new(home: Home, practice: Practice, person: Person) -> Certificate:
    """The certificate of an erasure that was stopped before its person went, otherwise a new one, with what there is of them."""
    marks = sorted(map(Tombstones.of(home, practice.id).mark, person.names))
    known = next((one for one in certificates(home, practice) if one["status"] == BEGUN and one["marks"] == marks), None)
    return known or {
        "id": uuid4().hex,
        "status": BEGUN,
        "practice": practice.name,
        "law": profile(practice.privacy).title,
        "begun_at": now().isoformat(timespec="seconds"),
        "records": dict(Counter(one.record_type for one in person.records)),
        "landed_rows": _landed(home, practice, person),
        "published_rows": _published(home, person),
        "handed_out": _handed_out(home, person),
        "publications_through": max((one.number for one in publications(home)), default=0),
        "marks": marks,
        "number_marks": number_marks(home, practice.id, person.names),
    }


def certificates(home: Home, practice: Practice) -> list[Certificate]:
    """All certificates of the practice's erasures, in the order in which they were begun."""
    found = [json.loads(read(path)) for path in home.erasures(practice.id).glob("*.json")]
    return sorted(found, key=lambda one: (one["begun_at"], one["id"]))


def erase(home: Home, practice: Practice, person: Person, publish: Callable[[], object]) -> list[Certificate]:
    """Erase the person; the certificates of all erasures that this ended. `publish` makes a new publication from what landed.

    For the holder of the home's lock. Raises `UsageError` where the person's records must be kept.
    """
    refuse_if_kept(home, practice, person)
    certificate = begun_or_new(home, practice, person)
    record(home, "person_erased", subject=f"{certificate['id']} begun")
    certificate["saved_queries"] = forget_queries(home, identifiers(home, practice, person))
    _write(home, practice, certificate)
    passing("erase.begun", home.root)
    tombstones = Tombstones.of(home, practice.id)
    of_test_patients = map(tombstones.mark, test_patients(person.names))
    tombstones.add([*certificate["marks"], *certificate.get("number_marks", []), *of_test_patients])
    passing("erase.marked", home.root)
    return finish(home, practice, publish)


def finish(home: Home, practice: Practice, publish: Callable[[], object]) -> list[Certificate]:
    """Take every erasure that was begun to its end: the person is on the list already, and nothing else is needed.

    Where none was, as in an older backup into which the list was copied, what connections remember of the erased is forgotten.
    """
    marks = Tombstones.of(home, practice.id).marks()
    begun = [one for one in certificates(home, practice) if one["status"] == BEGUN and marks.issuperset(one["marks"])]
    if not begun:
        _forget_pushed(home, practice)
        return []
    note_erased(home, practice.id, max(one["publications_through"] for one in begun))
    erase_recorded(home, practice.id)
    erase_again(home, practice.id)
    passing("erase.landed", home.root)
    _forget_pushed(home, practice)
    for build in home.build.glob("*/"):
        dispose(build)
    forget_old(home)
    passing("erase.forgotten", home.root)
    if (home.published / CURRENT).exists():
        publish()
        passing("erase.published", home.root)
        forget_old(home)
        erase_again(home, practice.id)
    for certificate in begun:
        record(home, "person_erased", subject=f"{certificate['id']} done")
        certificate |= {
            "status": DONE,
            "done_at": now().isoformat(timespec="seconds"),
            "publication": current(home).id if (home.published / CURRENT).exists() else None,
            "backups": _backups(home),
        }
        _write(home, practice, certificate)
        passing("erase.certified", home.root)
    return begun


def as_text(certificate: Certificate) -> str:
    """The certificate for people."""
    n_landed, n_published = (sum(certificate[name].values()) for name in ("landed_rows", "published_rows"))
    lines = [
        "Certificate of erasure",
        f"Number: {certificate['id']}",
        f"Practice: {certificate['practice']} ({certificate['law']})",
        f"Begun {certificate['begun_at']}, done {certificate.get('done_at', 'not yet')} (UTC)",
        "",
        f"Records erased: {', '.join(f'{n} {kind}' for kind, n in sorted(certificate['records'].items()))}",
        f"Delivered rows removed: {n_landed:,}",
        *(f"  {n:,} {name}" for name, n in sorted(certificate["landed_rows"].items())),
        f"Rows in the publication that was replaced: {n_published:,}",
        f"Saved queries that named the person: {certificate.get('saved_queries', 0):,}",
        "Builds and earlier publications were overwritten and removed; the statistics of the new one count the person no more.",
        "What is delivered again of these records is removed again, and counted.",
        "Models that were trained before hold no row of the person; the next `caregap train` learns without them.",
        "The audit log stays, as it must; it names the person by a number that leads to nobody.",
        "",
        "For people to do:",
        "- Destroy these backups, or make them anew, since they hold the person: "
        + (", ".join(certificate.get("backups", [])) or "none is known"),
        "- The same for the deliveries in the source folders and at the sources: nothing here writes to those.",
        "- Tell those to whom the data was handed out (GDPR 19): "
        + (
            "; ".join(f"{one['at'][:10]} {one['what']} {one['subject']}" for one in certificate["handed_out"])
            or "nobody is known"
        ),
    ]
    return "\n".join(lines) + "\n"


def _write(home: Home, practice: Practice, certificate: Certificate) -> None:
    folder = home.erasures(practice.id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text, facts = certificate_paths(home, practice, certificate)
    write_durably(text, sealed(text, as_text(certificate)), "erase.text")
    write_durably(facts, sealed(facts, json.dumps(certificate, indent=1)), "erase.certificate")


def _last_visit_on(home: Home, key: int) -> Any:
    with open_file(home.published / current(home).id / WAREHOUSE, read_only=True) as connection:
        found = connection.execute("select last_visit_on from marts.dim_patients where patient_key = $1", [key]).fetchall()
    return found[0][0] if found else None


def _landed(home: Home, practice: Practice, person: Person) -> dict[str, int]:
    n_rows = Counter[str]()
    with closing(open_memory(home.landing(practice.id) / "duckdb")) as connection:
        tombstones = Tombstones.of(home, practice.id)
        tombstones.prepare(connection)
        connection.execute("delete from theirs")
        connection.execute("insert into theirs select unnest($1::varchar[])", [list(map(tombstones.mark, person.names))])
        parts = [part for part in landed_parts(home.landing(practice.id)) if not landed_damage(part.folder)]
        for part, (n_whole, n_partly) in find_rows(connection, parts).items():
            n_rows[f"{part.source_system}/{part.extract}"] += n_whole + n_partly
    return dict(n_rows)


def _published(home: Home, person: Person) -> dict[str, int]:
    if person.key is None or not (home.published / CURRENT).exists():
        return {}
    shown, n_rows = current(home), Counter[str]()
    with open_file(home.published / shown.id / WAREHOUSE, read_only=True) as connection:
        for table, contract in PUBLISHED.items():
            if table in shown.n_rows and (columns := person_columns(table, contract)):
                theirs = " or ".join(f"{name} = {person.key}" for name in columns)
                n_rows[table] += connection.execute(f"select count(*) from {table} where {theirs}").fetchall()[0][0]
    return {table: n for table, n in n_rows.items() if n}


def _handed_out(home: Home, person: Person) -> list[dict[str, str]]:
    """What left the practice and named the person, as far as the audit log says; without their key."""
    keys = {str(key) for key in person.keys}
    return [
        {"at": one.at, "what": one.what, "subject": " ".join(word for word in one.subject.split() if word not in keys)}
        for one in disclosures(home, person)
        if one.what in (EVENTS["exported"], EVENTS["pushed"])
    ]


def _backups(home: Home) -> list[str]:
    """Every backup that was made until now."""
    return [str(line.get("subject")) for line in log_of(home).entries() if line.get("event") == "backed_up"]


def _forget_pushed(home: Home, practice: Practice) -> None:
    """Take erased people out of what is remembered of pushes and pulls, and remove plans, which the next one draws anew."""
    folder = home.connect(practice.id)
    if (folder / PUSHED).is_file():
        tombstones = Tombstones.of(home, practice.id)
        marks = tombstones.marks()
        with open_state(home, practice.id) as state:
            state.forget_contacts(
                lambda source, id: any(
                    tombstones.mark((source, kind, id)) in marks for kind in ("contacts", "Patient", "accounts")
                )
            )
    forget_ids(home, practice)
    dispose(folder / "plans")


def certificate_paths(home: Home, practice: Practice, certificate: Certificate) -> tuple[Path, Path]:
    """The files of a certificate, for people and for machines; encrypted where the home is."""
    folder = home.erasures(practice.id)
    return folder / f"{certificate['id']}.txt", folder / f"{certificate['id']}.json"
