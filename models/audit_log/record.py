"""The content of a line of the audit log, its hash, and the events that can be recorded."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

EVENTS = {
    "signed_in": "signed in",
    "signed_out": "signed out",
    "logged_off": "was logged off",
    "refused": "was refused",
    "patient_viewed": "viewed patients",
    "glass_broken": "opened one patient by break-glass",
    "glass_ended": "ended break-glass",
    "glass_refused": "was refused break-glass",
    "exported": "exported rows",
    "queried": "ran a query",
    "query_answered": "was given rows",
    "query_refused": "had a query refused or stopped",
    "outcome_recorded": "recorded an outcome",
    "campaign_defined": "defined or ended a campaign",
    "note_written": "wrote a note on a KPI, or took it back",
    "alerts_chosen": "subscribed to alerts, or ended that",
    "notified": "told a subscription of alerts",
    "identity_decided": "decided on an identity",
    "pulled": "pulled from a connected system",
    "push_decided": "decided on a plan to push",
    "pushed": "pushed to a connected system",
    "withdrew": "withdrew tasks from a connected system",
    "outcomes_read": "read outcomes from a connected system",
    "published": "published",
    "rolled_back": "went back to an earlier publication",
    "backed_up": "made a backup",
    "restored": "restored a backup",
    "value_sets_loaded": "loaded value sets",
    "settings_changed": "changed settings",
    "encrypted": "encrypted what was kept in clear",
    "keys_rotated": "wrapped keys under another key",
    "keys_destroyed": "destroyed keys",
    "operated": "opened Dagster's page to start runs",
    "audit_read": "asked who saw a patient",
    "alerted": "told of a sign of intrusion",
    "person_exported": "handed out all that is kept about a person",
    "person_restricted": "restricted the use of a person's data, or lifted that",
    "person_erased": "erased a person",
    "disposed": "disposed of what need not be kept any more",
    "broken": "found the log broken",
    "keyed": "put the log under a key",
}
"""What is recorded, in words."""

BROKEN, KEYED, ALERTED = "broken", "keyed", "alerted"
EVERYBODY = "all"
"""Stands in `patients` where all patients of a publication were handed out."""

START = "0" * 64
"""What the first line follows."""

_NOT_HASHED = ("hash", "mac")


def line_hash(line: Mapping[str, Any]) -> str:
    """SHA-256 over everything in the line but its own hash and MAC, keys in order."""
    hashed = {name: value for name, value in line.items() if name not in _NOT_HASHED}
    return hashlib.sha256(json.dumps(hashed, sort_keys=True).encode()).hexdigest()


def parsed(raw: bytes) -> dict[str, Any] | None:
    """The line that these bytes, with their line end, are; None where they are none, or cut off."""
    if not raw.endswith(b"\n"):
        return None
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    is_line = (
        isinstance(line, dict)
        and isinstance(line.get("number"), int)
        and isinstance(line.get("hash"), str)
        and isinstance(line.get("previous"), str)
    )
    return line if is_line else None


def digest(raw: bytes) -> str:
    """Names the bytes of a damaged line in the line that records the damage."""
    return hashlib.sha256(raw).hexdigest()[:32]


def names_patient(line: Mapping[str, Any], patient_key: int) -> bool:
    """Whether the line records that this patient was viewed, exported or worked on."""
    patients = line.get("patients")
    if patients == EVERYBODY:
        return True
    subject = str(line.get("subject", "")).split()
    return subject[:1] == [str(patient_key)] or (isinstance(patients, list) and patient_key in patients)
