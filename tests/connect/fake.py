"""A CRM in one file: what it holds outlives the process that writes to it, and it fails as a test tells it to."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.connect.adapter import BatchRefused, Capabilities, Fate, Finding, Outcome, Outcomes, Result, Standing, Task
from pipelines.errors import ConnectionFailed

FIELDS = frozenset(
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
_START = datetime(2026, 10, 20, 15, tzinfo=UTC)


class FakeSystem:
    """The file: contacts, tasks, the list, a clock that moves at every write, and the failures that are to come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            self.keep(
                {"contacts": {}, "tasks": {}, "lists": {}, "clock": 0, "failures": [], "poison": [], "calls": 0, "largest": 5}
            )

    def read(self) -> dict[str, Any]:
        return json.loads(self.path.read_text())

    def keep(self, held: dict[str, Any]) -> None:
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(held))
        beside.replace(self.path)


def open_fake(path: str) -> "FakeAdapter":
    return FakeAdapter(FakeSystem(Path(path)))


class FakeAdapter:
    """The adapter of the file. It refuses a whole batch for one poisoned row, as some systems do."""

    def __init__(self, system: FakeSystem) -> None:
        self.system = system

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("fake", self.system.read()["largest"], FIELDS, has_lists=True, has_opt_outs=True, has_outcomes=True)

    def check(self) -> list[Finding]:
        return [Finding("reachable", True)]

    def ids(self, contact_ids: Collection[str]) -> Mapping[str, str]:
        return {one: f"remote-{one}" for one in contact_ids if one in self.system.read()["contacts"]}

    def upsert(self, rows: Sequence[Task]) -> list[Result]:
        held = self.system.read()
        held["calls"] += 1
        failure = held["failures"].pop(0) if held["failures"] else None
        self.system.keep(held)
        if failure in ("503", "429", "limit"):
            return [Result(row.external_id, Fate.RETRYABLE, code=failure) for row in rows]
        if failure == "down":
            raise ConnectionFailed("fake: no answer.")
        if {row.external_id for row in rows} & set(held["poison"]):
            raise BatchRefused("bad_row")
        results = [self._one(held, row) for row in rows]
        self.system.keep(held)
        if failure == "timeout_after_write":
            raise ConnectionFailed("fake: the answer was lost.")
        return results

    def _one(self, held: dict[str, Any], row: Task) -> Result:
        contact = held["contacts"].get(row.contact_id)
        if contact is None or contact["is_archived"]:
            return Result(row.external_id, Fate.REJECTED, code="no_contact")
        said = {name: str(value) for name, value in asdict(row).items() if value is not None and name in FIELDS}
        task = held["tasks"].get(row.external_id)
        if task and task["status"] == "done":
            return Result(row.external_id, Fate.UNCHANGED, task["id"])
        if task and task["status"] == "open" and said.items() <= task["said"].items():
            return Result(row.external_id, Fate.UNCHANGED, task["id"])
        held["clock"] += 1
        fate = Fate.UPDATED if task else Fate.CREATED
        task = task or {
            "id": f"t{len(held['tasks']) + 1}",
            "contact_id": row.contact_id,
            "said": {},
            "outcome": None,
            "made": held["clock"],
        }
        held["tasks"][row.external_id] = task | {"said": task["said"] | said, "status": "open", "written": held["clock"]}
        return Result(row.external_id, fate, task["id"])

    def standing(self, external_ids: Collection[str]) -> Mapping[str, Standing]:
        tasks = self.system.read()["tasks"]
        known = {"open": Standing.OPEN, "done": Standing.DONE}
        return {one: known[tasks[one]["status"]] for one in external_ids if one in tasks and tasks[one]["status"] in known}

    def withdraw(self, external_ids: Sequence[str]) -> list[Result]:
        held = self.system.read()
        results = []
        for one in external_ids:
            task = held["tasks"].get(one)
            fate = Fate.UNCHANGED
            if task and task["status"] == "open":
                held["clock"] += 1
                task |= {"status": "withdrawn", "written": held["clock"]}
                fate = Fate.WITHDRAWN
            results.append(Result(one, fate, task["id"] if task else None))
        self.system.keep(held)
        return results

    def set_list(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Result]:
        held = self.system.read()
        held["lists"][name] = sorted((set(held["lists"].get(name, ())) | set(add)) - set(remove))
        self.system.keep(held)
        return [Result(one, Fate.UPDATED) for one in (*add, *remove)]

    def outcomes(self, cursor: str | None) -> Outcomes:
        tasks = self.system.read()["tasks"].items()
        since = sorted((task["written"], one) for one, task in tasks if task["status"] in ("open", "done"))
        fresh = [(at, one) for at, one in since if at > int(cursor or 0)]
        page = fresh[:3]
        rows = [self._outcome(one, dict(tasks)[one]) for _, one in page]
        return Outcomes(rows, str(page[-1][0] if page else cursor or 0), is_last=len(page) == len(fresh))

    @staticmethod
    def _outcome(external_id: str, task: dict[str, Any]) -> Outcome:
        written = _START + timedelta(minutes=task["written"])
        return Outcome(
            task_id=task["id"],
            contact_id=task["contact_id"],
            external_id=external_id,
            channel=task["said"].get("channel"),
            outcome=task["outcome"],
            created_at=_START + timedelta(minutes=task["made"]),
            completed_at=written if task["status"] == "done" else None,
            updated_at=written,
            assigned_to=task["said"].get("assigned_to"),
            due_on=date.fromisoformat(task["said"]["due_on"]),
        )

    def opt_outs(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        contacts = self.system.read()["contacts"]
        return {
            one: frozenset(contacts[one]["opted_out"])
            for one in contact_ids
            if one in contacts and not contacts[one]["is_archived"]
        }


class FakeBench:
    """The levers of the conformance suite (`tests/connect/conformance.py`) on the file."""

    def __init__(self, path: Path, n_contacts: int = 25) -> None:
        self.system = FakeSystem(path)
        self.adapter = FakeAdapter(self.system)
        self.contact_ids = [f"contact-{number:02}" for number in range(n_contacts)]
        self.recipe = ("tests.connect.fake", "open_fake", str(path))
        self.add_contacts(self.contact_ids)

    def add_contacts(self, contact_ids: Iterable[str]) -> None:
        held = self.system.read()
        held["contacts"] |= {one: {"opted_out": [], "is_archived": False} for one in contact_ids}
        self.system.keep(held)

    def _change(self, change: Any) -> None:
        held = self.system.read()
        change(held)
        self.system.keep(held)

    def n_held(self, external_id: str) -> int:
        return int(external_id in self.system.read()["tasks"])

    def written_at(self, external_id: str) -> object:
        return self.system.read()["tasks"][external_id]["written"]

    def is_open(self, external_id: str) -> bool:
        task = self.system.read()["tasks"].get(external_id)
        return task is not None and task["status"] == "open"

    def assigned_to(self, external_id: str) -> object:
        return self.system.read()["tasks"][external_id]["said"].get("assigned_to")

    def listed(self, name: str) -> set[str]:
        return set(self.system.read()["lists"].get(name, ()))

    def poison(self, external_id: str) -> None:
        self._change(lambda held: held["poison"].append(external_id))

    def cure(self) -> None:
        self._change(lambda held: held["poison"].clear())

    def fail(self, kind: str, times: int) -> None:
        self._change(lambda held: held["failures"].extend([kind] * times))

    def opt_out(self, contact_id: str, channel: str) -> None:
        self._change(lambda held: held["contacts"][contact_id]["opted_out"].append(channel))

    def archive(self, contact_id: str) -> None:
        self._change(lambda held: held["contacts"][contact_id].update(is_archived=True))

    def finish(self, external_id: str, outcome: str) -> None:
        def change(held: dict[str, Any]) -> None:
            held["clock"] += 1
            held["tasks"][external_id] |= {"status": "done", "outcome": outcome, "written": held["clock"]}

        self._change(change)

    def delete(self, external_id: str) -> None:
        self._change(lambda held: held["tasks"].pop(external_id))
