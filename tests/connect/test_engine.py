"""What the engine promises of itself: plans, limits, quiet hours, its state, and systems that answer wrongly."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from models.pushing import CAPS, FATES, MARKS, SKIP_REASONS
from models.settings.push import Push as Limits
from pipelines.backup import RESTORED
from pipelines.connect import state as states
from pipelines.connect.adapter import BatchRefused, Fate, Outcome, Outcomes, Result, Task
from pipelines.connect.fhir.outcomes import outcome_of
from pipelines.connect.gates import Live, barrier, leaving_fields
from pipelines.connect.outcomes import read_outcomes
from pipelines.connect.plan import read_plan, write_plan
from pipelines.connect.push import Pushing
from pipelines.connect.quiet_hours import is_quiet
from pipelines.connect.sending import send
from pipelines.connect.session import catch_up
from pipelines.connect.state import FILE, folder_of, open_state
from pipelines.connect.told import read_status
from pipelines.errors import ConnectionFailed, EnvironmentNotReady, HomeBusy, PushRefused, UsageError
from pipelines.home import Home
from pipelines.lock import only_writer
from pipelines.practice import Practice
from tests.connect.conformance import Desk, external_id, listed, task
from tests.connect.fake import FIELDS, FakeAdapter, FakeBench

CALM = Live(opt_outs={"contact-00": frozenset()}, at=datetime(2026, 12, 1, 18, tzinfo=UTC))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    with open_state(home, "harbor") as state:
        desk = Desk(home, FakeBench(tmp_path / "crm.json"), state)
        desk.list(20)
        yield desk


def why(live: Live = CALM, fields: dict | None = None, **facts: object) -> str | None:
    worklist = listed(["contact-00"], 1)
    known = replace(worklist.facts["contact-00"], **facts)  # type: ignore[arg-type]
    return barrier(task(0, "contact-00", **(fields or {})), known, live)


@pytest.mark.parametrize(
    ("reason", "facts"),
    [
        ("deceased", {"is_deceased": True}),
        ("held_out", {"is_held_out": True}),
        ("do_not_contact", {"is_do_not_contact": True}),
        ("left_out", {"suppress_reason": "minor"}),
        ("left_out", {"is_listed": False}),
        ("no_consent", {"channels": frozenset({"email"})}),
        ("attempt_cap", {"n_attempts_30_days": 3}),
        (None, {"n_attempts_30_days": 2}),
    ],
)
def test_what_the_publication_knows_holds_a_task_back(reason: str | None, facts: dict):
    assert why(**facts) == reason


def test_an_urgent_task_passes_the_limit_of_attempts():
    assert why(fields={"is_urgent": True}, n_attempts_30_days=5) is None


@pytest.mark.parametrize(
    ("reason", "said"),
    [("deceased", "deceased"), ("opted_out", "opted_out"), ("contacted_since", "no_answer"), ("restricted", "restricted")],
)
def test_what_was_recorded_since_holds_a_task_back(reason: str, said: str):
    assert why(replace(CALM, since={0: frozenset({said})})) == reason


def test_whom_nobody_knows_or_vouches_for_is_held_back():
    assert barrier(task(0, "contact-00"), None, CALM) == "not_checked"
    assert why(replace(CALM, opt_outs={})) == "not_vouched_for"
    assert why(replace(CALM, opt_outs={"contact-00": frozenset({"phone"})})) == "opted_out_there"
    assert why(replace(CALM, opt_outs={"contact-00": frozenset({"email"})})) is None


def test_a_task_without_an_hour_left_is_not_made():
    assert why(fields={"contact_from": time(20), "contact_until": time(20)}) == "no_contact_window"


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": "HbA1c 9.4 %"},
        {"channel": "carrier pigeon"},
        {"link": "javascript:alert(1)\nx"},
        {"assigned_to": "Kim <b>"},
        {"external_id": "Marisol Quintanilla"},
    ],
)
def test_a_value_that_may_not_leave_holds_its_task_back(fields: dict):
    everywhere = {"channels": frozenset({"phone", "carrier pigeon"})}
    assert why(fields=fields, **everywhere) == "not_allowed"


def test_a_task_is_made_at_night_and_a_message_waits_for_the_day():
    """Chicago: 18:00 UTC is noon, 04:00 UTC is 22 o'clock."""
    night = replace(CALM, at=datetime(2026, 12, 1, 4, tzinfo=UTC))
    assert why(night) is None
    assert why(replace(night, sent_at_once=frozenset({"phone"}))) == "quiet_hours"
    assert why(replace(CALM, sent_at_once=frozenset({"phone"}))) is None
    assert why(replace(CALM, at=None, sent_at_once=frozenset({"phone"}))) == "quiet_hours"


