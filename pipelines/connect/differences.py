"""What a system lacks of a batch of tasks: what is as it was is not sent, and what says nothing wipes nothing."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.connect.adapter import Fate, Result, Task


@dataclass(frozen=True)
class Held:
    """A task as the system has it; `values` by the system's names, in the form in which they would be sent."""

    remote_id: str
    is_done: bool
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """A task to create (`remote_id` is None) or change; `values` are those alone that differ."""

    external_id: str
    remote_id: str | None
    values: Mapping[str, Any]

    @property
    def fate(self) -> Fate:
        """What the row is once the system has taken it."""
        return Fate.CREATED if self.remote_id is None else Fate.UPDATED


def differences(
    rows: Sequence[Task],
    contacts: Collection[str],
    there: Mapping[str, Held],
    wanted: Callable[[Task], Mapping[str, Any]],
) -> tuple[dict[str, Result], list[Change]]:
    """The results that are known without sending anything, by external id, and what is to be sent.

    `contacts`: those that a task can be about; a task about another one is refused. What is done stays as it is.
    """
    known: dict[str, Result] = {}
    changes: list[Change] = []
    for row in rows:
        held = there.get(row.external_id)
        remote = held.remote_id if held else None
        if held and held.is_done:
            known[row.external_id] = Result(row.external_id, Fate.UNCHANGED, remote, "done")
        elif row.contact_id not in contacts:
            known[row.external_id] = Result(row.external_id, Fate.REJECTED, remote, "contact_unknown")
        elif different := {name: value for name, value in wanted(row).items() if not held or held.values.get(name) != value}:
            changes.append(Change(row.external_id, remote, different))
        else:
            known[row.external_id] = Result(row.external_id, Fate.UNCHANGED, remote)
    return known, changes


def all_undecided(external_ids: Collection[str], code: str) -> list[Result]:
    """One result a row where the system took none of them, for want of time or quota."""
    return [Result(one, Fate.RETRYABLE, code=code) for one in external_ids]
