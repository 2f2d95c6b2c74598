"""Break-glass: one patient, opened by one person for one reason and one hour, as the lines of the audit log tell it.

The emergency access procedure of 45 CFR 164.312(a)(2)(ii). The log is the only record of it: what was opened today is counted
there, so that no restart forgets it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

OPENED, ENDED, REFUSED = "glass_broken", "glass_ended", "glass_refused"
REASONS = {
    "emergency": "The patient needs care at once, here or by phone",
    "urgent_result": "A result cannot wait for who is responsible",
    "cover": "Whoever is responsible is away, and cannot be reached",
    "patient_asks": "The patient is here or on the phone, and is of another site",
    "other": "Another reason, in words",
}
"""Why a patient may be opened; the last needs words."""
OTHER = "other"
ENDS = {
    "time": "its time was up",
    "closed": "it was ended by who had opened it",
    "another": "another patient was opened",
    "signed_out": "the sign-in ended",
    "rights": "the right to it was taken away",
    "stopped": "the server was stopped",
}
REFUSALS = {
    "nobody": "nobody has these identifiers",
    "several": "several patients have these identifiers",
    "limit": "as many were opened as a day allows",
}
VIEW = "break_glass"
"""Second word of the subject of a `patient_viewed` that was of an opened patient; the third is the id of the opening."""


@dataclass(frozen=True)
class Opening:
    """One patient opened by one person. `ended_because` is one of `ENDS`; empty: no line says that it ended."""

    id: str
    at: datetime
    until: datetime
    who: str
    name: str
    patient_key: int
    reason: str
    sealed: str = ""
    n_views: int = 0
    ended_at: datetime | None = None
    ended_because: str = ""

    def is_open(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.until


def opened_subject(patient_key: int, id: str, reason: str, until: datetime) -> str:
    """The subject of the line of an opening."""
    return f"{patient_key} {id} {reason} {until.astimezone(UTC).isoformat(timespec='seconds')}"


def openings(entries: Iterable[Mapping[str, Any]]) -> list[Opening]:
    """All openings that the lines tell of, oldest first. A line that is none is passed over: `chain.py` speaks of damage."""
    found: dict[str, dict[str, Any]] = {}
    n_views = Counter[str]()
    for entry in entries:
        words = str(entry.get("subject", "")).split()
        match entry.get("event"):
            case "glass_broken" if opened := _opened(entry, words):
                found.setdefault(opened["id"], opened)
            case "glass_ended" if len(words) == 3 and words[1] in found and (at := _instant(entry.get("at"))):
                found[words[1]].setdefault("ended_at", at)
                found[words[1]].setdefault("ended_because", words[2])
            case "patient_viewed" if len(words) == 3 and words[1] == VIEW:
                n_views[words[2]] += 1
    return [Opening(**facts, n_views=n_views[id]) for id, facts in found.items()]


def _opened(entry: Mapping[str, Any], words: list[str]) -> dict[str, Any] | None:
    if len(words) != 4 or not words[0].lstrip("-").isdigit() or words[2] not in REASONS:
        return None
    at, until = _instant(entry.get("at")), _instant(words[3])
    if at is None or until is None:
        return None
    facts = {"id": words[1], "at": at, "until": until, "patient_key": int(words[0]), "reason": words[2]}
    return facts | {name: str(entry.get(name) or "") for name in ("who", "name", "sealed")}


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
