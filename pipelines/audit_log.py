"""Records in the audit log what the command line and Dagster do with patients' data: who on this machine, what, how much."""

import getpass
import hashlib
import json
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from models.audit_log.disclosing import stated
from models.audit_log.keys import AuditRefused
from models.audit_log.record import EVENTS
from models.audit_log.store import AuditLog, audit_log, now
from pipelines.durable import write_durably
from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home

ROLE = "operator"
SETTINGS_SEEN = "settings.json"


def record(
    home: Home,
    event: str,
    *,
    subject: str,
    n_rows: int | None = None,
    patients: Iterable[int] | str = (),
    purpose: str = "",
    to: str = "",
) -> None:
    """Add a line: `event` is one of `EVENTS`, `subject` says of what, never a value; `patients` are keys, or `EVERYBODY`.

    `purpose`, and `to` whom: of what is handed out (`models/audit_log/disclosing.py`).

    Called before what it records, which must not happen where the line cannot be written. Raises `EnvironmentNotReady`.
    """
    if event not in EVENTS:
        raise KeyError(event)
    entry: dict[str, Any] = {
        "at": now(),
        "who": operator(),
        "role": ROLE,
        "event": event,
        "subject": subject,
        "n_rows": n_rows,
        "address": socket.gethostname(),
        "session": f"pid {os.getpid()}",
    }
    entry |= stated(event, purpose, to, is_of_patients=bool(patients))
    if patients:
        entry["patients"] = patients if isinstance(patients, str) else sorted(set(patients))
    try:
        log_of(home).append(entry)
    except OSError as error:
        why = error.strerror or error
        raise EnvironmentNotReady(f"{home.root}: the audit log cannot be written ({why}). Nothing was done.") from None
    except AuditRefused as refused:
        raise EnvironmentNotReady(f"{refused} Nothing was done.") from None


def log_of(home: Home) -> AuditLog:
    """The home's log. Raises `EnvironmentNotReady` where its key is set wrongly."""
    try:
        return audit_log(home.root)
    except AuditRefused as refused:
        raise EnvironmentNotReady(str(refused)) from None


def operator() -> str:
    """Who is at the keyboard: the account, and behind `sudo` who called it."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = f"uid {os.getuid()}"
    return f"{os.environ['SUDO_USER']} as {account}" if os.environ.get("SUDO_USER") else account


def note_settings(home: Home, name: str, settings: object) -> None:
    """Record that the settings called `name` are others than they last were, or are seen for the first time.

    `settings` is anything that `json` can write, its dates as text.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:32]
    seen = home.root / "audit" / SETTINGS_SEEN
    known = _known(seen)
    if known.get(name) == digest:
        return
    record(home, "settings_changed", subject=f"{name} {digest}")
    write_durably(seen, json.dumps(known | {name: digest}), "audit.settings")


def _known(seen: Path) -> dict[str, str]:
    """The digests that were recorded last; none where the file is damaged, so that settings are recorded once more."""
    try:
        return dict(json.loads(seen.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}
