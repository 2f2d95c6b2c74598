"""What every adapter must keep, whatever system it speaks to. A test module of an adapter takes the whole suite:

    from tests.connect.conformance import Conformance

    class TestOdoo(Conformance):
        @pytest.fixture
        def bench(self) -> Bench: ...        a fresh system with at least 25 contacts

A `Bench` is the adapter and a few levers on its system. What a system cannot do at all (no lists, no fault to inject) its test
module names in `cannot`, and the suite skips that rule with the reason.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Protocol

import pytest

from models.settings.push import Push as Limits
from pipelines.clock import now
from pipelines.connect.adapter import Adapter, Capabilities, Fate, Task
from pipelines.connect.push import Pushing
from pipelines.connect.state import FILE, State, folder_of, open_state
from pipelines.connect.worklist import Facts, Told, Worklist
from pipelines.errors import ConnectionFailed, PushRefused
from pipelines.home import Home
from pipelines.publications.store import Publication

SECRETS = ("Marisol", "Quintanilla", "quintanilla@", "555-0142", "HbA1c", "depression", "CMS122")
"""What the made-up patients are called and have: no file of a push may hold a word of it."""


class Bench(Protocol):
    """`recipe`: module, function and text by which another process opens the same adapter."""

    adapter: Adapter
    contact_ids: list[str]
    recipe: tuple[str, str, str]

    def n_held(self, external_id: str) -> int:
        """How many tasks the system holds under this id, open, done or closed."""

    def written_at(self, external_id: str) -> object:
        """The system's own time or version of the last change of the task."""

    def is_open(self, external_id: str) -> bool: ...

    def assigned_to(self, external_id: str) -> object:
        """Whom the system shows as assigned; anything that stays equal while it does."""

    def listed(self, name: str) -> set[str]:
        """The contacts on a list."""

    def poison(self, external_id: str) -> None:
        """Let the system refuse this task, and with it, where it is such a system, its whole batch; `cure` ends it."""

    def cure(self) -> None: ...

    def fail(self, kind: str, times: int) -> None:
        """Let the next writing calls fail: `503`, `429`, `limit` (HTTP 403), `down`, or `timeout_after_write`."""

    def opt_out(self, contact_id: str, channel: str) -> None: ...

    def archive(self, contact_id: str) -> None: ...

    def finish(self, external_id: str, outcome: str) -> None:
        """Do what a member of the team does who completes the task with this outcome."""

    def delete(self, external_id: str) -> None: ...


def external_id(number: int) -> str:
    return f"task-{number:024x}"


def task(number: int, contact_id: str, **rest: object) -> Task:
    made = Task(
        external_id=external_id(number),
        contact_id=contact_id,
        reason="care_gap",
        channel="phone",
        due_on=date(2027, 1, 4),
        is_urgent=False,
        priority_rank=number + 1,
        contact_from=time(8),
        contact_until=time(20),
        site_id="loc-01",
        assigned_to="staff-1",
    )
    return replace(made, **rest)  # type: ignore[arg-type]


def listed(contact_ids: list[str], n: int, *, source_system: str = "crm", first: int = 0, **rest: object) -> Worklist:
    """A worklist of `n` tasks from number `first` on, one a contact, nobody of whom anything bars."""
    facts = {
        one: Facts(
            patient_key=number,
            is_deceased=False,
            is_do_not_contact=False,
            is_held_out=False,
            is_listed=True,
            suppress_reason=None,
            n_attempts_30_days=0,
            channels=frozenset({"phone", "sms", "email"}),
            state="IL",
        )
        for number, one in enumerate(contact_ids)
    }
    tasks = [task(first + number, one, **rest) for number, one in enumerate(contact_ids[:n])]
    record_type = "ehr_patient" if source_system.startswith("ehr") else "crm_contact"
    return Worklist(
        publication=Publication(
            "20261129T180606-00000000",
            "harbor",
            "Harbor",
            True,
            "America/Chicago",
            "2026-11-28",
            "build",
            "",
            now().isoformat(),
            {},
        ),
        source_system=source_system,
        tasks={one.external_id: one for one in tasks},
        facts=facts,
        capacity={"loc-01": 10_000},
        _records={(source_system, record_type, one): number for number, one in enumerate(contact_ids)},
        _known_outcomes=frozenset(),
        _known_tasks=frozenset(),
    )


