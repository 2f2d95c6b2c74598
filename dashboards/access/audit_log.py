"""The audit log: who did what, when, to how many rows; never a value. Lines are added and never changed.

Every line carries the hash of the line before it, so that a changed, moved or missing line breaks the chain from there on.
The head beside it holds the newest line's number and hash, so that lines missing at the end show as well. Whoever can
rewrite both can rewrite history: keep the head's hash, which `verify` gives, somewhere else from time to time.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dashboards.access.roles import Viewer, current_viewer
from dashboards.home import home

EVENTS = {
    "signed_in": "signed in",
    "signed_out": "signed out",
    "logged_off": "was logged off for inactivity or age",
    "refused": "was refused",
    "patient_viewed": "viewed a patient",
    "exported": "exported rows",
    "queried": "ran a query",
    "query_answered": "was given rows",
    "query_refused": "had a query refused or stopped",
    "outcome_recorded": "recorded an outcome",
}
"""What is recorded, in words."""

START = "0" * 64
FILE, _HEAD = "audit.jsonl", "head.json"


@dataclass(frozen=True)
class Verdict:
    """Whether the log is whole: how many lines, the hash of the last, and what is wrong (empty: nothing)."""

    n_lines: int
    head: str
    problem: str = ""


def record(event: str, *, subject: str = "", n_rows: int | None = None, viewer: Viewer | None = None) -> None:
    """Add a line: `event` is one of `EVENTS`, `subject` a key that says of what (a page, a patient's key, a table), not a value.

    The line is on disk when this returns. What cannot be recorded must not happen: an `OSError` is for the caller to let through.
    """
    if event not in EVENTS:
        raise KeyError(event)
    who = viewer or current_viewer()
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "who": who.user_id,
        "role": who.role,
        "event": event,
        "subject": subject,
        "n_rows": n_rows,
    }
    append(home() / "audit", entry)


def append(folder: Path, entry: dict) -> None:
    """Chain the entry to the log in `folder`, one writer at a time."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(_private(folder / FILE, os.O_RDWR | os.O_APPEND), "a+b") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        last = _last_line(log)
        number, previous = (last["number"] + 1, last["hash"]) if last else (1, START)
        line = {"number": number, **entry, "previous": previous}
        line["hash"] = _hash(line)
        log.write(json.dumps(line).encode() + b"\n")
        log.flush()
        os.fsync(log.fileno())
        beside = folder / f".{_HEAD}"
        with os.fdopen(_private(beside, os.O_WRONLY | os.O_TRUNC), "w") as head:
            json.dump({"number": number, "hash": line["hash"]}, head)
        beside.rename(folder / _HEAD)


def entries(folder: Path) -> Iterator[dict]:
    """The log's lines, oldest first; a line that is no JSON object is given as `{}`."""
    path = folder / FILE
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as log:
        for text in log:
            try:
                line = json.loads(text)
            except ValueError:
                line = {}
            yield line if isinstance(line, dict) else {}


def verify(folder: Path) -> Verdict:
    """Walk the chain from the first line to the last, and compare it with the head."""
    number, previous, at_head = 0, START, START
    head = _head(folder)
    for line in entries(folder):
        number += 1
        if line.get("number") != number or line.get("previous") != previous or line.get("hash") != _hash(line):
            return Verdict(number - 1, previous, f"line {number} is not what was written, or one before it is missing")
        previous = line["hash"]
        if number == head["number"]:
            at_head = previous
    if head["number"] > number:
        return Verdict(number, previous, f"{head['number'] - number} lines are missing at the end")
    # A process that died between the two writes leaves the head one line behind: that line is whole, and not missing.
    if at_head != head["hash"] or number > head["number"] + 1:
        return Verdict(number, previous, "the head is not that of this log")
    return Verdict(number, previous)


def _hash(line: dict) -> str:
    """SHA-256 over everything in the line but its own hash, keys in order."""
    told = {name: value for name, value in line.items() if name != "hash"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _head(folder: Path) -> dict:
    try:
        return json.loads((folder / _HEAD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"number": 0, "hash": START}


def _last_line(log) -> dict | None:
    """The newest line, found from the end: the log grows, and is never read whole to add to it."""
    size = log.seek(0, os.SEEK_END)
    if size == 0:
        return None
    log.seek(max(0, size - 65_536))
    return json.loads(log.read().splitlines()[-1])


def _private(path: Path, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)
