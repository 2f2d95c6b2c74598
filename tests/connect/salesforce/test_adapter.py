"""What a push sends to Salesforce, and what it makes of the answers that the documentation describes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from models.settings.connectors import Limits
from models.settings.crm_push import SalesforcePush
from pipelines.connect.adapter import BatchRefused, Task
from pipelines.connect.http import Http
from pipelines.connect.salesforce.adapter import SalesforceAdapter
from pipelines.connect.secrets import Hidden
from pipelines.connect.sign_in import Bearer
from pipelines.errors import ConnectionFailed
from tests.connect.conformance import task
from tests.connect.conftest import Reply
from tests.connect.salesforce.org import Org


@pytest.fixture
def org() -> Org:
    return Org()


@pytest.fixture
def adapter(org: Org, serve: Callable[..., Any]) -> SalesforceAdapter:
    return opened(serve(org).address)


def opened(address: str, **settings: Any) -> SalesforceAdapter:
    limits = Limits(requests_per_minute=60_000)
    http = Http("sf", address, limits, Bearer(Hidden("SECRET"), "sf"), sleep=lambda _: None)
    return SalesforceAdapter(http, SalesforcePush(**settings))


def tasks(org: Org, n: int) -> list[Task]:
    return [task(number, org.make("Contact")) for number in range(n)]


def fates(results: list[Any]) -> list[tuple[str, str | None]]:
    return [(str(one.fate), one.code) for one in results]


def test_a_task_holds_why_and_when_and_no_finding(org: Org, adapter: SalesforceAdapter):
    [row] = tasks(org, 1)
    adapter.upsert([replace(row, is_urgent=True, channel="phone", link="https://caregap.example.org/Patients?key=7")])
    [made] = org.tables["Task"].values()
    assert {name: made[name] for name in ("WhoId", "Subject", "ActivityDate", "Priority", "TaskSubtype", "Status")} == {
        "WhoId": row.contact_id,
        "Subject": "Urgent. Outreach: offer a visit",
        "ActivityDate": "2027-01-04",
        "Priority": "High",
        "TaskSubtype": "Call",
        "Status": "Not Started",
    }
    assert made["Description"] == (
        "Channel: phone.\nContact between 08:00 and 20:00. Site: loc-01. Place on the list: 1.\nReasons, after signing in: https://caregap.example.org/Patients?key=7"
    )
    assert made["OwnerId"] == "005000000000001AAA", "staff-1 is no user of Salesforce, so the task stays with the account's own"


def test_a_change_sends_what_differs_and_neither_state_nor_kind(org: Org, adapter: SalesforceAdapter):
    rows = tasks(org, 1)
    adapter.upsert(rows)
    [made] = org.tables["Task"].values()
    org.change("Task", made["Id"], Status="In Progress")
    assert fates(adapter.upsert([replace(rows[0], is_urgent=True, channel="email")])) == [("updated", None)]
    assert (made["Status"], made["TaskSubtype"], made["Priority"]) == ("In Progress", "Call", "High")


def test_a_locked_row_may_be_sent_again_and_a_refused_one_names_its_code(org: Org, adapter: SalesforceAdapter):
    rows = tasks(org, 3)
    org.refused = {rows[0].external_id: "UNABLE_TO_LOCK_ROW", rows[1].external_id: "FIELD_CUSTOM_VALIDATION_EXCEPTION"}
    found = adapter.upsert(rows)
    assert fates(found) == [
        ("retryable", "UNABLE_TO_LOCK_ROW"),
        ("rejected", "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        ("created", None),
    ]
    assert "Jane" not in repr(found)


def test_more_than_200_rows_go_as_one_bulk_job(org: Org, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _: None)
    adapter = opened(serve(org).address, rows_at_once=1000)
    rows = tasks(org, 250)
    org.refused = {rows[7].external_id: "FIELD_CUSTOM_VALIDATION_EXCEPTION", rows[8].external_id: "UNABLE_TO_LOCK_ROW"}
    found = fates(adapter.upsert(rows))
    assert found[7:9] == [("rejected", "FIELD_CUSTOM_VALIDATION_EXCEPTION"), ("retryable", "UNABLE_TO_LOCK_ROW")]
    assert found.count(("created", None)) == 248
    assert org.calls.count("POST jobs/ingest") == 1
    assert not [one for one in org.calls if one.startswith("PATCH composite")]
    assert fates(adapter.upsert(rows)).count(("unchanged", None)) == 248


def test_a_queried_page_leads_to_the_next(org: Org, adapter: SalesforceAdapter):
    org.page = 7
    rows = tasks(org, 20)
    adapter.upsert(rows)
    assert len(adapter.standing([row.external_id for row in rows])) == 20
    assert len(adapter.outcomes(None).rows) == 20


def test_an_id_of_15_characters_is_the_same_contact(org: Org, adapter: SalesforceAdapter):
    contact = org.make("Contact", DoNotCall=True)
    assert adapter.ids([contact[:15], "x' OR Name != '"]) == {contact[:15]: contact}
    assert adapter.opt_outs([contact[:15]]) == {contact[:15]: {"phone", "sms"}}


def test_an_opt_out_that_the_account_may_not_see_stops_the_push(org: Org, adapter: SalesforceAdapter):
    org.without = frozenset({"DoNotCall"})
    with pytest.raises(ConnectionFailed, match=r"sf: Contact cannot be read \(INVALID_FIELD\)"):
        adapter.opt_outs([org.make("Contact")])


def test_a_member_who_responded_stays_on_the_campaign(org: Org, adapter: SalesforceAdapter):
    campaign, contact = org.make("Campaign", Name="Recall"), org.make("Contact")
    assert fates(adapter.set_list("Recall", [contact, "003000000000000AAA"], [])) == [
        ("created", None),
        ("rejected", "contact_unknown"),
    ]
    [member] = org.tables["CampaignMember"].values()
    assert member["CampaignId"] == campaign
    org.change("CampaignMember", member["Id"], HasResponded=True)
    assert fates(adapter.set_list("Recall", [], [contact])) == [("unchanged", None)]
    assert fates(adapter.set_list("no such campaign", [contact], [])) == [("rejected", "list_unknown")]


def test_a_call_that_is_refused_as_a_whole_is_told_by_its_code(org: Org, serve: Callable[..., Any]):
    def refusing(asked: Any) -> Reply:
        if asked.method == "PATCH":
            return Reply(400, [{"message": "Jane Doe", "errorCode": "MALFORMED_ID"}])
        return org(asked)

    with pytest.raises(BatchRefused) as refused:
        opened(serve(refusing).address).upsert(tasks(org, 2))
    assert refused.value.code == "MALFORMED_ID"


def test_check_names_the_field_that_is_not_there(org: Org, serve: Callable[..., Any]):
    org.without = frozenset({"Caregap_Task__c"})
    found = opened(serve(org).address, list_name="Recall").check()
    assert [(one.what, one.is_ok) for one in found] == [
        ("permitted: Task", True),
        ("permitted: Contact", True),
        ("mapped: Caregap_Task__c", False),
        ("mapped: campaign Recall", False),
    ]


def test_a_job_that_takes_longer_than_the_minutes_of_the_settings_is_left_to_the_next_push(
    org: Org, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    """The library would ask for a day. Here each question takes a minute by the clock, and two minutes are allowed."""
    monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _: None)
    minutes = iter(range(10_000))

    def slow(asked: Any) -> Reply:
        if asked.method == "GET" and asked.path.startswith("/services/data/v64.0/jobs/ingest/"):
            return Reply(200, {"id": asked.path.rpartition("/")[2], "state": "InProgress"})
        return org(asked)

    limits = Limits(requests_per_minute=60_000, wait_minutes=30)
    http = Http("sf", serve(slow).address, limits, Bearer(Hidden("SECRET"), "sf"), clock=lambda: 60.0 * next(minutes))
    adapter = SalesforceAdapter(http, SalesforcePush(rows_at_once=1000))
    assert set(fates(adapter.upsert(tasks(org, 201)))) == {("retryable", "busy")}
    assert next(minutes) < 500


def test_a_job_that_salesforce_gives_up_is_sent_again_and_its_reason_is_not_kept(
    org: Org, serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("simple_salesforce.bulk2.sleep", lambda _: None)

    def failing(asked: Any) -> Reply:
        if asked.method == "GET" and asked.path.startswith("/services/data/v64.0/jobs/ingest/"):
            return Reply(200, {"state": "Failed", "errorMessage": "InvalidBatch : Jane Doe +12125550100"})
        return org(asked)

    found = opened(serve(failing).address, rows_at_once=1000).upsert(tasks(org, 201))
    assert set(fates(found)) == {("retryable", "JOB_FAILED")}
    assert "Jane" not in repr(found)


@pytest.mark.parametrize("content", [b"<html>Jane Doe</html>", {"records": [{"Id": 1}]}, [1], b"\xff\xfe"])
def test_an_answer_that_is_none_of_salesforces_is_refused_without_a_word_of_it(content: Any, serve: Callable[..., Any]):
    adapter = opened(serve(lambda _: Reply(200, content)).address)
    with pytest.raises(ConnectionFailed) as failed:
        adapter.ids(["003000000000000AAA"])
    assert "Jane" not in str(failed.value)
    assert failed.value.__suppress_context__


def test_the_library_logs_and_says_nothing_of_what_it_carries(
    org: Org, adapter: SalesforceAdapter, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    row = tasks(org, 1)[0]
    adapter.upsert([row])
    adapter.opt_outs([row.contact_id])
    said = caplog.text
    assert not [one for one in (row.external_id, row.contact_id, "SECRET", "Outreach") if one in said]