class Desk:
    """A home, its state, and pushes of one worklist after another to the bench's system."""

    def __init__(self, home: Home, bench: Bench, state: State) -> None:
        self.home, self.bench, self.state = home, bench, state
        self.source_system, self.first = "crm", 0
        self.worklist = listed(bench.contact_ids, 0)
        self.limits = Limits()

    def list(self, n: int, **rest: object) -> None:
        self.worklist = listed(self.bench.contact_ids, n, source_system=self.source_system, first=self.first, **rest)

    def change(self, contact_id: str, **facts: object) -> None:
        changed = replace(self.worklist.facts[contact_id], **facts)  # type: ignore[arg-type]
        self.worklist = replace(self.worklist, facts=self.worklist.facts | {contact_id: changed})

    def pushing(self) -> Pushing:
        return Pushing(self.home, "bench", self.bench.adapter, self.worklist, self.state, self.limits, wait=lambda seconds: None)

    def push(self, confirm: str | None = None) -> dict[str, int]:
        pushing = self.pushing()
        fates = pushing.apply(pushing.plan(), "operator", confirm)
        return {fate: n for fate, n in fates.items() if n}

    def row(self, number: int):
        return self.state.rows("bench").get(external_id(number))


KILLED_AT = (
    "push.begun withdrawal.marked withdraw.answered withdrawal.settled state.marked#1 state.settled#1 batch.gated#1 "
    "state.marked#2 batch.marked#1 upsert.answered#1 state.settled#2 batch.settled#1 batch.gated#2 batch.marked#2 "
    "upsert.answered#2 batch.settled#2 upsert.answered#3 batch.settled#3 push.ending push.ended"
)


