"""Pulls from HubSpot and Salesforce, as far as stand-ins show them: what comes, what was deleted, and what they refuse."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from pipelines.home import Home
from tests.conftest import caregap
from tests.connect.conftest import Reply, Request, Server
from tests.connect.crm_servers import Hubspot, Salesforce

Serve = Callable[[Callable[[Request], Reply]], Server]


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_SECRET", "SECRET")


def connect(folder: Path, kind: str, address: str, sign_in: str, pull: str = "") -> Home:
    (folder / "connectors.toml").write_text(
        f"[hub]\nkind = '{kind}'\naddress = '{address}'\nsource = 'crm'\nlimits = {{ requests_per_minute = 60000 }}\n"
        f"[hub.sign_in]\n{sign_in}\n[hub.pull]\nlookback_minutes = 10\n{pull}\n"
    )
    return Home(folder)


def hubspot(folder: Path, server: Hubspot, serve: Serve) -> Home:
    return connect(folder, "hubspot", serve(server).address, 'token = { env = "CRM_SECRET" }')


def salesforce(folder: Path, server: Salesforce, serve: Serve, pull: str = "") -> Home:
    server.address = serve(server).address
    return connect(folder, "salesforce", server.address, 'client_id = "c"\nclient_secret = { env = "CRM_SECRET" }', pull)


def pulled(home: Home, expected: int = 0, *options: str) -> Any:
    done = caregap(home, "connect", "pull", "--json", *options)
    assert done.returncode == expected, done.stderr
    for word in ("SECRET", "Zimmermann", "token1"):
        assert word not in done.stdout + done.stderr + (home.root / "connect" / "harbor" / "hub.pull.json").read_text()
    found = json.loads(done.stdout)
    return found["failed"]["hub"]["reason"] if expected else found["pulled"][0]


def landed(home: Home) -> dict[str, tuple[str, int, int]]:
    """By extract: the status, and rows landed and superseded."""
    done = caregap(home, "ingest", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, tuple[str, int, int]] = {}
    for one in json.loads(done.stdout)["files"]:
        _, n, m = found.get(one["extract"], ("", 0, 0))
        found[one["extract"]] = (one["status"], n + one["n_landed"], m + one["n_superseded"])
    return found


def rows(folder: Path, delivery: str, name: str) -> list[dict[str, str]]:
    with (folder / "crm" / delivery / name).open(newline="") as file:
        return list(csv.DictReader(file))


def contact(n: int, minute: int = 0, **more: str) -> dict[str, Any]:
    at = f"2026-03-01T10:{minute:02}:00.000Z"
    properties = {"firstname": "Ana", "lastname": f"Zimmermann{n}", "email": f"a{n}@example.org", "date_of_birth": "1960-05-04"}
    properties |= {"createdate": "2026-01-01T00:00:00Z", "lastmodifieddate": at, "hs_object_id": str(n), "hs_email_optout": ""}
    return {"id": str(n), "properties": properties | more}


def test_hubspot_contacts_come_by_list_then_by_search_and_land_by_the_shipped_layout(practice_folder: Path, serve: Serve):
    server = Hubspot([contact(n, n) for n in range(1, 6)], page=2)
    home = hubspot(practice_folder, server, serve)
    assert pulled(home)["n_rows"] == {"contacts": 5}
    assert server.searches == []
    server.contacts[1] = contact(2, 30, lastname='Zimmermann, Özil "x"\nb')
    server.contacts.append(contact(9, 31))
    assert pulled(home)["n_rows"] == {"contacts": 2}
    assert pulled(home)["delivery"] is None
    assert landed(home) == {"contacts": ("landed", 6, 1)}


def test_no_search_in_hubspot_is_paged_because_it_would_end_at_ten_thousand_rows(practice_folder: Path, serve: Serve):
    server = Hubspot([contact(1, 0)])
    home = hubspot(practice_folder, server, serve)
    pulled(home)
    server.contacts = [contact(n, 30) for n in range(1, 351)]
    assert pulled(home)["n_rows"] == {"contacts": 350}
    assert all("after" not in one for one in server.searches)


def test_an_archived_contact_is_a_deletion_unless_they_had_opted_out(practice_folder: Path, serve: Serve):
    server = Hubspot([contact(1), contact(2), contact(3, hs_email_optout="true")])
    home = hubspot(practice_folder, server, serve)
    pulled(home)
    server.archived = [one | {"archivedAt": "2026-03-02T08:00:00.000Z"} for one in server.contacts[1:]]
    server.contacts = server.contacts[:1]
    delivery = pulled(home)["delivery"]
    assert rows(practice_folder, delivery, "deleted.csv") == [
        {"extract": "contacts", "row_id": "2", "deleted_at": "2026-03-02T08:00:00.000Z"}
    ]
    assert landed(home)["contacts"][1] == 2
    assert pulled(home)["delivery"] is None


def test_what_is_erased_for_good_is_a_deletion_at_the_next_pull_of_all(practice_folder: Path, serve: Serve):
    """Contact 2 is erased, which HubSpot tells nobody; it is not among those of a pull of all there is. Contact 9 came later."""
    server = Hubspot([contact(n, n) for n in range(1, 6)])
    home = hubspot(practice_folder, server, serve)
    pulled(home)
    server.contacts.append(contact(9, 31))
    pulled(home)
    del server.contacts[1]
    assert pulled(home)["delivery"] is None
    delivery = pulled(home, 0, "--full")["delivery"]
    assert [one["row_id"] for one in rows(practice_folder, delivery, "deleted.csv")] == ["2"]
    assert not (practice_folder / "crm" / pulled(home, 0, "--full")["delivery"] / "deleted.csv").exists(), "once"
    server.contacts.append(contact(2, 40))
    pulled(home)
    del server.contacts[0]
    delivery = pulled(home, 0, "--full")["delivery"]
    assert [one["row_id"] for one in rows(practice_folder, delivery, "deleted.csv")] == ["1"]


def test_contacts_that_an_account_does_not_see_any_more_are_not_taken_for_deleted(practice_folder: Path, serve: Serve):
    """Of 30 contacts 12 are missing: more than ten, and more than a fifth."""
    server = Hubspot([contact(n, n) for n in range(1, 31)])
    home = hubspot(practice_folder, server, serve)
    pulled(home)
    server.contacts = server.contacts[12:]
    assert "12 of 30 contacts are not there any more" in pulled(home, 14, "--full")
    settings = practice_folder / "connectors.toml"
    settings.write_text(settings.read_text().replace("[hub.pull]\n", "[hub.pull]\nmost_gone_share = 0.5\n"))
    delivery = pulled(home, 0, "--full")["delivery"]
    assert len(rows(practice_folder, delivery, "deleted.csv")) == 12


def test_a_busy_hubspot_is_waited_for_and_a_refusing_one_is_told(practice_folder: Path, serve: Serve):
    limit = {"status": "error", "errorType": "RATE_LIMIT", "message": "SECRET", "policyName": "TEN_SECONDLY_ROLLING"}
    server = Hubspot([contact(1)], instead=[Reply(429, limit, {"Retry-After": "0.01"})])
    home = hubspot(practice_folder, server, serve)
    pulled(home)
    server.instead = [Reply(403, {"category": "MISSING_SCOPES", "message": "Zimmermann"})]
    assert "not permitted to this account (HTTP 403)" in pulled(home, expected=14)


def test_hubspot_answers_of_another_shape_are_refused(practice_folder: Path, serve: Serve):
    for said in ({"results": "Zimmermann"}, {"results": [{"id": 7}]}, {"results": [{"id": "7", "properties": []}]}, [], {}):
        server = Hubspot([], instead=[Reply(200, said)])
        assert "as it should be" in pulled(hubspot(practice_folder, server, serve), expected=14)


def sf_contact(n: int, minute: int = 0, **more: str) -> dict[str, str]:
    at = f"2026-03-01T10:{minute:02}:00.000Z"
    row = {"Id": f"003R0000000000{n}AAA", "FirstName": "Ana", "LastName": f"Zimmermann{n}", "Email": "a@example.org"}
    row |= {"Birthdate": "1960-05-04", "DoNotCall": "false", "HasOptedOutOfEmail": "false", "IsDeleted": "false"}
    return row | {"MasterRecordId": "", "CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at} | more


def test_salesforce_contacts_come_page_by_page_and_deletions_take_them_away(practice_folder: Path, serve: Serve):
    server = Salesforce({"Contact": [sf_contact(n, n) for n in range(1, 6)]}, polls=["InProgress"])
    home = salesforce(practice_folder, server, serve)
    assert pulled(home)["n_rows"] == {"contacts": 5}
    assert "WHERE" not in server.queries[0]
    assert "MRN__c" not in server.queries[0]
    assert server.running == {}
    server.objects["Contact"][2] |= {"IsDeleted": "true", "SystemModstamp": "2026-03-02T08:00:00.000Z"}
    server.objects["Contact"][3] |= {"IsDeleted": "true", "DoNotCall": "true", "SystemModstamp": "2026-03-02T08:00:00.000Z"}
    assert pulled(home)["n_rows"] == {"contacts": 1, "deleted": 1}
    assert server.queries[1].endswith("WHERE SystemModstamp >= 2026-03-01T09:55:00Z")
    assert landed(home)["contacts"][1] == 4
    assert pulled(home)["delivery"] is None


def test_a_contact_that_left_the_recycle_bin_too_is_a_deletion_at_the_next_pull_of_all(practice_folder: Path, serve: Serve):
    server = Salesforce({"Contact": [sf_contact(n, n) for n in range(1, 4)]})
    home = salesforce(practice_folder, server, serve)
    pulled(home)
    gone = server.objects["Contact"].pop(1)
    delivery = pulled(home, 0, "--full")["delivery"]
    assert [one["row_id"] for one in rows(practice_folder, delivery, "deleted.csv")] == [gone["Id"]]


def test_every_object_lands_by_the_shipped_layouts(practice_folder: Path, serve: Serve):
    at = "2026-03-01T10:00:00.000Z"
    changed = {"CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at, "IsDeleted": "false"}
    task = {
        "Id": "00TR00000000001AAA",
        "WhoId": sf_contact(1)["Id"],
        "OwnerId": "005",
        "Subject": "Call",
        "ActivityDate": "2026-03-05",
    }
    task |= {"Status": "Open", "TaskSubtype": "Call", "CompletedDateTime": ""} | changed
    campaign = {"Id": "701R00000000001AAA", "Name": "Recall", "Type": "Email", "Status": "Planned", "StartDate": "2026-03-01"}
    campaign |= {"EndDate": "", "ActualCost": ""} | changed
    member = {"CampaignId": campaign["Id"], "ContactId": sf_contact(1)["Id"], "Status": "Sent", "HasResponded": "false"} | changed
    server = Salesforce(
        {
            "Contact": [sf_contact(1)],
            "Task": [task, task | {"WhoId": "00QR00000000001AAA", "Id": "00TR00000000002AAA"}],
            "Campaign": [campaign],
            "CampaignMember": [{"Id": "00v"} | member, {"Id": "00w"} | member | {"ContactId": ""}],
        }
    )
    home = salesforce(
        practice_folder, server, serve, 'extracts = ["contacts", "outreach_tasks", "campaigns", "campaign_members"]'
    )
    pulled(home)
    assert landed(home) == dict.fromkeys(("contacts", "outreach_tasks", "campaigns", "campaign_members"), ("landed", 1, 0))
    done = caregap(home, "connect", "check")
    assert done.returncode == 0
    assert "mapped: Task as outreach_tasks" in done.stdout


def test_a_query_in_salesforce_is_gone_on_with_after_a_failure(practice_folder: Path, serve: Serve):
    server = Salesforce({"Contact": [sf_contact(n, n) for n in range(1, 6)]})
    home = salesforce(practice_folder, server, serve)
    results: list[str] = []

    def answer(asked: Request) -> Reply:
        if asked.path.endswith("/results"):
            results.append(asked.query.get("locator", "0"))
            if len(results) == 2:
                return Reply(500, b"SECRET")
        return server(asked)

    home = connect(
        practice_folder, "salesforce", serve(answer).address, 'client_id = "c"\nclient_secret = { env = "CRM_SECRET" }'
    )
    assert "HTTP 500" in pulled(home, expected=14)
    again = pulled(home)
    assert (again["is_resumed"], again["n_rows"], results) == (True, {"contacts": 5}, ["0", "2", "2", "4"])
    assert len(server.queries) == 1


@pytest.mark.parametrize(
    ("place", "reply", "said"),
    [
        ("/describe", Reply(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "SECRET"}]), "REQUEST_LIMIT_EXCEEDED"),
        ("/describe", Reply(404, [{"errorCode": "NOT_FOUND"}]), "Check address and api_version"),
        ("/jobs/query", Reply(400, [{"errorCode": "INVALIDENTITY", "message": "Zimmermann"}]), "HTTP 400, INVALIDENTITY"),
        ("/jobs/query", Reply(200, {"id": "../../etc"}), "none of Salesforce's"),
        ("/results", Reply(200, b'"Id"\n"x"\n', {"Sforce-Locator": "null"}), "other columns"),
        ("/results", Reply(200, b"\xff\xfe\x00", {"Sforce-Locator": "null"}), "not answered by CSV"),
        ("/results", Reply(200, b"", {"Sforce-NumberOfRecords": "4"}), "0 rows of contacts came instead of 4"),
    ],
)
def test_what_salesforce_refuses_is_told_by_its_code(practice_folder: Path, serve: Serve, place: str, reply: Reply, said: str):
    server = Salesforce({"Contact": [sf_contact(1)]}, instead={place: [reply]})
    assert said in pulled(salesforce(practice_folder, server, serve), expected=14)


def test_salesforce_takes_a_signed_assertion_too(practice_folder: Path, serve: Serve):
    key = RSAKey.generate_key(2048)
    (practice_folder / "key.pem").write_bytes(key.as_pem(private=True))
    (practice_folder / "key.pem").chmod(0o600)
    server = Salesforce({"Contact": [sf_contact(1)]})
    server.address = serve(server).address
    sign_in = 'client_id = "c"\nusername = "u@example.org"\nprivate_key = { file = "key.pem" }'
    pulled(connect(practice_folder, "salesforce", server.address, sign_in))
    assert server.tokens[0]["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"


def test_a_wrong_secret_is_told_without_it(practice_folder: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CRM_SECRET", "SECRET-of-another")
    server = Salesforce({"Contact": [sf_contact(1)]})
    assert "HTTP 400, invalid_client" in pulled(salesforce(practice_folder, server, serve), expected=14)
