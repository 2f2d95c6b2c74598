"""The levers of the conformance suite (`tests/connect/conformance.py`) on the stand-in for HubSpot."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from models.settings.connectors import Limits
from models.settings.crm_push import HubspotPush
from pipelines.connect.http import Http
from pipelines.connect.hubspot.adapter import HubspotAdapter
from pipelines.connect.secrets import Hidden
from pipelines.connect.sign_in import Bearer
from tests.connect.conftest import Request
from tests.connect.faults import FailingDoor
from tests.connect.hubspot.account import Account

LIST = "Caregap outreach"
_READING = ("read", "search")


def writes(request: Request) -> bool:
    return request.method != "GET" and request.path.rpartition("/")[2] not in _READING


def open_hubspot(place: str) -> HubspotAdapter:
    """The adapter as another process opens it. It does not wait for a busy account: the engine does."""
    limits = Limits(requests_per_minute=60_000, wait_minutes=0)
    http = Http("bench", json.loads(place), limits, Bearer(Hidden("SECRET"), "bench"))
    settings = HubspotPush(list_name=LIST, users={"staff-1": "17"}, opt_out_properties={"phone": ["no_calls"]})
    return HubspotAdapter(http, settings)


@dataclass
class HubspotBench:
    account: Account
    door: FailingDoor
    address: str
    contact_ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.contact_ids = [self.account.make("contacts", lastname="Quintanilla") for _ in range(25)]
        self.account.make_list(LIST)
        self.recipe = ("tests.connect.hubspot.bench", "open_hubspot", json.dumps(self.address))
        self.adapter = open_hubspot(self.recipe[2])

    def n_held(self, external_id: str) -> int:
        return len(self._tasks(external_id))

    def written_at(self, external_id: str) -> object:
        return self._tasks(external_id)[0]["version"]

    def is_open(self, external_id: str) -> bool:
        return any(one["properties"]["hs_task_status"] != "COMPLETED" for one in self._tasks(external_id))

    def assigned_to(self, external_id: str) -> object:
        return self._tasks(external_id)[0]["properties"]["hubspot_owner_id"]

    def listed(self, name: str) -> set[str]:
        return set(self.account.lists[name]["members"])

    def poison(self, external_id: str) -> None:
        self.account.refused.add(external_id)

    def cure(self) -> None:
        self.account.refused.clear()

    def fail(self, kind: str, times: int) -> None:
        self.door.failures += [kind] * times

    def opt_out(self, contact_id: str, channel: str) -> None:
        self.account.change("contacts", contact_id, **{"hs_email_optout" if channel == "email" else "no_calls": "true"})

    def archive(self, contact_id: str) -> None:
        self.account.tables["contacts"][contact_id]["archived"] = True

    def finish(self, external_id: str, outcome: str) -> None:
        done = {"hs_task_status": "COMPLETED", "hs_task_completion_date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}"}
        self.account.change("tasks", self._tasks(external_id)[0]["id"], caregap_outcome=outcome, **done)

    def delete(self, external_id: str) -> None:
        self._tasks(external_id)[0]["archived"] = True

    def _tasks(self, external_id: str) -> list[dict[str, object]]:
        rows = self.account.tables["tasks"].values()
        return [one for one in rows if one["properties"].get("caregap_task_id") == external_id and not one["archived"]]