class Small:
    """An adapter that takes five rows at once, whatever the system takes."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def __getattr__(self, name: str) -> object:
        return getattr(self._adapter, name)

    @property
    def capabilities(self) -> Capabilities:
        return replace(self._adapter.capabilities, largest_batch=5)


class Conformance:
    cannot: dict[str, str] = {}
    """By name of a rule: why the system has no such thing."""

    @pytest.fixture(autouse=True)
    def _can(self, request: pytest.FixtureRequest) -> None:
        if why := self.cannot.get(request.node.originalname):
            pytest.skip(why)

    @pytest.fixture
    def desk(self, bench: Bench, tmp_path: Path):
        home = Home(tmp_path / "home")
        home.root.mkdir(mode=0o700)
        with open_state(home, "harbor") as state:
            desk = Desk(home, bench, state)
            desk.list(20)
            yield desk

    def test_a_second_push_writes_nothing(self, desk: Desk, bench: Bench):
        assert desk.push() == {"created": 20}
        written = [bench.written_at(external_id(number)) for number in range(20)]
        assert desk.pushing().plan().n_unchanged == 20
        assert desk.push() == {}
        assert [bench.written_at(external_id(number)) for number in range(20)] == written

    def test_a_forgotten_push_writes_nothing_again(self, desk: Desk, bench: Bench, tmp_path: Path):
        """As after a restore of a home from before the push."""
        desk.push()
        written = [bench.written_at(external_id(number)) for number in range(20)]
        with open_state(Home(tmp_path / "older"), "harbor") as state:
            assert Desk.push(_with(desk, state)) == {"unchanged": 20}
        assert [bench.written_at(external_id(number)) for number in range(20)] == written

    def test_one_poisoned_row_of_twenty_costs_its_own_place_only(self, desk: Desk, bench: Bench):
        bench.poison(external_id(7))
        assert desk.push() == {"created": 19, "rejected": 1}
        assert (desk.row(7).mark, desk.row(7).fate) == ("waiting", "rejected") and desk.row(7).code
        assert not bench.is_open(external_id(7))
        assert desk.push() == {"rejected": 1}, "a refused row is sent again at each push"
        bench.cure()
        assert desk.push() == {"created": 1}
        assert desk.row(7).mark == "open" and bench.is_open(external_id(7))
        assert desk.push() == {}

    @pytest.mark.parametrize("kind", ["503", "429", "limit"])
    def test_a_busy_system_is_asked_again(self, desk: Desk, bench: Bench, kind: str):
        bench.fail(kind, 2)
        assert desk.push() == {"created": 20}

    @pytest.mark.parametrize("kind", ["503", "limit"])
    def test_what_a_busy_system_never_took_is_sent_at_the_next_push(self, desk: Desk, bench: Bench, kind: str):
        bench.fail(kind, 4)
        first = _pushed(desk)
        assert first.get("created", 0) < 20
        assert desk.push()["created"] == 20 - first.get("created", 0)
        assert [bench.n_held(external_id(number)) for number in range(20)] == [1] * 20

    def test_an_answer_that_was_lost_makes_nothing_twice(self, desk: Desk, bench: Bench):
        bench.fail("timeout_after_write", 1)
        _pushed(desk)
        _pushed(desk)
        assert [bench.n_held(external_id(number)) for number in range(20)] == [1] * 20
        assert all(desk.row(number).mark == "open" for number in range(20))
        assert desk.push() == {}

    def test_a_system_that_is_down_ends_the_push_and_the_next_one_makes_it_good(self, desk: Desk, bench: Bench):
        bench.fail("down", 4)
        with pytest.raises(ConnectionFailed):
            desk.push()
        assert {desk.row(0).mark, desk.row(0).sending} == {"waiting", "upsert"}
        assert desk.push() == {"created": 20}

    def test_who_opts_out_in_the_crm_between_plan_and_apply_is_not_sent(self, desk: Desk, bench: Bench):
        pushing = desk.pushing()
        agreed = pushing.plan()
        bench.opt_out(bench.contact_ids[3], "phone")
        fates = pushing.apply(agreed, "operator")
        assert (fates["created"], fates["skipped"]) == (19, 1)
        assert bench.n_held(external_id(3)) == 0 and desk.row(3).because == "opted_out_there"

    def test_an_opt_out_entered_in_the_crm_withdraws_the_open_task(self, desk: Desk, bench: Bench):
        desk.push()
        bench.opt_out(bench.contact_ids[3], "phone")
        assert desk.push() == {"withdrawn": 1, "skipped": 1}
        assert not bench.is_open(external_id(3)) and (desk.row(3).mark, desk.row(3).because) == ("withdrawn", "opted_out_there")
        assert desk.push() == {"skipped": 1}

    def test_an_archived_contact_is_not_sent(self, desk: Desk, bench: Bench):
        bench.archive(bench.contact_ids[4])
        assert desk.push() == {"created": 19, "skipped": 1}
        assert desk.row(4).because == "not_vouched_for"

    def test_who_must_not_be_contacted_any_more_leaves_the_crm(self, desk: Desk, bench: Bench):
        desk.push()
        desk.change(bench.contact_ids[0], is_deceased=True)
        desk.change(bench.contact_ids[1], is_held_out=True)
        desk.change(bench.contact_ids[2], channels=frozenset({"email"}))
        assert desk.push() == {"withdrawn": 3, "skipped": 3}
        assert [desk.row(number).because for number in range(3)] == ["deceased", "held_out", "no_consent"]
        assert not any(bench.is_open(external_id(number)) for number in range(3))

    def test_what_left_the_list_is_withdrawn_and_what_comes_back_is_opened_again(self, desk: Desk, bench: Bench):
        desk.push()
        desk.list(18)
        assert desk.push() == {"withdrawn": 2}
        assert not bench.is_open(external_id(19)) and desk.row(19).because == "no_longer_listed"
        desk.list(20)
        assert sum(desk.push().values()) == 2
        assert bench.is_open(external_id(19)) and bench.n_held(external_id(19)) == 1

    def test_tasks_withdrawn_by_hand_are_closed(self, desk: Desk, bench: Bench):
        desk.push()
        desk.pushing().withdraw([external_id(5)], "operator")
        assert not bench.is_open(external_id(5)) and desk.row(5).because == "by_hand"
        assert desk.push() == {"skipped": 1}, "what was withdrawn by hand is not sent again by itself"
        assert desk.state.take_back("bench", None) == 1
        assert sum(desk.push().values()) == 1 and bench.is_open(external_id(5))

    def test_a_task_that_somebody_deleted_is_seen_and_made_again_only_if_a_person_says_so(self, desk: Desk, bench: Bench):
        desk.push()
        bench.delete(external_id(6))
        assert desk.push() == {"skipped": 1}
        assert desk.row(6).mark == "gone" and not bench.is_open(external_id(6))
        assert desk.state.take_back("bench", None) == 1
        assert desk.push() == {"created": 1} and bench.is_open(external_id(6))

    def test_what_is_not_said_wipes_nothing(self, desk: Desk, bench: Bench):
        desk.push()
        before = bench.assigned_to(external_id(0))
        desk.list(20, assigned_to=None, is_urgent=True)
        assert desk.push() == {"updated": 20}
        assert bench.assigned_to(external_id(0)) == before

    def test_an_outcome_comes_back_once_and_its_task_is_not_sent_again(self, desk: Desk, bench: Bench):
        desk.push()
        bench.finish(external_id(2), "reached")
        told, cursor, is_last = [], None, False
        while not is_last:
            page = bench.adapter.outcomes(cursor)
            told, cursor, is_last = [*told, *page.rows], page.cursor, page.is_last
        done = [one for one in told if one.completed_at is not None]
        assert [(one.external_id, one.contact_id, one.outcome) for one in done] == [
            (external_id(2), bench.contact_ids[2], "reached")
        ]
        assert list(bench.adapter.outcomes(cursor).rows) == []
        assert desk.push() == {"skipped": 1}
        assert desk.row(2).mark == "done"

    def test_the_list_holds_who_has_an_open_task(self, desk: Desk, bench: Bench):
        desk.limits = Limits(list_name="Caregap outreach")
        desk.push()
        assert bench.listed("Caregap outreach") == set(bench.contact_ids[:20])
        desk.list(18)
        desk.push()
        assert bench.listed("Caregap outreach") == set(bench.contact_ids[:18])

    def test_a_limit_stops_the_push_until_a_person_confirms(self, desk: Desk, bench: Bench):
        desk.limits = Limits(most_rows=10)
        with pytest.raises(PushRefused, match="rows"):
            desk.push()
        assert bench.n_held(external_id(0)) == 0
        assert desk.push("first_push") == {"created": 20}

    @pytest.fixture
    def killed(self, bench: Bench) -> Callable[[int], list[Bench]]:
        """`killed(n)`: that many benches with contacts of their own, of one system or of several; the tasks of the nth are
        numbered from 100 n on."""
        raise NotImplementedError

    def test_a_push_killed_at_any_point_loses_nothing_and_makes_nothing_twice(
        self, killed: Callable[[int], list[Bench]], tmp_path: Path
    ):
        """Twenty points: before, within and after each of the batches, withdrawals too. Of the twenty contacts one is dead, and
        one is off the list; the others have one open task each, those two none."""
        points = [f"connect.{name}" for name in KILLED_AT.split()]
        assert len(set(points)) == 20
        benches = killed(len(points))
        told = {
            "points": points,
            "recipes": [bench.recipe for bench in benches],
            "contact_ids": [bench.contact_ids for bench in benches],
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.connect.killed_pushes", str(tmp_path), json.dumps(told)],
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {point: [0, -signal.SIGKILL, 0] for point in points}, done.stderr
        for nth, (point, bench) in enumerate(zip(points, benches, strict=True)):
            tasks = [external_id(100 * nth + number) for number in range(20)]
            assert [int(bench.is_open(one)) for one in tasks] == [0] + [1] * 17 + [0, 0], point
            assert all(bench.n_held(one) <= 1 for one in tasks), point

    def test_no_file_of_a_push_holds_a_name_or_a_finding(self, desk: Desk, bench: Bench):
        bench.poison(external_id(7))
        desk.push()
        for path in [folder_of(desk.home, "harbor") / FILE, *desk.home.root.rglob("*")]:
            content = path.read_bytes() if path.is_file() else b""
            assert not [word for word in SECRETS if word.encode() in content], path.name


def _with(desk: Desk, state: State) -> Desk:
    other = Desk(desk.home, desk.bench, state)
    other.worklist = desk.worklist
    return other


def _pushed(desk: Desk) -> dict[str, int]:
    """What a push did, where the system may fail before its end."""
    try:
        return desk.push()
    except ConnectionFailed:
        held = [row for row in desk.state.rows("bench").values() if row.fate == Fate.CREATED]
        return {"created": len(held)}


__all__ = ["Bench", "Conformance", "Desk", "Told", "external_id", "listed", "task"]