@pytest.mark.parametrize(
    ("state", "at", "quiet"),
    [
        ("NY", "2026-12-01T12:59", True),  # 7:59 in New York
        ("NY", "2026-12-01T13:00", False),
        ("NY", "2026-12-02T01:59", False),  # 20:59
        ("NY", "2026-12-02T02:00", True),
        ("FL", "2026-12-01T13:30", True),  # 8:30 in Miami, 7:30 in Pensacola
        ("FL", "2026-12-02T01:00", True),  # 20:00 in Miami: Florida ends at 20
        ("MS", "2026-11-29T18:00", True),  # a Sunday
        ("TX", "2026-11-29T17:30", True),  # a Sunday, 11:30 in Dallas: from noon on
        ("TX", "2026-11-29T19:30", False),
        ("AL", "2026-12-25T18:00", True),  # Christmas
        ("NY", "2026-12-25T18:00", False),
        ("KY", "2026-12-01T15:30", True),  # 10:30 in Louisville, 9:30 in Paducah: from 10 on
        ("", "2026-12-01T17:59", True),  # nobody knows where: 7:59 in Honolulu
        (None, "2026-12-01T21:00", False),  # 11 in Honolulu, 17 in San Juan: Rhode Island ends at 18
    ],
)
def test_quiet_hours_are_those_of_the_place_where_the_person_lives(state: str | None, at: str, quiet: bool):
    assert is_quiet(state, datetime.fromisoformat(at).replace(tzinfo=UTC)) is quiet


def test_only_fields_that_say_nothing_of_a_patient_may_leave():
    assert leaving_fields(FIELDS, None, "hub") == FIELDS | {"external_id", "contact_id"}
    assert "assigned_to" not in leaving_fields(FIELDS, sorted(FIELDS - {"assigned_to"}), "hub")
    for may_leave, wanted, said in (
        (FIELDS | {"reason_1"}, None, "no field"),
        (FIELDS, ["reason", "score"], "no field"),
        (FIELDS, ["reason"], "needs"),
        (FIELDS - {"link"}, sorted(FIELDS), "not taken"),
    ):
        with pytest.raises(UsageError, match=said):
            leaving_fields(may_leave, wanted, "hub")


def test_a_plan_of_another_publication_is_refused(desk: Desk):
    agreed = desk.pushing().plan()
    desk.worklist = replace(desk.worklist, publication=replace(desk.worklist.publication, id="20261130T060000-11111111"))
    with pytest.raises(PushRefused, match="publication"):
        desk.pushing().apply(agreed, "operator")
    assert desk.bench.adapter.system.read()["tasks"] == {}


def test_more_than_the_plan_says_is_refused_and_less_is_sent(desk: Desk):
    agreed = desk.pushing().plan()
    desk.list(21)
    with pytest.raises(PushRefused, match="sends"):
        desk.pushing().apply(agreed, "operator")
    desk.list(20, channel="sms")
    with pytest.raises(PushRefused, match="sends"):
        desk.pushing().apply(agreed, "operator")
    desk.list(19)
    assert desk.pushing().apply(agreed, "operator")["created"] == 19


