"""What a push does to an Odoo, against the simulator and against Odoo itself."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from models.settings.crm_push import OdooPush
from pipelines.connect.adapter import Fate, Outcome, Standing
from pipelines.connect.odoo.activities import faulty_rows
from pipelines.connect.odoo.adapter import OdooAdapter
from pipelines.errors import ConnectionFailed
from tests.connect.odoo.conftest import Crm


def told(adapter: OdooAdapter, cursor: str | None = None) -> list[Outcome]:
    """All outcomes that a database tells after the cursor: tests before this one may have filled the first pages."""
    page = adapter.outcomes(cursor)
    return [*page.rows] if page.is_last else [*page.rows, *told(adapter, page.cursor)]


def fates(results: list[Any]) -> list[str]:
    return [str(one.fate) for one in results]


def test_a_task_becomes_an_activity_of_its_contact_with_nothing_clinical_in_it(crm: Crm):
    partners = crm.add_contacts(1)
    task = crm.task(1, is_urgent=True)
    [result] = crm.adapter().upsert([task])
    made = crm.activity(task)
    assert (result.fate, result.remote_id) == (Fate.CREATED, str(made["id"]))
    assert made["res_id"] == partners[1]
    assert made["activity_type_id"][1] == "Call"
    assert made["user_id"][1] == "nurse.a"
    assert (made["summary"], made["date_deadline"]) == ("Urgent. Outreach: offer a visit", "2026-12-01")
    assert made["note"] == (
        "<p>Contact between 08:00 and 20:30. Place on the list: 1.</p>"
        '<p><a href="https://caregap.example.org/Patients?key=1&amp;tab=care">Reasons, after signing in</a></p>'
    )


def test_what_is_unchanged_is_not_written_and_keeps_its_time_of_change(crm: Crm):
    crm.add_contacts(1, 2)
    tasks = [crm.task(1), crm.task(2, channel="sms", link=None, assigned_to=None)]
    crm.adapter().upsert(tasks)
    before = [crm.activity(task)["write_date"] for task in tasks]
    time.sleep(1.1)  # Odoo shows whole seconds
    assert fates(crm.adapter().upsert(tasks)) == ["unchanged", "unchanged"]
    assert [crm.activity(task)["write_date"] for task in tasks] == before


def test_a_change_is_written_and_what_says_nothing_wipes_nothing(crm: Crm):
    crm.add_contacts(1)
    crm.adapter().upsert([crm.task(1)])
    later = crm.task(1, due_on=date(2026, 12, 9), assigned_to=None, link=None)
    assert fates(crm.adapter().upsert([later])) == ["updated"]
    activity = crm.activity(later)
    assert (activity["date_deadline"], activity["user_id"][1]) == ("2026-12-09", "nurse.a")


def test_a_row_that_odoo_refuses_leaves_the_other_nineteen_accepted(crm: Crm, refusal: Callable[[int], None]):
    partners = crm.add_contacts(*range(20))
    refusal(partners[7])
    results = crm.adapter().upsert([crm.task(one) for one in range(20)])
    assert fates(results) == ["created"] * 7 + ["rejected"] + ["created"] * 12
    assert results[7].code is not None
    assert crm.activity(crm.task(7)) == {}


def test_a_contact_that_is_unknown_or_archived_is_refused_by_its_own_row(crm: Crm):
    partners = crm.add_contacts(1, 2)
    crm.admin("res.partner", "action_archive", ids=[partners[2]])
    results = crm.adapter().upsert([crm.task(1), crm.task(2), crm.task(3)])
    assert [(str(one.fate), one.code) for one in results] == [
        ("created", None),
        ("rejected", "contact_unknown"),
        ("rejected", "contact_unknown"),
    ]
    assert crm.adapter().ids([crm.contact(one) for one in (1, 2, 3)]) == {crm.contact(one): str(partners[one]) for one in (1, 2)}


def test_who_is_to_do_it_may_be_unknown_to_odoo(crm: Crm):
    crm.add_contacts(1)
    assert fates(crm.adapter().upsert([crm.task(1, assigned_to="s-17")])) == ["created"]
    assert crm.activity(crm.task(1))["user_id"] is False
    assert fates(crm.adapter(users={"s-17": "nurse.b"}).upsert([crm.task(1, assigned_to="s-17")])) == ["updated"]
    assert crm.activity(crm.task(1))["user_id"][1] == "nurse.b"


def test_what_is_done_stays_done_and_comes_back_with_its_outcome_alone(crm: Crm):
    crm.add_contacts(1, 2, 3)
    tasks = [crm.task(one) for one in (1, 2, 3)]
    crm.adapter().upsert(tasks)
    said = {1: "Left message with Jane's husband", 2: "Not reached: no answer"}
    for number, remark in said.items():
        crm.admin("mail.activity", "action_feedback", ids=[crm.activity(crm.task(number))["id"]], feedback=remark)
    adapter = crm.adapter(outcomes={"*no answer*": "no_answer"})
    assert adapter.standing([task.external_id for task in tasks]) == {
        tasks[0].external_id: Standing.DONE,
        tasks[1].external_id: Standing.DONE,
        tasks[2].external_id: Standing.OPEN,
    }
    assert fates(adapter.upsert([crm.task(1, due_on=date(2027, 1, 1))])) == ["unchanged"]
    rows = told(adapter)
    recorded = {one.external_id: one for one in rows if one.external_id in {task.external_id for task in tasks}}
    assert [recorded[task.external_id].outcome for task in tasks] == ["left_message", "no_answer", None]
    one = recorded[tasks[0].external_id]
    assert (one.contact_id, one.channel, one.assigned_to) == (crm.contact(1), "phone", "nurse.a")
    assert one.completed_at is not None
    assert abs(one.completed_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert recorded[tasks[2].external_id].completed_at is None
    assert "Jane" not in repr(rows)


def test_what_changes_after_a_pass_is_in_the_next(crm: Crm):
    crm.add_contacts(1)
    task = crm.task(1)
    crm.adapter().upsert([task])
    cursor, is_last = None, False
    while not is_last:
        page = crm.adapter().outcomes(cursor)
        cursor, is_last = page.cursor, page.is_last
    crm.admin("mail.activity", "action_feedback", ids=[crm.activity(task)["id"]], feedback="scheduled")
    page = crm.adapter().outcomes(cursor)
    assert [one.outcome for one in page.rows if one.external_id == task.external_id] == ["scheduled"]


def test_withdrawing_deletes_what_is_open_and_leaves_what_is_done(crm: Crm):
    crm.add_contacts(1, 2)
    tasks = [crm.task(1), crm.task(2)]
    crm.adapter().upsert(tasks)
    crm.admin("mail.activity", "action_feedback", ids=[crm.activity(tasks[1])["id"]], feedback="declined")
    ids = [task.external_id for task in tasks]
    assert fates(crm.adapter().withdraw([*ids, "never-there"])) == ["withdrawn", "unchanged", "unchanged"]
    assert crm.activity(tasks[0]) == {}
    assert crm.activity(tasks[1])["feedback"] == "declined"
    assert fates(crm.adapter().withdraw(ids)) == ["unchanged", "unchanged"]
    assert fates(crm.adapter().upsert([tasks[0]])) == ["created"]


@pytest.mark.parametrize("crm", [pytest.param("real", marks=pytest.mark.slow)], indirect=True)
def test_an_answer_that_is_late_makes_nothing_twice(crm: Crm):
    """The same call three times at once, as when one is sent again while the first is still being carried out."""
    partners = crm.add_contacts(*range(20))
    tasks = [crm.task(one) for one in range(20)]
    adapters = [OdooAdapter(crm.client(), "practice", OdooPush(contact_key="external_id")) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda adapter: adapter.upsert(tasks), adapters))
    domain = [["res_model", "=", "res.partner"], ["res_id", "in", [*partners.values()]]]
    assert crm.admin("mail.activity", "search_count", domain=domain) == 20
    assert all(any(some[at].fate is Fate.CREATED for some in results) for at in range(20))


def test_what_somebody_deleted_has_no_standing(crm: Crm):
    crm.add_contacts(1)
    crm.adapter().upsert([crm.task(1)])
    crm.admin("mail.activity", "unlink", ids=[crm.activity(crm.task(1))["id"]])
    assert crm.adapter().standing([crm.task(1).external_id]) == {}


def test_an_opt_out_is_seen_although_it_moves_no_date_of_the_contact(crm: Crm):
    partners = crm.add_contacts(1, 2, 3, 4)
    contacts = [crm.contact(one) for one in (1, 2, 3, 4, 5)]
    assert crm.adapter().opt_outs(contacts) == {one: frozenset() for one in contacts[:4]}
    [told] = crm.admin("res.partner", "search_read", domain=[["id", "=", partners[1]]], fields=["phone", "email"])
    crm.admin("phone.blacklist", "create", vals_list=[{"number": told["phone"]}])
    crm.admin("mail.blacklist", "create", vals_list=[{"email": f"{crm.contact(2)}@example.org"}])
    crm.admin("res.partner", "action_archive", ids=[partners[3]])
    crm.admin("res.partner", "write", ids=[partners[4]], vals={"phone": "ask Jane"})
    assert crm.adapter().opt_outs(contacts) == {
        contacts[0]: {"phone", "sms"},
        contacts[1]: {"email"},
        contacts[3]: {"phone", "sms"},
    }


def test_a_list_keeps_who_unsubscribed_from_it(crm: Crm):
    crm.add_contacts(1, 2)
    name = f"Outreach {crm.prefix}"
    [at] = crm.admin("mailing.list", "create", vals_list=[{"name": name}])
    adapter = crm.adapter(list_name=name)
    contacts = [crm.contact(1), crm.contact(2)]
    assert fates(adapter.set_list(name, [*contacts, "nobody"], [])) == ["created", "created", "rejected"]
    assert fates(adapter.set_list(name, contacts, [])) == ["unchanged", "unchanged"]
    on_it = crm.admin("mailing.subscription", "search_read", domain=[["list_id", "=", at]], fields=["contact_id"], order="id")
    assert len(on_it) == 2
    crm.admin("mailing.subscription", "write", ids=[on_it[0]["id"]], vals={"opt_out": True})
    assert adapter.opt_outs(contacts)[contacts[0]] == {"email"}
    assert fates(adapter.set_list(name, [], contacts)) == ["unchanged", "withdrawn"]
    again = adapter.set_list(name, contacts, [])
    assert [(str(one.fate), one.code) for one in again] == [("rejected", "opted_out"), ("created", None)]
    assert fates(adapter.set_list("no such list", contacts[:1], [])) == ["rejected"]


@pytest.mark.parametrize("key", ["id", "ref"])
def test_contacts_may_be_known_by_another_field(crm: Crm, key: str):
    partners = crm.add_contacts(1)
    crm.admin("res.partner", "write", ids=[partners[1]], vals={"ref": f"{crm.prefix}/1"})
    contact = str(partners[1]) if key == "id" else f"{crm.prefix}/1"
    adapter = crm.adapter(contact_key=key)
    task = crm.task(1, contact_id=contact)
    assert fates(adapter.upsert([task])) == ["created"]
    assert [one.contact_id for one in told(adapter) if one.external_id == task.external_id] == [contact]


def test_a_reference_that_two_contacts_share_is_nobodys(crm: Crm):
    partners = crm.add_contacts(1, 2)
    crm.admin("res.partner", "write", ids=[*partners.values()], vals={"ref": crm.prefix})
    assert crm.adapter(contact_key="ref").ids([crm.prefix]) == {}


def test_check_says_which_right_is_missing_and_what_is_not_mapped(crm: Crm):
    found = crm.adapter(list_name="no such list", activity_types={"sms": "mail.no_such_type"}).check()
    assert [(one.what, one.is_ok) for one in found] == [
        ("permitted: contacts", True),
        ("permitted: activities", True),
        ("permitted: external ids", True),
        ("mapped: activity types", False),
        ("mapped: mailing list no such list", False),
    ]
    assert found[3].next_step == "Odoo has no mail.no_such_type."
    [contacts, *_] = crm.adapter("without-rights").check()
    assert not contacts.is_ok
    assert "The account may not write res.partner" in contacts.next_step


def test_an_account_without_rights_is_named_without_what_odoo_said(crm: Crm):
    crm.add_contacts(1)
    with pytest.raises(ConnectionFailed, match=r"crm: ir\.model\.data cannot be read \(AccessError\)") as error:
        crm.adapter("without-rights").upsert([crm.task(1)])
    assert "Jane" not in str(error.value)


def test_a_key_that_odoo_does_not_know_is_refused(crm: Crm):
    crm.keys = crm.keys | {"caregap": "nonsense"}
    with pytest.raises(ConnectionFailed, match="refuses the account"):
        crm.adapter().ids(["1"])


def test_a_user_whom_several_staff_ids_share_is_nobody_in_particular():
    settings = OdooPush(users={"s-1": "nurse.a", "s-2": "front.desk", "s-3": "front.desk"})
    assert [settings.staff_id_of(one) for one in ("nurse.a", "front.desk", "nurse.b", None)] == ["s-1", None, "nurse.b", None]


def test_the_first_error_of_a_batch_is_not_taken_for_its_first_rows():
    first = {"type": "error", "record": 0, "message": "…"}
    seventh = {"type": "error", "record": 7, "field": "date_deadline", "message": "…"}
    assert faulty_rows([first, seventh]) == {7: "date_deadline"}
    assert faulty_rows([first]) == {0: "refused"}
    assert faulty_rows([first, first, seventh]) == {0: "refused", 7: "date_deadline"}
    assert faulty_rows([{"type": "warning", "message": "…"}]) == {}


@pytest.fixture
def refusal(crm: Crm) -> Callable[[int], None]:
    """Makes the practice's Odoo refuse activities of one contact."""

    def refuse(partner: int) -> None:
        if crm.simulator:
            crm.simulator.refuses = lambda model, values: values.get("res_id") == partner
        else:
            [model] = crm.admin("ir.model", "search", domain=[["model", "=", "mail.activity"]])
            crm.admin(
                "ir.rule",
                "create",
                vals_list=[
                    {"name": crm.prefix, "model_id": model, "domain_force": f"[('res_id', '!=', {partner})]", "perm_read": False}
                ],
            )

    return refuse
