"""The stand-ins for HubSpot as hubspot-api-client sees them: HubSpot's own client, made from its API's description, checks that
each answer has what the description requires. What it does not accept, no adapter may be tried against."""

from collections.abc import Callable
from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm.associations.v4.models import (
    BatchInputPublicDefaultAssociationMultiPost,
    BatchInputPublicFetchAssociationsBatchRequest,
    PublicDefaultAssociationMultiPost,
    PublicFetchAssociationsBatchRequest,
    PublicObjectId,
)
from hubspot.crm.lists.exceptions import NotFoundException as ListNotFound
from hubspot.crm.lists.models import MembershipChangeRequest
from hubspot.crm.objects.exceptions import ApiException, UnauthorizedException
from hubspot.crm.objects.models import (
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchInputSimplePublicObjectId,
    BatchReadInputSimplePublicObjectId,
    Filter,
    FilterGroup,
    PublicObjectSearchRequest,
    SimplePublicObjectBatchInputUpsert,
    SimplePublicObjectId,
)

from tests.connect.crm_servers import Hubspot
from tests.connect.hubspot.account import Account

OURS = "caregap_task_id"


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def client(account: Account, serve: Callable[..., Any]) -> HubSpot:
    return HubSpot(access_token="SECRET", host=serve(account).address, client_side_validation=True)


def upsert(client: HubSpot, *external_ids: str) -> Any:
    inputs = [
        SimplePublicObjectBatchInputUpsert(
            id=one, id_property=OURS, object_write_trace_id=one, properties={OURS: one, "hs_task_status": "NOT_STARTED"}
        )
        for one in external_ids
    ]
    return client.crm.objects.batch_api.upsert("tasks", BatchInputSimplePublicObjectBatchInputUpsert(inputs))


def test_tasks_are_made_once_and_changed_after_that(account: Account, client: HubSpot):
    made = upsert(client, "t-1", "t-2")
    assert [(one.object_write_trace_id, one.new) for one in made.results] == [("t-1", True), ("t-2", True)]
    assert [one.new for one in upsert(client, "t-1").results] == [False]
    assert len(account.tables["tasks"]) == 2


def test_a_batch_that_is_refused_in_part_names_the_row(account: Account, client: HubSpot):
    account.refused = {"t-2"}
    found = upsert(client, "t-1", "t-2", "t-3")
    assert [one.object_write_trace_id for one in found.results] == ["t-1", "t-3"]
    assert [(one.category, one.context["objectWriteTraceId"]) for one in found.errors] == [("VALIDATION_ERROR", ["t-2"])]


def test_a_batch_that_is_refused_whole_is_an_error_with_its_category(account: Account, client: HubSpot):
    account.refused, account.names_rows = {"t-2"}, False
    with pytest.raises(ApiException) as refused:
        upsert(client, "t-1", "t-2")
    assert refused.value.status == 400
    assert '"category": "VALIDATION_ERROR"' in refused.value.body


def test_tasks_are_read_by_our_property_and_who_is_not_there_is_named(account: Account, client: HubSpot):
    upsert(client, "t-1")
    asked = BatchReadInputSimplePublicObjectId(
        id_property=OURS,
        properties=[OURS],
        properties_with_history=[],
        inputs=[SimplePublicObjectId("t-1"), SimplePublicObjectId("t-9")],
    )
    found = client.crm.objects.batch_api.read("tasks", asked, archived=False)
    assert [one.properties[OURS] for one in found.results] == ["t-1"]
    assert [one.context["ids"] for one in found.errors] == [["t-9"]]


def test_a_task_is_tied_to_its_contact_and_archived(account: Account, client: HubSpot):
    contact = account.make("contacts")
    [task] = upsert(client, "t-1").results
    pair = PublicDefaultAssociationMultiPost(_from=PublicObjectId(task.id), to=PublicObjectId(contact))
    associations = client.crm.associations.v4.batch_api
    tied = associations.create_default("tasks", "contacts", BatchInputPublicDefaultAssociationMultiPost([pair]))
    assert [(one._from.id, one.to.id) for one in tied.results] == [(task.id, contact)]
    asked = BatchInputPublicFetchAssociationsBatchRequest([PublicFetchAssociationsBatchRequest(id=task.id)])
    [about] = associations.get_page("tasks", "contacts", asked).results
    assert (about._from.id, [str(one.to_object_id) for one in about.to]) == (task.id, [contact])
    client.crm.objects.batch_api.archive("tasks", BatchInputSimplePublicObjectId([SimplePublicObjectId(task.id)]))
    assert account.tables["tasks"][task.id]["archived"]


def test_a_list_is_found_by_name_and_tells_whom_it_took(account: Account, client: HubSpot):
    account.make_list("Caregap outreach")
    one = account.make("contacts")
    found = client.crm.lists.lists_api.get_by_name("Caregap outreach", "0-1").list
    assert found.processing_type == "MANUAL"
    change = MembershipChangeRequest(record_ids_to_add=[one, "999999"], record_ids_to_remove=[])
    told = client.crm.lists.memberships_api.add_and_remove(found.list_id, change)
    assert (told.records_ids_added, told.record_ids_removed, told.record_ids_missing) == ([one], [], ["999999"])
    with pytest.raises(ListNotFound, match="OBJECT_NOT_FOUND"):
        client.crm.lists.lists_api.get_by_name("none such", "0-1")


def test_properties_say_whether_their_values_are_unique(client: HubSpot):
    found = {one.name: one.has_unique_value for one in client.crm.properties.core_api.get_all("tasks").results}
    assert found == {"caregap_task_id": True, "caregap_outcome": False}


def test_a_token_that_is_none_is_refused(account: Account, serve: Callable[..., Any]):
    with pytest.raises(UnauthorizedException):
        upsert(HubSpot(access_token="other", host=serve(account).address, client_side_validation=True), "t-1")


def test_contacts_are_listed_page_by_page_and_searched_by_change(serve: Callable[..., Any]):
    contacts = [
        {"id": str(n), "properties": {"lastname": f"Zimmermann{n}", "lastmodifieddate": f"2026-03-0{n}T00:00:00.000Z"}}
        for n in range(1, 6)
    ]
    account = Hubspot(contacts=contacts, archived=[{**contacts[0], "archivedAt": "2026-03-09T00:00:00.000Z"}], page=2)
    client = HubSpot(access_token="SECRET", host=serve(account).address, client_side_validation=True)
    assert [one.id for one in client.crm.objects.get_all("contacts", properties=["lastname"])] == ["1", "2", "3", "4", "5"]
    [archived] = client.crm.objects.get_all("contacts", archived=True)
    assert f"{archived.archived_at:%Y-%m-%d}" == "2026-03-09"
    rules = [
        Filter(property_name="lastmodifieddate", operator="GTE", value="1772496000000"),  # 2026-03-03
        Filter(property_name="hs_object_id", operator="GT", value="3"),
    ]
    asked = PublicObjectSearchRequest(
        filter_groups=[FilterGroup(filters=rules)],
        sorts=[{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        properties=["lastname"],
        limit=100,
    )
    assert [one.id for one in client.crm.objects.search_api.do_search("contacts", asked).results] == ["4", "5"]
