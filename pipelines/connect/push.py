"""Draws plans and carries them out. Everything is for the holder of the home's lock, so that the publication stays the current
one and no two pushes run at once.

A batch passes the gates just before it leaves, with the CRM's opt-outs read live; it is marked as being sent before the call, and
has its fate on the disk before the next one. Withdrawals come first: who must not be contacted leaves the CRM before others come.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from models.pushing import BY_HAND, SKIP_REASONS
from models.settings.push import Push as Limits
from models.wording import counted
from pipelines.audit_log import record
from pipelines.clock import now
from pipelines.connect.adapter import Adapter, Fate, Result, Standing, Task
from pipelines.connect.gates import Live, barrier, leaving_fields
from pipelines.connect.plan import Plan, draw_plan, grown, hash_of, settled
from pipelines.connect.rows import UPSERT, WITHDRAW, Due, Row
from pipelines.connect.sending import Interrupted, matched, send
from pipelines.connect.state import State
from pipelines.connect.told import write_status
from pipelines.connect.worklist import Told, Worklist
from pipelines.errors import PushRefused
from pipelines.faults import passing
from pipelines.home import Home

_ASKED_AT_ONCE = 2_000
"""Contacts or tasks that an adapter is asked about; it asks its system in parts of its own."""
_Thing = TypeVar("_Thing")


@dataclass
class Pushing:
    """One system, its state and today's worklist. `wait` sleeps between tries."""

    home: Home
    connector: str
    adapter: Adapter
    worklist: Worklist
    state: State
    limits: Limits
    wait: Callable[[float], None] = time.sleep
    leaving: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.leaving = leaving_fields(self.adapter.capabilities.fields, self.limits.fields, self.connector)

    def plan(self) -> Plan:
        """What a push would do now. Looks at the system, and changes nothing there."""
        self._look_at(("open", "gone"))
        rows = self.state.rows(self.connector)
        contacts = {task.contact_id for task in self.worklist.tasks.values()}
        live = self._live(contacts)
        last = self.state.last_push(self.connector, is_ended=True)
        n_last = int(str(last["n_wanted"])) if last else None
        plan = draw_plan(self.connector, self.worklist, rows, self.leaving, live, self.limits, n_last)
        return replace(plan, made_at=now().isoformat(timespec="seconds"))

    def apply(self, agreed: Plan, approved_by: str, confirm: str | None = None) -> dict[str, int]:
        """Carry out a plan that a person or a setting agreed to; returns the number of rows by fate.

        Raises `PushRefused` where more would be sent now than was agreed to, or a limit is passed without a reason, and
        `ConnectionFailed` where the system fails: what was done until then is kept.
        """
        plan = self.plan()
        if more := grown(plan, agreed):
            raise PushRefused(
                f"{self.connector}: plan {agreed.id} is not what would be sent now ({', '.join(more)}). Nothing was sent. "
                f"Draw and read a new one: caregap connect plan {self.connector}"
            )
        if plan.confirmations and confirm is None:
            n_withdrawn = self._withdraw_who_must_not_be_contacted(plan, approved_by)
            raise PushRefused(
                f"{self.connector}: the plan passes limits that a person must confirm: {', '.join(plan.confirmations)}. Nothing "
                f"was sent; {counted(n_withdrawn, 'task')} of who must not be contacted withdrawn. Look at the plan; then add "
                "--confirm REASON, or approve it on the page Connections."
            )
        return self._carry_out(plan, approved_by, confirm)

    def _withdraw_who_must_not_be_contacted(self, plan: Plan, approved_by: str) -> int:
        """No limit but that of withdrawals itself keeps the task of somebody who died or opted out in the system."""
        demanded = {task: why for task, why in plan.withdrawals.items() if why in SKIP_REASONS}
        if not demanded or "withdrawn_share" in plan.confirmations:
            return 0
        fates = self._carry_out(replace(plan, sends={}, skips={}, withdrawals=demanded), approved_by, None, event="withdrew")
        return fates[Fate.WITHDRAWN]

    def retry(self, approved_by: str) -> dict[str, int]:
        """Send again what was refused or is undecided, as the worklist has it today.

        Raises `PushRefused` where the list is too old to act on, or more rows are due than `most_rows`: that they were agreed to
        once makes neither the list newer nor the rows fewer.
        """
        plan = self.plan()
        again = {task: step for task, step in plan.sends.items() if step[0] == "retry"}
        if again and "old_list" in plan.confirmations:
            raise PushRefused(
                f"{self.connector}: the list is older than most_days_old allows. Nothing was sent. Publish a newer one (`caregap "
                f"run`), or confirm its age: caregap connect push {self.connector} --apply PLAN --confirm REASON"
            )
        if len(again) > self.limits.most_rows:
            raise PushRefused(
                f"{self.connector}: {len(again):,} rows would be sent again, and most_rows is {self.limits.most_rows:,}. Nothing "
                f"was sent. Confirm it: caregap connect push {self.connector} --apply PLAN --confirm REASON"
            )
        n_there = sum(row.may_be_there for row in self.state.rows(self.connector).values())
        return self._carry_out(replace(plan, sends=again, withdrawals={}, n_wanted=n_there + len(again)), approved_by, None)

    def withdraw(self, external_ids: Sequence[str] | None, approved_by: str) -> dict[str, int]:
        """Close these open tasks, or all. No limit holds it back."""
        rows = {one: row for one, row in self.state.rows(self.connector).items() if row.may_be_there}
        chosen = [one for one in (external_ids if external_ids is not None else rows) if one in rows]
        plan = Plan(
            self.connector,
            self.worklist.publication.id,
            withdrawals=dict.fromkeys(chosen, BY_HAND),
            n_wanted=len(rows) - len(chosen),
        )
        return self._carry_out(plan, approved_by, None, event="withdrew")

    def _carry_out(self, plan: Plan, approved_by: str, confirm: str | None, event: str = "pushed") -> dict[str, int]:
        n_rows, people = len(plan.sends) + len(plan.withdrawals), self._people(plan)
        said = f"{self.connector} plan {plan.id}"
        record(self.home, event, subject=said, n_rows=n_rows, patients=people, purpose="operations", to=self.connector)
        number = self.state.begin_push(self.connector, plan.id, plan.publication_id, approved_by, confirm, plan.n_wanted)
        write_status(self.home, self.worklist.publication.practice_id, self.state)
        passing("connect.push.begun")
        fates = dict.fromkeys((*Fate, "skipped"), 0)
        for result in self._withdrawn(plan.id, plan.withdrawals):
            fates[result.fate] += 1
        self._note_skipped(plan.id, plan.skips)
        fates["skipped"] += len(plan.skips)
        for batch in _batches(list(plan.sends), self.adapter.capabilities.largest_batch):
            for fate in self._sent(plan.id, batch):
                fates[fate] += 1
        self._keep_list(plan)
        passing("connect.push.ending")
        self.state.end_push(number)
        passing("connect.push.ended")
        return {str(fate): n for fate, n in fates.items()}

    def _people(self, plan: Plan) -> set[int]:
        """The keys of the persons whom a plan sends or withdraws, as far as the publication knows them."""
        rows = self.state.rows(self.connector)
        contacts = {self.worklist.tasks[one].contact_id for one in plan.sends}
        contacts |= {rows[one].contact_id for one in plan.withdrawals}
        return {self.worklist.facts[one].patient_key for one in contacts if one in self.worklist.facts}

    def _sent(self, plan_id: str, external_ids: Sequence[str]) -> list[str]:
        """Send one batch through the gates; the fate of each row."""
        rows = self.state.rows(self.connector, external_ids)
        tasks = [settled(self.worklist.tasks[one], rows.get(one)) for one in external_ids]
        live = self._live({task.contact_id for task in tasks})
        held = {task.external_id: why for task in tasks if (why := barrier(task, self.worklist.facts.get(task.contact_id), live))}
        going = [task for task in tasks if task.external_id not in held]
        passing("connect.batch.gated")
        there = {one: why for one, why in held.items() if one in rows and rows[one].may_be_there}
        withdrawn = list(self._withdrawn(plan_id, there))
        self._note_skipped(plan_id, held)
        results: list[Result] = []
        if going:
            self.state.mark_sending(plan_id, [Due(self._row(task), UPSERT, hash_of(task, self.leaving)) for task in going])
            passing("connect.batch.marked")
            results = self._decided(plan_id, UPSERT, self.adapter.upsert, [self._bare(task) for task in going], _id_of)
            passing("connect.batch.settled")
        return [str(one.fate) for one in (*withdrawn, *results)] + ["skipped"] * len(held)

    def _withdrawn(self, plan_id: str, withdrawals: dict[str, str]) -> Iterator[Result]:
        for batch in _batches(list(withdrawals), self.adapter.capabilities.largest_batch):
            rows = self.state.rows(self.connector, batch)
            self.state.mark_sending(plan_id, [Due(rows[one], WITHDRAW, because=withdrawals[one]) for one in batch])
            passing("connect.withdrawal.marked")
            yield from self._decided(plan_id, WITHDRAW, self.adapter.withdraw, batch, str)
            passing("connect.withdrawal.settled")

    def _decided(
        self,
        plan_id: str,
        verb: str,
        call: Callable[[Sequence[_Thing]], list[Result]],
        things: Sequence[_Thing],
        id_of: Callable[[_Thing], str],
    ) -> list[Result]:
        """Make the call; each fate is on the disk when it returns, or when it raises."""
        try:
            results = send(call, things, id_of, self.wait)
        except Interrupted as interrupted:
            self.state.settle(plan_id, self.connector, verb, interrupted.results)
            raise interrupted.error from None
        passing(f"connect.{verb}.answered")
        self.state.settle(plan_id, self.connector, verb, results)
        return results

    def look_again(self) -> None:
        """See how all tasks stand, withdrawn ones too: the state is older than the system."""
        self._look_at(("open", "gone", "withdrawn"))

    def _look_at(self, marks: Collection[str]) -> None:
        """See what is done, deleted or archived at the system, and what is there again: one answer may have left out tasks."""
        rows = self.state.rows(self.connector)
        there = [one for one, row in rows.items() if row.mark in marks and row.sending is None]
        seen: dict[str, Standing | None] = {}
        for batch in _batches(there, _ASKED_AT_ONCE):
            standing = self.adapter.standing(batch)
            seen |= {one: standing.get(one) for one in batch}
        known = {one: Standing.OPEN if rows[one].mark == "open" else None for one in there}
        self.state.note_standing(self.connector, {one: now_is for one, now_is in seen.items() if now_is is not known[one]})

    def _live(self, contacts: Iterable[str]) -> Live:
        """The opt-outs and what was recorded, as of this moment. Where the system does not answer, nothing is sent."""
        opt_outs: dict[str, frozenset[str]] = {}
        for batch in _batches(sorted(contacts), _ASKED_AT_ONCE):
            opt_outs |= self.adapter.opt_outs(batch)
        since = self.worklist.outcomes_since(self.home, self._told())
        return Live(opt_outs, since, now(), self.adapter.capabilities.sent_at_once)

    def _told(self) -> list[Told]:
        """The outcomes that any system told."""
        rows = self.state.rows_with_outcome()
        return [Told(row.source_system, row.contact_id, row.remote_id or "", row.outcome or "") for row in rows]

    def _note_skipped(self, plan_id: str, skips: dict[str, str]) -> None:
        self.state.note_skipped(plan_id, [(self._row(self.worklist.tasks[one]), why) for one, why in skips.items()])

    def _keep_list(self, plan: Plan) -> None:
        """Put on the system's list who has an open task, and take off who has none."""
        if self.limits.list_name is None or not self.adapter.capabilities.has_lists:
            return
        name = self.limits.list_name
        wanted = {row.contact_id for row in self.state.rows(self.connector).values() if row.mark == "open"}
        there = self.state.members(self.connector, name)
        add, remove = sorted(wanted - there), sorted(there - wanted)
        if not add and not remove:
            return
        results = matched([*add, *remove], self.adapter.set_list(name, add, remove))
        taken = [one for one in results if one.fate not in (Fate.REJECTED, Fate.RETRYABLE)]
        self.state.note_members(self.connector, name, [(one.external_id, one.external_id in wanted, one.code) for one in taken])

    def _row(self, task: Task) -> Row:
        return Row(
            connector=self.connector,
            external_id=task.external_id,
            source_system=self.worklist.source_system,
            contact_id=task.contact_id,
            mark="waiting",
            reason=task.reason,
            channel=task.channel,
            location_id=task.site_id,
            due_on=task.due_on.isoformat(),
            is_urgent=int(task.is_urgent),
        )

    def _bare(self, task: Task) -> Task:
        """The task without what does not leave: None says nothing."""
        return replace(
            task,
            priority_rank=task.priority_rank if "priority_rank" in self.leaving else None,
            site_id=task.site_id if "site_id" in self.leaving else None,
            assigned_to=task.assigned_to if "assigned_to" in self.leaving else None,
            link=task.link if "link" in self.leaving else None,
        )


def _id_of(task: Task) -> str:
    return task.external_id


def _batches(things: Sequence[_Thing], size: int) -> Iterator[Sequence[_Thing]]:
    for start in range(0, len(things), max(1, size)):
        yield things[start : start + max(1, size)]
