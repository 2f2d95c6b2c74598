"""What a push would do: what should be in the system now, against what it accepted.

    <home>/connect/<practice>/plans/<connector>-<id>.json

A plan names tasks by their opaque id, with the hash of what would be sent; its id is the hash of its content, so that equal plans
are one. It is drawn from facts alone: the same worklist, state and answers of the system give the same plan.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from models.pushing import BY_HAND, NO_LONGER_LISTED, SKIP_REASONS
from models.settings.push import Push as Limits
from pipelines.connect.adapter import Fate, Task
from pipelines.connect.gates import Live, barrier, forbidden
from pipelines.connect.rows import Row
from pipelines.connect.worklist import Worklist, published_at
from pipelines.durable import write_durably
from pipelines.errors import UsageError
from pipelines.keys import read, sealed

ADD, CHANGE, RETRY = "add", "change", "retry"
_FEW = 10
"""Shares of fewer rows say nothing."""


@dataclass(frozen=True)
class Plan:
    """One plan.

    `sends` maps a task to `[verb, hash]`, most urgent first; `withdrawals` to the reason; `skips` those held back to the reason.
    `confirmations` are the limits (`CAPS` in `models/pushing.py`) that a person must pass. `n_wanted`: tasks that the system
    would hold afterwards.
    """

    connector: str
    publication_id: str
    sends: dict[str, tuple[str, str]] = field(default_factory=dict)
    withdrawals: dict[str, str] = field(default_factory=dict)
    skips: dict[str, str] = field(default_factory=dict)
    n_unchanged: int = 0
    n_wanted: int = 0
    confirmations: list[str] = field(default_factory=list)
    made_at: str = ""

    @property
    def id(self) -> str:
        """The hash of what it says; when it was made is no part of it."""
        said = json.dumps(asdict(replace(self, made_at="")), sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def n_verbs(self) -> dict[str, int]:
        counts = Counter(verb for verb, _ in self.sends.values())
        return {verb: counts[verb] for verb in (ADD, CHANGE, RETRY)}

    @property
    def is_empty(self) -> bool:
        return not self.sends and not self.withdrawals


def draw_plan(
    connector: str,
    worklist: Worklist,
    rows: Mapping[str, Row],
    leaving: frozenset[str],
    live: Live,
    limits: Limits,
    n_last: int | None,
) -> Plan:
    """The plan for a system whose accepted tasks are `rows`; `n_last`: how many tasks the last push left there."""
    sends: dict[str, tuple[str, str]] = {}
    withdrawals: dict[str, str] = {}
    skips: dict[str, str] = {}
    kept: list[Task] = []
    n_unchanged = 0
    for external_id, task in worklist.tasks.items():
        row = rows.get(external_id)
        if row and row.mark in ("done", "gone"):
            skips[external_id] = "done_there" if row.mark == "done" else "removed_there"
        elif row and row.mark == "withdrawn" and row.because == BY_HAND:
            skips[external_id] = BY_HAND
        elif why := barrier(task, worklist.facts.get(task.contact_id), live):
            skips[external_id] = why
            if row and row.may_be_there:
                withdrawals[external_id] = why
        else:
            kept.append(task)
            digest = hash_of(settled(task, row), leaving)
            if row and row.mark == "open" and row.sending is None and row.accepted == digest:
                n_unchanged += 1
            else:
                sends[external_id] = (_verb(row), digest)
    for external_id, row in rows.items():
        if external_id not in worklist.tasks and (row.may_be_there or row.mark == "waiting"):
            withdrawals[external_id] = _why_not(row, worklist, live)
    plan = Plan(connector, worklist.publication.id, sends, withdrawals, skips, n_unchanged, n_wanted=len(kept))
    return replace(plan, confirmations=_passed(plan, kept, rows, worklist, limits, live.at, n_last))


def settled(task: Task, row: Row | None) -> Task:
    """The task with the day by which it was due when the system took it: a list of every day would move it on for ever."""
    if row is None or row.due_on is None or row.mark not in ("open", "waiting"):
        return task
    first_due_on = date.fromisoformat(row.due_on)
    return replace(task, due_on=first_due_on) if first_due_on < task.due_on else task


def hash_of(task: Task, leaving: frozenset[str]) -> str:
    """The hash of what leaves, without the place on the list: it moves every day, and would move every task in the system."""
    said = {name: str(value) for name in leaving - {"priority_rank"} if (value := getattr(task, name)) is not None}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def grown(now: Plan, agreed: Plan) -> list[str]:
    """What would be sent now and was not agreed to, as codes: a push may do less than its plan, never more.

    A withdrawal that a gate demands is no more than a plan says: the person must not be contacted since.
    """
    found = ["publication"] if now.publication_id != agreed.publication_id else []
    if any(agreed.sends.get(external_id, ("", ""))[1] != digest for external_id, (_, digest) in now.sends.items()):
        found.append("sends")
    extra = {external_id: why for external_id, why in now.withdrawals.items() if external_id not in agreed.withdrawals}
    if any(why not in SKIP_REASONS for why in extra.values()):
        found.append("withdrawals")
    if set(now.confirmations) - set(agreed.confirmations):
        found.append("limits")
    return found


def write_plan(folder: Path, plan: Plan) -> Path:
    plans = folder / "plans"
    plans.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = plans / f"{plan.connector}-{plan.id}.json"
    write_durably(path, sealed(path, json.dumps(asdict(plan), indent=1)), "connect.plan")
    return path


def read_plan(folder: Path, connector: str, id: str) -> Plan:
    """The plan of this id. Raises `UsageError` where there is none, or it is not what it was."""
    path = folder / "plans" / f"{connector}-{id}.json"
    try:
        stated: dict[str, Any] = json.loads(read(path))
        known = {one.name for one in fields(Plan)}
        stated["sends"] = {task: (str(verb), str(digest)) for task, (verb, digest) in stated["sends"].items()}
        plan = Plan(**{name: value for name, value in stated.items() if name in known})
        if plan.id == id and plan.connector == connector:
            return plan
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass
    raise UsageError(f"{path}: no such plan, or it was changed. `caregap connect plan {connector}` draws a new one.")


def _verb(row: Row | None) -> str:
    if row is None or row.mark in ("skipped", "withdrawn"):
        return ADD
    return CHANGE if row.mark == "open" and row.sending is None and row.fate not in (Fate.REJECTED, Fate.RETRYABLE) else RETRY


def _why_not(row: Row, worklist: Worklist, live: Live) -> str:
    """Why a task that the system holds is not on the list: what forbids contacting its person, or nothing in particular."""
    facts = worklist.facts.get(row.contact_id)
    if facts is None:
        return NO_LONGER_LISTED
    if why := forbidden(facts, live.since.get(facts.patient_key, frozenset())):
        return why
    return facts.suppress_reason if facts.suppress_reason in ("opted_out", "restricted") else NO_LONGER_LISTED


def _passed(
    plan: Plan,
    kept: list[Task],
    rows: Mapping[str, Row],
    worklist: Worklist,
    limits: Limits,
    at: datetime | None,
    n_last: int | None,
) -> list[str]:
    """The limits that the plan passes, in the order of `CAPS`."""
    n_open = sum(row.may_be_there for row in rows.values())
    at_site = Counter(task.site_id for task in kept if not task.is_urgent and task.site_id is not None)
    n_gone, found = len(plan.withdrawals), []
    if len(plan.sends) > limits.most_rows:
        found.append("rows")
    if any(n > worklist.capacity.get(site, 0) for site, n in at_site.items()):
        found.append("capacity")
    if n_gone > _FEW and n_gone > limits.most_withdrawn_share * n_open:
        found.append("withdrawn_share")
    if n_last is not None and abs(len(kept) - n_last) > max(_FEW, limits.most_deviation * n_last):
        found.append("deviation")
    if at is None or (at - published_at(worklist.publication)).days >= limits.most_days_old:
        found.append("old_list")
    return found if not plan.is_empty else []
