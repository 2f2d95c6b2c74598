"""Whom a person's data was shown or handed to, from the audit log: an accounting of disclosures (45 CFR 164.528).

Six years back from today, newest first. What is for treatment, payment or health care operations, and what went to the person, is
exempt from the accounting (164.528(a)(1)(i), (ii)); it is listed all the same, and marked.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from models.audit_log.disclosing import EXEMPT, HANDED_OUT, PERSON, PRACTICE
from models.audit_log.record import EVENTS, EVERYBODY
from models.settings.privacy import months_later
from pipelines.audit_log import log_of
from pipelines.clock import now
from pipelines.home import Home
from pipelines.rights.person import Person

MONTHS = 72
_IS_INSIDE = {"patient_viewed", "query_answered", "outcome_recorded", "campaign_defined", "identity_decided", "glass_broken"}
"""A use within the practice, of which others learn nothing."""
_OF_ITS_KIND = {"person_exported": "individual"}
_TO = {"person_exported": PERSON, "pushed": "the connected system", "withdrew": "the connected system"}
"""What lines of before said nothing of."""


@dataclass(frozen=True)
class Disclosure:
    """One line: `at` in UTC, `who` did it, `what` in words, of which subject, `to` whom it went, for which `purpose`.

    `exempt`: why it need not be accounted for; empty: it must be. `is_all`: all patients were handed out.
    """

    at: str
    who: str
    what: str
    subject: str
    to: str
    purpose: str
    exempt: str
    is_all: bool


def disclosures(home: Home, person: Person, entries: Iterable[dict[str, Any]] | None = None) -> list[Disclosure]:
    """Every line of six years that names the person, newest first."""
    first = months_later(now().date(), -MONTHS).isoformat()
    lines = log_of(home).entries() if entries is None else entries
    found = [_disclosure(line) for line in lines if str(line.get("at", "")) >= first and _names(line, person.keys)]
    return sorted(found, key=lambda one: one.at, reverse=True)


def as_table(found: list[Disclosure]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found]


def _names(line: dict[str, Any], keys: frozenset[int]) -> bool:
    if line.get("event") not in _IS_INSIDE | HANDED_OUT:
        return False
    patients = line.get("patients")
    subject = str(line.get("subject", "")).split()[:1]
    named = isinstance(patients, list) and not keys.isdisjoint(patients)
    return patients == EVERYBODY or named or subject in [[str(key)] for key in keys]


def _disclosure(line: dict[str, Any]) -> Disclosure:
    event = line["event"]
    purpose = line.get("purpose") or _OF_ITS_KIND.get(event, "operations")
    return Disclosure(
        at=str(line["at"]),
        who=str(line.get("name") or line.get("who") or ""),
        what=EVENTS[event],
        subject="" if event in _IS_INSIDE else str(line.get("subject", "")),
        to=str(line.get("to") or _TO.get(event, PRACTICE if event in _IS_INSIDE else "")),
        purpose=purpose,
        exempt=EXEMPT.get(purpose, ""),
        is_all=line.get("patients") == EVERYBODY,
    )
