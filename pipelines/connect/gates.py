"""Whether one task may go out now. It fails closed: what is not known keeps the task here.

Which gates bind. A task in a CRM is a work item for the team, not a message: consent, opt-outs, death, hold-out, attempts and
what was recorded since bind its creation at any hour; quiet hours bind the contact, so they stand in the task as its window, and
a task without an hour left in it is not made. What reaches the patient with nobody in between (`Capabilities.sent_at_once`)
waits here until the hour is allowed where the patient lives.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime

from models.extracts.crm import CHANNELS
from models.phi import Phi
from models.published.outreach import OUTREACH, TASK_REASONS
from pipelines.connect.adapter import Task
from pipelines.connect.quiet_hours import is_quiet
from pipelines.connect.worklist import RESTRICTED, Facts
from pipelines.errors import UsageError

_CONTRACT = OUTREACH["delivery.out_outreach_tasks"]
_NAMES = {"site_id": "location_id"}
_NEEDED = frozenset({"external_id", "contact_id", "is_urgent"})
"""Without id and contact there is no task; that one is urgent names no finding."""
_MOST_ATTEMPTS = 3
_ID = re.compile(r"task-[0-9a-f]{24}")
_PLAIN = re.compile(r"[\w .:/?=&%~+@-]{1,200}")


@dataclass(frozen=True)
class Live:
    """What is known at this moment: the CRM's opt-outs by contact, outcomes by person, the time; and the channels that are
    `sent_at_once`."""

    opt_outs: Mapping[str, frozenset[str]]
    since: Mapping[int, frozenset[str]] = field(default_factory=dict)
    at: datetime | None = None
    sent_at_once: frozenset[str] = frozenset()


def leaving_fields(may_leave: frozenset[str], wanted: list[str] | None, connector: str) -> frozenset[str]:
    """The fields of `Task` that go to a system: those that its adapter takes, fewer where the settings say so.

    Raises `UsageError` where one is no field of a task, is not taken there, or says something of a patient by its contract's PHI
    class; and where one is left out that every task needs.
    """
    known = {one.name for one in fields(Task)}
    optional = {one.name for one in fields(Task) if one.default is None}
    chosen = frozenset(wanted) if wanted is not None else may_leave
    for name in sorted((chosen | may_leave) - known):
        raise UsageError(f"{connector}: {name} is no field that a task has. Known: {', '.join(sorted(known))}.")
    for name in sorted(chosen - may_leave):
        raise UsageError(f"{connector}: {name} is not taken there. It takes {', '.join(sorted(may_leave))}.")
    for name in sorted(may_leave - chosen - optional):
        raise UsageError(f"{connector}: a task needs {name}. Only {', '.join(sorted(optional))} may be left out.")
    for name in sorted(chosen - _NEEDED):
        if _CONTRACT.phi_of(_NAMES.get(name, name)) is not Phi.NONE:
            raise UsageError(f"{connector}: {name} says something of a patient, and does not leave.")
    return chosen | {"external_id", "contact_id"}


def forbidden(facts: Facts, since: Collection[str]) -> str | None:
    """What forbids contacting a person at all: one of `SKIP_REASONS`, or None. `since`: recorded since the publication."""
    if RESTRICTED in since:
        return "restricted"
    if facts.is_deceased or "deceased" in since:
        return "deceased"
    if facts.is_held_out:
        return "held_out"
    if facts.is_do_not_contact:
        return "do_not_contact"
    return "opted_out" if "opted_out" in since else None


def barrier(task: Task, facts: Facts | None, live: Live) -> str | None:
    """Why the task must not go out now: one of `SKIP_REASONS` (`models/pushing.py`), or None."""
    if facts is None:
        return "not_checked"
    since = live.since.get(facts.patient_key, frozenset())
    if why := forbidden(facts, since):
        return why
    if facts.suppress_reason is not None or not facts.is_listed:
        return "left_out"
    if since:
        return "contacted_since"
    if task.channel not in facts.channels:
        return "no_consent"
    if task.contact_id not in live.opt_outs:
        return "not_vouched_for"
    if task.channel in live.opt_outs[task.contact_id]:
        return "opted_out_there"
    if facts.n_attempts_30_days >= _MOST_ATTEMPTS and not task.is_urgent:
        return "attempt_cap"
    if task.contact_from >= task.contact_until:
        return "no_contact_window"
    if not _is_allowed(task):
        return "not_allowed"
    if task.channel in live.sent_at_once and (live.at is None or is_quiet(facts.state, live.at)):
        return "quiet_hours"
    return None


def _is_allowed(task: Task) -> bool:
    """Whether every value is one that the contract allows, and every text one that can be an id or an address."""
    texts = (task.site_id, task.assigned_to, task.link)
    return (
        _ID.fullmatch(task.external_id) is not None
        and task.reason in TASK_REASONS
        and task.channel in CHANNELS
        and all(text is None or _PLAIN.fullmatch(text) for text in texts)
    )
