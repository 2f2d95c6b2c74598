"""How fast lists are pushed, and that a push of what is there already costs next to nothing.

The system is one in memory, so that the engine is measured: plans, gates, and a state that is on the disk after every batch. The
baseline of the second push is the first.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, time
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.result import Result
from models.settings.push import Push
from pipelines.clock import now
from pipelines.connect.adapter import Capabilities, Fate, Finding, Outcomes, Standing, Task
from pipelines.connect.adapter import Result as Answer
from pipelines.connect.push import Pushing
from pipelines.connect.state import open_state
from pipelines.connect.worklist import Facts, Worklist
from pipelines.home import Home
from pipelines.publications.store import Publication

TASKS = 2_000
_FIELDS = frozenset(
    {
        "reason",
        "channel",
        "due_on",
        "is_urgent",
        "contact_from",
        "contact_until",
        "priority_rank",
        "site_id",
        "assigned_to",
        "link",
    }
)


def run(scale: int) -> list[Result]:
    with TemporaryDirectory() as folder:
        return list(_measured(Home(Path(folder)), TASKS * scale))


def _measured(home: Home, n: int) -> Iterator[Result]:
    with open_state(home, "bench") as state:
        pushing = Pushing(home, "memory", InMemory(), worklist(n), state, Push(most_rows=n))
        first, second = (_seconds(pushing) for _ in range(2))
    yield Result("tasks pushed", n / first, "a second", note=f"{n:,} in {first:.2f} s")
    # Without the time of a system that writes, which the first push waits for and the second does not: the worst case.
    yield Result("second, unchanged push, against the first", second / first, note=f"{second:.2f} s; engine alone")


def _seconds(pushing: Pushing) -> float:
    began = perf_counter()
    pushing.apply(pushing.plan(), "bench")
    return perf_counter() - began


def worklist(n: int) -> Worklist:
    """`n` tasks of as many contacts, nobody of whom anything bars."""
    contacts = [f"contact-{number}" for number in range(n)]
    return Worklist(
        publication=Publication("1", "bench", "Bench", True, "America/Chicago", "2026-11-01", "1", "", now().isoformat(), {}),
        source_system="crm",
        tasks={f"task-{number:024x}": _task(number, contact) for number, contact in enumerate(contacts)},
        facts={
            contact: Facts(number, False, False, False, True, None, 0, frozenset({"phone"}), "IL")
            for number, contact in enumerate(contacts)
        },
        capacity={"site": n},
        _records={},
        _known_outcomes=frozenset(),
        _known_tasks=frozenset(),
    )


def _task(number: int, contact_id: str) -> Task:
    return Task(
        f"task-{number:024x}", contact_id, "care_gap", "phone", date(2027, 1, 4), False, time(8), time(20), number + 1, "site"
    )


class InMemory:
    """A system that holds tasks in a dictionary and answers at once."""

    def __init__(self) -> None:
        self._held: dict[str, Task] = {}

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("memory", 100, _FIELDS, has_lists=False, has_opt_outs=True, has_outcomes=True)

    def check(self) -> list[Finding]:
        return []

    def ids(self, contact_ids: Collection[str]) -> Mapping[str, str]:
        return {one: one for one in contact_ids}

    def upsert(self, rows: Sequence[Task]) -> list[Answer]:
        self._held |= {row.external_id: row for row in rows}
        return [Answer(row.external_id, Fate.CREATED, row.external_id) for row in rows]

    def standing(self, external_ids: Collection[str]) -> Mapping[str, Standing]:
        return {one: Standing.OPEN for one in external_ids if one in self._held}

    def withdraw(self, external_ids: Sequence[str]) -> list[Answer]:
        return [Answer(one, Fate.WITHDRAWN) for one in external_ids]

    def set_list(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Answer]:
        return [Answer(one, Fate.UPDATED) for one in (*add, *remove)]

    def outcomes(self, cursor: str | None) -> Outcomes:
        return Outcomes([], cursor or "", is_last=True)

    def opt_outs(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        return dict.fromkeys(contact_ids, frozenset())
