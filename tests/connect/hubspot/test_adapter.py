"""What a push sends to HubSpot, and what it makes of the answers that the documentation describes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from models.settings.connectors import Limits
from models.settings.crm_push import HubspotPush
from pipelines.connect.adapter import Task
from pipelines.connect.http import Http
from pipelines.connect.hubspot.adapter import HubspotAdapter
from pipelines.connect.secrets import Hidden
from pipelines.connect.sign_in import Bearer
from tests.connect.conformance import task
from tests.connect.hubspot.account import Account


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def adapter(account: Account, serve: Callable[..., Any]) -> HubspotAdapter:
    return opened(serve(account).address)


def opened(address: str, **settings: Any) -> HubspotAdapter:
    http = Http("hub", address, Limits(requests_per_minute=60_000), Bearer(Hidden("SECRET"), "hub"), sleep=lambda _: None)
    return HubspotAdapter(http, HubspotPush(**settings))


def tasks(account: Account, n: int) -> list[Task]:
    return [task(number, account.make("contacts")) for number in range(n)]


def fates(results: list[Any]) -> list[tuple[str, str | None]]:
    return [(str(one.fate), one.code) for one in results]


def test_a_task_holds_why_and_when_and_no_finding(account: Account, adapter: HubspotAdapter):
    [row] = tasks(account, 1)
    [result] = adapter.upsert([replace(row, is_urgent=True, link="https://caregap.example.org/Patients?key=7")])
    made = account.tables["tasks"][str(result.remote_id)]["properties"]
    assert {name: one for name, one in made.items() if name.startswith("hs_task") or name == "hs_timestamp"} == {
        "hs_task_subject": "Urgent. Outreach: offer a visit",
        "hs_task_body": "Channel: phone.\nContact between 08:00 and 20:00. Site: loc-01. Place on the list: 1.\n"
        "Reasons, after signing in: https://caregap.example.org/Patients?key=7",
        "hs_task_priority": "HIGH",
        "hs_task_type": "CALL",
        "hs_task_status": "NOT_STARTED",
        "hs_timestamp": "2027-01-04T17:00:00.000Z",
    }
    assert account.about == {result.remote_id: {row.contact_id}}
    assert "hubspot_owner_id" not in made, "staff-1 is no owner of HubSpot"


@pytest.mark.parametrize("names_rows", [True, False])
def test_one_refused_row_costs_its_own_place_whether_or_not_it_is_named(
    account: Account, adapter: HubspotAdapter, names_rows: bool
):
    account.names_rows = names_rows
    rows = tasks(account, 20)
    account.refused = {rows[7].external_id}
    found = adapter.upsert(rows)
    assert fates(found) == [("created", None)] * 7 + [("rejected", "VALIDATION_ERROR")] + [("created", None)] * 12
    assert "Jane" not in repr(found)


def test_a_task_that_lost_its_contact_on_the_way_is_completed_at_the_next_push(account: Account, adapter: HubspotAdapter):
    rows = tasks(account, 2)
    account.fails_to_associate = True
    assert fates(adapter.upsert(rows)) == [("rejected", "VALIDATION_ERROR")] * 2
    account.fails_to_associate = False
    assert fates(adapter.upsert(rows)) == [("updated", None)] * 2
    assert {one for about in account.about.values() for one in about} == {row.contact_id for row in rows}
    assert fates(adapter.upsert(rows)) == [("unchanged", None)] * 2
    assert len(account.tables["tasks"]) == 2


def test_a_state_that_the_team_set_stays(account: Account, adapter: HubspotAdapter):
    rows = tasks(account, 1)
    [made] = adapter.upsert(rows)
    account.change("tasks", str(made.remote_id), hs_task_status="IN_PROGRESS")
    assert fates(adapter.upsert([replace(rows[0], is_urgent=True)])) == [("updated", None)]
    assert account.tables["tasks"][str(made.remote_id)]["properties"]["hs_task_status"] == "IN_PROGRESS"


def test_more_than_a_hundred_ids_are_asked_for_in_parts(account: Account, adapter: HubspotAdapter):
    contacts = [account.make("contacts") for _ in range(230)]
    assert len(adapter.opt_outs([*contacts, "999999", "x"])) == 230
    assert account.calls.count("POST /crm/v3/objects/contacts/batch/read") == 3


def test_opt_outs_are_the_properties_that_the_practice_names(account: Account, serve: Callable[..., Any]):
    one = account.make("contacts", hs_email_optout="true", no_calls="true")
    other = account.make("contacts", hs_email_optout="false")
    adapter = opened(serve(account).address, opt_out_properties={"phone": ["no_calls"], "sms": ["no_calls"]})
    assert adapter.opt_outs([one, other]) == {one: {"email", "phone", "sms"}, other: frozenset()}


def test_an_archived_contact_is_known_and_not_vouched_for(account: Account, adapter: HubspotAdapter):
    one = account.make("contacts")
    account.tables["contacts"][one]["archived"] = True
    assert adapter.ids([one]) == {one: one}
    assert adapter.opt_outs([one]) == {}


def test_an_active_list_is_not_written_to(account: Account, adapter: HubspotAdapter):
    one = account.make("contacts")
    account.make_list("Recall", "DYNAMIC")
    assert fates(adapter.set_list("Recall", [one], [])) == [("rejected", "list_unknown")]
    account.make_list("Static")
    assert fates(adapter.set_list("Static", [one, "999999"], [])) == [("created", None), ("rejected", "contact_unknown")]


def test_check_asks_for_a_unique_property_and_for_who_must_not_be_called(account: Account, serve: Callable[..., Any]):
    account.properties["tasks"] = {"caregap_task_id"}
    found = opened(serve(account).address, list_name="Recall").check()
    assert [(one.is_ok, one.next_step) for one in found] == [
        (False, "Create caregap_outcome on tasks."),
        (True, ""),
        (False, "Name in opt_out_properties the property that says who must not be called."),
        (False, "Create one static list Recall of contacts."),
    ]