def test_a_withdrawal_that_no_gate_demands_is_refused_unless_it_was_planned(desk: Desk):
    desk.push()
    agreed = desk.pushing().plan()
    desk.list(19)
    with pytest.raises(PushRefused, match="withdrawals"):
        desk.pushing().apply(agreed, "operator")


def test_a_limit_that_is_passed_since_the_plan_was_agreed_to_is_not_confirmed_with_it(desk: Desk):
    agreed = desk.pushing().plan()
    desk.worklist = replace(desk.worklist, capacity={"loc-01": 5})
    with pytest.raises(PushRefused, match="limits"):
        desk.pushing().apply(agreed, "operator", "checked_by_hand")


def test_a_batch_that_is_refused_whole_is_halved_without_waiting():
    """Of eight rows the third is bad: eight, four, two and one are asked about, and nobody waits."""
    asked: list[int] = []

    def upsert(rows: Sequence[str]) -> list[Result]:
        asked.append(len(rows))
        if "c" in rows:
            raise BatchRefused("bad_row")
        return [Result(row, Fate.CREATED) for row in rows]

    def wait(seconds: float) -> None:
        raise AssertionError("every row was decided at once")

    results = send(upsert, "abcdefgh", str, wait)
    assert [result.fate for result in results] == ["created"] * 2 + ["rejected"] + ["created"] * 5
    assert asked == [8, 4, 2, 2, 1, 1, 4]


def test_a_plan_file_that_was_changed_is_no_plan(desk: Desk):
    folder = folder_of(desk.home, "harbor")
    plan = desk.pushing().plan()
    path = write_plan(folder, plan)
    assert read_plan(folder, "bench", plan.id) == plan
    path.write_text(path.read_text().replace(external_id(0), external_id(24)))
    with pytest.raises(UsageError, match="no such plan"):
        read_plan(folder, "bench", plan.id)


@pytest.mark.parametrize(
    ("cap", "limits", "change"),
    [
        ("rows", {"most_rows": 19}, {}),
        ("capacity", {}, {"capacity": {"loc-01": 19}}),
        ("capacity", {}, {"capacity": {}}),
        ("old_list", {"most_days_old": 2}, {"age": 2}),
    ],
)
def test_a_first_push_that_passes_a_limit_waits_for_a_person(desk: Desk, cap: str, limits: dict, change: dict):
    desk.limits = Limits(**limits)
    if "capacity" in change:
        desk.worklist = replace(desk.worklist, capacity=change["capacity"])
    published_at = datetime.fromisoformat(desk.worklist.publication.published_at) - timedelta(days=change.get("age", 0))
    publication = replace(desk.worklist.publication, published_at=published_at.isoformat())
    desk.worklist = replace(desk.worklist, publication=publication)
    assert desk.pushing().plan().confirmations == [cap]
    with pytest.raises(PushRefused, match=cap):
        desk.push()
    assert desk.push("checked_by_hand") == {"created": 20}
    assert desk.state.last_push("bench")["confirm_reason"] == "checked_by_hand"  # type: ignore[index]


def test_what_was_refused_is_not_sent_again_from_a_list_that_is_too_old(desk: Desk):
    desk.bench.poison(external_id(3))
    desk.push()
    desk.bench.cure()
    published = datetime.fromisoformat(desk.worklist.publication.published_at) - timedelta(days=desk.limits.most_days_old)
    publication = replace(desk.worklist.publication, published_at=published.isoformat())
    desk.worklist = replace(desk.worklist, publication=publication)
    with pytest.raises(PushRefused, match="most_days_old"):
        desk.pushing().retry("operator")
    assert desk.bench.n_held(external_id(3)) == 0
    desk.limits = Limits(most_days_old=30)
    assert desk.pushing().retry("operator")[Fate.CREATED] == 1


