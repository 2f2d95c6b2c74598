"""Records in the audit log who did what in the dashboards, when, from where, with how many rows and which patients."""

from collections.abc import Iterable
from typing import Any

from dashboards.access.roles import Viewer, current_viewer
from dashboards.home import home
from models.audit_log.disclosing import stated
from models.audit_log.record import EVENTS
from models.audit_log.store import AuditLog, audit_log, now


def record(
    event: str,
    *,
    subject: str = "",
    n_rows: int | None = None,
    patients: Iterable[int] = (),
    text: str = "",
    purpose: str = "",
    to: str = "",
    viewer: Viewer | None = None,
) -> None:
    """Add a line: `event` is one of `EVENTS`, `subject` the key of its object (a page, a patient's key, a table), not a value.

    `patients` are the keys of the patients that were shown or handed out, `purpose` and `to` for what and to whom
    (`models/audit_log/disclosing.py`); `text`, as an analyst's query, is sealed, and left out where there is no key to seal it
    with. The line is on disk when this returns. What cannot be recorded must not happen: an
    `OSError` or `AuditRefused` is for the caller to let through.
    """
    if event not in EVENTS:
        raise KeyError(event)
    who, log = viewer or current_viewer(), current_log()
    entry: dict[str, Any] = {
        "at": now(),
        "who": who.user_id,
        "name": who.name,
        "role": who.role,
        "event": event,
        "subject": subject,
        "n_rows": n_rows,
        "address": who.address,
        "session": who.session,
    }
    keys = sorted({key for key in patients if key is not None})
    entry |= stated(event, purpose, to, is_of_patients=bool(keys))
    if keys:
        entry["patients"] = keys
    if text and log.keys.signing:
        entry["sealed"] = log.keys.signing.sealed(text)
    log.append(entry)


def current_log() -> AuditLog:
    """The log of this home. Raises `AuditRefused` if its key is invalid."""
    return audit_log(home())
