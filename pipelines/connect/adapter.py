"""What the engine asks of a system, and what it gets back. One adapter a system: it knows no warehouse, the engine no vendor.

Nothing here carries a patient's name, address or finding: a task names the contact by the CRM's own id.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Protocol


class Fate(StrEnum):
    """What became of one row at the system."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    """Refused for what it holds: it is sent again at each later push, until it is accepted or withdrawn."""
    RETRYABLE = "retryable"
    """Not decided, for want of time, quota or answer: it may be sent again at once."""


class Standing(StrEnum):
    """How a task that was accepted stands at the system now. One that was deleted there, or archived undone, has no standing."""

    OPEN = "open"
    DONE = "done"


class BatchRefused(Exception):
    """The system refused a whole batch without saying which row is at fault, and wrote none of it; the engine halves the batch.

    `code` is the system's error code, never a value.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Task:
    """One task to create or change: a row of `delivery.out_outreach_tasks`, by its contract's names.

    `site_id` and `assigned_to` are the practice's own ids; `priority_rank` is the place on the site's list, 1
    first. What is None says nothing, and never wipes what the system holds.
    """

    external_id: str
    contact_id: str
    reason: str
    channel: str
    due_on: date
    is_urgent: bool
    contact_from: time
    contact_until: time
    priority_rank: int | None = None
    site_id: str | None = None
    assigned_to: str | None = None
    link: str | None = None


@dataclass(frozen=True)
class Result:
    """The fate of one row; a list of results has the order and length of the rows that were sent.

    `remote_id` is the system's own id of the row. `code` is the system's error code or the field it names, never a value.
    """

    external_id: str
    fate: Fate
    remote_id: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What somebody recorded in the system about a task; `outcome` and `channel` are those of the CRM's contract.

    `external_id` is None for a task that was not pushed from here; `task_id` is the system's own.
    """

    task_id: str
    contact_id: str
    external_id: str | None
    channel: str | None
    outcome: str | None
    created_at: datetime
    completed_at: datetime | None
    updated_at: datetime
    assigned_to: str | None = None
    due_on: date | None = None


@dataclass(frozen=True)
class Outcomes:
    """A page of outcomes, oldest change first. `cursor` asks for what follows; `is_last`: nothing does for now."""

    rows: Sequence[Outcome]
    cursor: str
    is_last: bool


@dataclass(frozen=True)
class Capabilities:
    """What a system can do. `largest_batch` rows go into one call; `fields` is the allow-list of `Task` fields that leave.

    `sent_at_once`: the channels whose rows reach the patient without a person in between, so that quiet hours bind the push.
    """

    name: str
    largest_batch: int
    fields: frozenset[str]
    has_lists: bool
    has_opt_outs: bool
    has_outcomes: bool
    sent_at_once: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Finding:
    """One thing that `check` looked at: reachable, permitted, mapped. `next_step` says what to do where it is not."""

    what: str
    is_ok: bool
    next_step: str = ""


class Adapter(Protocol):
    """A system that lists are pushed to. Every method may raise `ConnectionFailed` (`pipelines/errors.py`) where the system as a
    whole does not answer or refuses the account; what concerns one row is that row's `Result`."""

    @property
    def capabilities(self) -> Capabilities: ...

    def check(self) -> list[Finding]:
        """What is reachable, permitted and mapped. Writes nothing."""

    def ids(self, contact_ids: Collection[str]) -> Mapping[str, str]:
        """The system's own id of each contact that it has, archived ones included; who is missing is not there."""

    def upsert(self, rows: Sequence[Task]) -> list[Result]:
        """Create or change tasks by `external_id`. What the system holds as it is stays untouched, its time of change too; what
        it holds as done stays done, and is `UNCHANGED`; what was withdrawn is opened again. Sent again after an answer that got
        lost, it makes nothing twice.

        Raises `BatchRefused` where the system refuses all rows for one.
        """

    def standing(self, external_ids: Collection[str]) -> Mapping[str, Standing]:
        """How each task stands at the system; who deleted or archived one undone is answered by its absence."""

    def withdraw(self, external_ids: Sequence[str]) -> list[Result]:
        """Close open tasks without an outcome. One that is done or gone already is `UNCHANGED`."""

    def set_list(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Result]:
        """Put contacts on a list or take them off; each result's `external_id` is the contact's id."""

    def outcomes(self, cursor: str | None) -> Outcomes:
        """The tasks that were made or changed since the cursor, done or not; None: since ever. One that was withdrawn from here,
        deleted or archived undone is no outcome."""

    def opt_outs(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Read live: the channels that each contact opted out of. Who is missing (deleted, archived, unknown) cannot be vouched
        for, and is not sent."""