def test_a_retry_of_more_rows_than_the_limit_waits_for_a_person(desk: Desk):
    """Twelve rows were refused; eleven is the most that leave without a person, by a push or by a retry."""
    for number in range(12):
        desk.bench.poison(external_id(number))
    desk.push()
    desk.bench.cure()
    desk.limits = Limits(most_rows=11)
    with pytest.raises(PushRefused, match="12 rows would be sent again, and most_rows is 11"):
        desk.pushing().retry("operator")
    assert desk.bench.n_held(external_id(0)) == 0
    desk.limits = Limits(most_rows=12)
    assert desk.pushing().retry("operator")[Fate.CREATED] == 12


def test_a_place_on_the_list_leaves_with_a_task_and_moves_none_by_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    said: list[int | None] = []
    upsert = FakeAdapter.upsert
    monkeypatch.setattr(
        FakeAdapter, "upsert", lambda self, rows: (said.extend(one.priority_rank for one in rows), upsert(self, rows))[1]
    )
    desk.push()
    assert said == list(range(1, 21))
    desk.list(20, priority_rank=7)
    assert desk.pushing().plan().n_unchanged == 20
    desk.limits = Limits(fields=sorted(FIELDS - {"priority_rank"}))
    desk.list(20, channel="sms", priority_rank=7)
    desk.push()
    assert said[20:] == [None] * 20


def test_what_was_sent_since_the_backup_is_taken_over_after_a_restore(desk: Desk, tmp_path: Path):
    """Backed up with tasks 0 to 9 open but 0 and 1, which were withdrawn by hand. Since then: 0 is open again, 2 was withdrawn, 3
    is done, 10 to 19 were sent. The list of today has 5 to 9 and 12 to 19: so 0, 4, 10 and 11 are to be withdrawn."""
    desk.list(10)
    desk.push()
    desk.pushing().withdraw([external_id(0), external_id(1)], "operator")
    kept = sqlite3.connect(tmp_path / "backup.db")
    desk.state._connection.backup(kept)
    kept.close()
    desk.limits = Limits(most_deviation=2)
    desk.state.take_back("bench", [external_id(0)])
    desk.list(20)
    desk.push()
    desk.pushing().withdraw([external_id(2)], "operator")
    desk.bench.finish(external_id(3), "reached")

    home, practice = Home(tmp_path / "restored"), Practice("harbor", "Harbor", "America/Chicago", {"crm": tmp_path / "crm"})
    folder = folder_of(home, "harbor")
    (tmp_path / "backup.db").rename(folder / FILE)
    (folder / RESTORED).write_text("2026-12-01T10:00:00")
    tasks = {
        one: task for one, task in desk.worklist.tasks.items() if one in {external_id(n) for n in (*range(5, 10), *range(12, 20))}
    }
    with open_state(home, "harbor") as state:
        worklist = replace(desk.worklist, tasks=tasks)
        pushing = Pushing(home, "bench", desk.bench.adapter, worklist, state, desk.limits)
        assert pushing.plan().withdrawals.keys() == {external_id(4)}, "this is what a state that is too old knows"
        catch_up(pushing, practice)
        assert sorted(pushing.plan().withdrawals) == [external_id(n) for n in (0, 4, 10, 11)]
        assert not [one for one, (verb, _) in pushing.plan().sends.items() if verb == "add"]
        assert state.rows("bench", [external_id(3)])[external_id(3)].mark == "done"
        assert len(list((tmp_path / "crm" / "bench-outcomes").iterdir())) == 1
        catch_up(pushing, practice)
        assert len(list((tmp_path / "crm" / "bench-outcomes").iterdir())) == 1, "once a restore"


