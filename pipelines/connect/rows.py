"""A pushed task as it was last heard of, and what of a system's words may be kept."""

import re
from dataclasses import dataclass

from pipelines.connect.adapter import Fate

UPSERT, WITHDRAW = "upsert", "withdraw"
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,60}")
_ID = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True)
class Row:
    """One task as it was last heard of.

    `mark` is one of `models/pushing.py`; `accepted` the hash of what the system took; `sending` the verb of a call whose fate is
    not known; `because` why it was withdrawn or skipped.
    """

    connector: str
    external_id: str
    source_system: str
    contact_id: str
    mark: str
    reason: str | None = None
    channel: str | None = None
    location_id: str | None = None
    due_on: str | None = None
    is_urgent: int = 0
    accepted: str | None = None
    sending: str | None = None
    sending_hash: str | None = None
    fate: str | None = None
    code: str | None = None
    because: str | None = None
    remote_id: str | None = None
    outcome: str | None = None
    completed_at: str | None = None
    n_attempts: int = 0
    first_sent_at: str | None = None
    last_sent_at: str | None = None
    updated_at: str = ""
    number: int = 0

    @property
    def may_be_there(self) -> bool:
        """Whether the system may hold it open: it took it, or an answer is missing."""
        return self.mark == "open" or (self.mark == "waiting" and (self.sending is not None or self.fate == Fate.RETRYABLE))


@dataclass(frozen=True)
class Due:
    """One row that is about to be sent or withdrawn. `hash` is that of the content; for a withdrawal None."""

    row: Row
    verb: str
    hash: str | None = None
    because: str | None = None


def said_code(code: str | None) -> str | None:
    """The code, if it can be one: what a server says may hold anything."""
    return code if code is None or _CODE.fullmatch(code) else "unreadable"


def said_id(remote_id: str | None) -> str | None:
    return remote_id if remote_id is None or _ID.fullmatch(remote_id) else None
