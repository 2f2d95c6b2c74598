"""The levers of the conformance suite (`tests/connect/conformance.py`) on the stand-in for Salesforce."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from models.settings.connectors import Limits
from models.settings.crm_push import SalesforcePush
from pipelines.connect.http import Http
from pipelines.connect.salesforce.adapter import SalesforceAdapter
from pipelines.connect.secrets import Hidden
from pipelines.connect.sign_in import Bearer
from tests.connect.conftest import Request
from tests.connect.faults import FailingDoor
from tests.connect.salesforce.org import Org

LIST = "Caregap outreach"
USER = "005000000000017AAA"


def writes(request: Request) -> bool:
    return request.method != "GET"


def open_salesforce(place: str) -> SalesforceAdapter:
    """The adapter as another process opens it. It does not wait for a busy org: the engine does."""
    limits = Limits(requests_per_minute=60_000, wait_minutes=0)
    http = Http("bench", json.loads(place), limits, Bearer(Hidden("SECRET"), "bench"))
    return SalesforceAdapter(http, SalesforcePush(list_name=LIST, users={"staff-1": USER}))


@dataclass
class SalesforceBench:
    org: Org
    door: FailingDoor
    address: str
    contact_ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contact_ids = [self.org.make("Contact", LastName="Quintanilla") for _ in range(25)]
        self.org.make("Campaign", Name=LIST)
        self.recipe = ("tests.connect.salesforce.bench", "open_salesforce", json.dumps(self.address))
        self.adapter = open_salesforce(self.recipe[2])

    def n_held(self, external_id: str) -> int:
        return len(self._tasks(external_id))

    def written_at(self, external_id: str) -> object:
        return self._tasks(external_id)[0]["version"]

    def is_open(self, external_id: str) -> bool:
        return any(not one["IsClosed"] for one in self._tasks(external_id))

    def assigned_to(self, external_id: str) -> object:
        return self._tasks(external_id)[0]["OwnerId"]

    def listed(self, name: str) -> set[str]:
        return {one["ContactId"] for one in self.org.tables["CampaignMember"].values() if not one["IsDeleted"]}

    def poison(self, external_id: str) -> None:
        self.org.refused[external_id] = "FIELD_CUSTOM_VALIDATION_EXCEPTION"

    def cure(self) -> None:
        self.org.refused.clear()

    def fail(self, kind: str, times: int) -> None:
        self.door.failures += [kind] * times

    def opt_out(self, contact_id: str, channel: str) -> None:
        self.org.change("Contact", contact_id, **{"HasOptedOutOfEmail" if channel == "email" else "DoNotCall": True})

    def archive(self, contact_id: str) -> None:
        self.org.tables["Contact"][contact_id]["IsDeleted"] = True

    def finish(self, external_id: str, outcome: str) -> None:
        done = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"
        task = self._tasks(external_id)[0]["Id"]
        self.org.change("Task", task, IsClosed=True, Status="Completed", CallDisposition=outcome, CompletedDateTime=done)

    def delete(self, external_id: str) -> None:
        self._tasks(external_id)[0]["IsDeleted"] = True

    def _tasks(self, external_id: str) -> list[dict[str, object]]:
        rows = self.org.tables["Task"].values()
        return [one for one in rows if one["Caregap_Task__c"] == external_id and not one["IsDeleted"]]