def test_tasks_that_one_answer_left_out_are_known_again_and_withdrawn(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    desk.push()
    with monkeypatch.context() as lying:
        lying.setattr(FakeAdapter, "standing", lambda self, external_ids: {})
        assert set(desk.pushing().plan().skips.values()) == {"removed_there"}
    desk.change(desk.bench.contact_ids[3], is_deceased=True)
    assert desk.push() == {"withdrawn": 1, "skipped": 1}
    assert not desk.bench.is_open(external_id(3))


def test_a_push_that_was_killed_shows_as_one_that_did_not_end(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def killed(rows: Sequence[Task]) -> list[Result]:
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeAdapter, "upsert", lambda self, rows: killed(rows))
    with pytest.raises(KeyboardInterrupt):
        desk.push()
    last = read_status(desk.home, "harbor")["connectors"]["bench"]["last_push"]
    assert (last["number"], last["ended_at"]) == (1, None)


def test_a_list_that_shrank_by_half_waits_for_a_person(desk: Desk):
    """Twenty tasks are open. Eight left: twelve of twenty, over half, would be withdrawn, and the list is twelve shorter."""
    desk.push()
    desk.list(8)
    assert desk.pushing().plan().confirmations == ["withdrawn_share", "deviation"]
    desk.list(11)
    assert desk.pushing().plan().confirmations == [], "of nine rows no share is taken"
    assert set(CAPS) == {"rows", "capacity", "withdrawn_share", "deviation", "old_list"}


def test_who_died_leaves_the_system_even_where_a_limit_holds_the_rest_back(desk: Desk):
    desk.push()
    desk.list(20, channel="sms")
    desk.change("contact-00", is_deceased=True)
    desk.limits = Limits(most_rows=10)
    with pytest.raises(PushRefused, match="1 task of who must not be contacted withdrawn"):
        desk.push()
    assert desk.row(0).because == "deceased" and not desk.bench.is_open(external_id(0))
    assert desk.row(1).channel == "phone", "nothing else was done"


def test_who_is_restricted_and_off_the_list_leaves_the_system_whatever_the_limits(desk: Desk):
    desk.push()
    desk.list(19, channel="sms")
    desk.change("contact-19", suppress_reason="restricted", is_listed=False)
    desk.limits = Limits(most_rows=10)
    with pytest.raises(PushRefused, match="1 task of who must not be contacted withdrawn"):
        desk.push()
    assert desk.row(19).because == "restricted" and not desk.bench.is_open(external_id(19))


def test_the_day_by_which_a_task_is_due_does_not_move_on_with_the_list(desk: Desk):
    desk.push()
    desk.list(20, due_on=date(2027, 1, 5))
    assert desk.push() == {}
    desk.list(20, due_on=date(2027, 1, 3))
    assert desk.push() == {"updated": 20}


def test_a_clock_that_was_set_back_changes_no_order(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """The newest version of a row is the one written last, whatever the clock says."""
    desk.push()
    before = desk.row(0)
    monkeypatch.setattr(states, "now", lambda: datetime(2020, 1, 1, tzinfo=UTC))
    desk.change("contact-00", is_deceased=True)
    desk.push()
    after = desk.row(0)
    assert after.mark == "withdrawn" and after.updated_at > before.updated_at and after.number > before.number


def test_two_pushes_at_once_are_refused(desk: Desk):
    """A session holds the home's lock from its first step to its last, as every command that writes."""
    with only_writer(desk.home), pytest.raises(HomeBusy), only_writer(desk.home):
        pass


def test_a_damaged_state_is_said_and_not_written_over(tmp_path: Path):
    home = Home(tmp_path)
    path = folder_of(home, "harbor") / FILE
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(EnvironmentNotReady, match="damaged"), open_state(home, "harbor"):
        pass
    assert path.read_bytes() == b"not a database" * 1000


def test_a_state_of_a_later_version_is_not_touched(tmp_path: Path):
    home = Home(tmp_path)
    path = folder_of(home, "harbor") / FILE
    with sqlite3.connect(path) as connection:
        connection.execute("pragma user_version = 2")
    with pytest.raises(EnvironmentNotReady, match="another version"), open_state(home, "harbor"):
        pass


class Lying(FakeAdapter):
    """A system that answers with other rows, texts as codes, and outcomes without end."""

    def upsert(self, rows: Sequence[Task]) -> list[Result]:
        super().upsert(rows)
        return [
            Result("task-of-nobody", Fate.CREATED, "t1"),
            Result(rows[-1].external_id, Fate.REJECTED, remote_id="Marisol Quintanilla\n", code="Marisol has HbA1c 9.4"),
        ]

    def outcomes(self, cursor: str | None) -> Outcomes:
        return Outcomes([], "same", is_last=False)


def test_a_system_that_answers_wrongly_is_taken_at_no_word(desk: Desk):
    """Of each batch of five it answers for the last row alone, at each of four tries; the first row stays undecided."""
    desk.bench.adapter = Lying(desk.bench.system)  # type: ignore[attr-defined]
    assert desk.push() == {"retryable": 4, "rejected": 16}
    rejected = desk.row(4)
    assert (rejected.code, rejected.remote_id) == ("unreadable", None)
    assert "task-of-nobody" not in desk.state.rows("bench")
    desk.bench.adapter = FakeAdapter(desk.bench.system)  # type: ignore[attr-defined]
    assert desk.push() == {"unchanged": 20}


def test_outcomes_that_never_end_are_given_up(desk: Desk, tmp_path: Path):
    adapter = Lying(desk.bench.system)  # type: ignore[attr-defined]
    with pytest.raises(ConnectionFailed, match="again and again"):
        read_outcomes(desk.home, "harbor", "bench", adapter, desk.state, "crm", tmp_path / "crm")


def test_what_an_ehr_tells_becomes_an_outcome_of_its_patient(desk: Desk, tmp_path: Path):
    at = datetime(2026, 12, 1, 15, tzinfo=UTC)
    told = Outcome("77", "pat-1", external_id(0), "phone", "reached", at, at, at)

    class Ehr(FakeAdapter):
        def outcomes(self, cursor: str | None) -> Outcomes:
            return Outcomes([told], "1", is_last=True)

    counts = read_outcomes(desk.home, "harbor", "bench", Ehr(desk.bench.system), desk.state, "ehr", tmp_path)  # type: ignore[attr-defined]
    (path,) = desk.home.outcomes("harbor").glob("outreach_outcomes_*.csv")
    assert counts == (1, 0)
    assert path.read_text().splitlines()[1] == (
        "connect:bench:77,2026-12-01T15:00:00+00:00,2026-12-01T15:00:00+00:00,,ehr,ehr_patient,pat-1,phone,reached,,bench,false"
    )


def test_a_task_that_an_ehr_calls_done_without_an_outcome_counts_as_an_attempt(desk: Desk, tmp_path: Path):
    at = datetime(2026, 12, 1, 15, tzinfo=UTC)
    resource = {"resourceType": "Task", "id": "77", "status": "completed", "for": {"reference": "Patient/pat-1"}}
    told = outcome_of(resource | {"meta": {"lastUpdated": at.isoformat()}}, external_id(0))
    assert told is not None

    class Ehr(FakeAdapter):
        def outcomes(self, cursor: str | None) -> Outcomes:
            return Outcomes([told], "1", is_last=True)

    counts = read_outcomes(desk.home, "harbor", "bench", Ehr(desk.bench.system), desk.state, "ehr", tmp_path)  # type: ignore[attr-defined]
    (path,) = desk.home.outcomes("harbor").glob("outreach_outcomes_*.csv")
    assert counts == (1, 0)
    assert path.read_text().splitlines()[1] == (
        "connect:bench:77,2026-12-01T15:00:00+00:00,2026-12-01T15:00:00+00:00,,ehr,ehr_patient,pat-1,phone,,,bench,false"
    )


def test_what_is_written_down_of_rows_is_what_the_contract_allows():
    assert {str(fate) for fate in Fate} | {"skipped", "seen"} == set(FATES)
    assert set(MARKS) == {"waiting", "open", "done", "withdrawn", "gone", "skipped"}
    assert list(SKIP_REASONS)[:3] == ["not_checked", "deceased", "held_out"]
