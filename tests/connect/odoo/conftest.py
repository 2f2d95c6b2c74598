"""The databases that every test of the adapter runs on: the simulator, and Odoo where it is installed (`make setup-odoo`)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any
from uuid import uuid4

import pytest

from models.settings.connectors import Limits
from models.settings.crm_push import OdooPush
from pipelines.connect.adapter import Task
from pipelines.connect.http import Http
from pipelines.connect.odoo.adapter import OdooAdapter
from pipelines.connect.odoo.api import OdooApi
from pipelines.connect.secrets import Hidden
from pipelines.connect.sign_in import Bearer
from tests.connect.odoo.server import Odoo, OdooUnavailable, running_odoo
from tests.connect.odoo.simulator import OdooSimulator


@dataclass
class Crm:
    """A database, as its administrator and as the connection see it. `prefix` keeps a test's rows apart from others'."""

    url: str
    keys: dict[str, str]
    simulator: OdooSimulator | None = None
    prefix: str = field(default_factory=lambda: uuid4().hex[:8])
    clients: dict[str, Http] = field(default_factory=dict, repr=False)

    def http(self, account: str = "caregap") -> Http:
        """The account's client; making one costs 0.1 s."""
        key = self.keys[account]
        if key not in self.clients:
            self.clients[key] = self.client(account)
        return self.clients[key]

    def client(self, account: str = "caregap") -> Http:
        limits = Limits(requests_per_minute=60_000, timeout_seconds=60)
        return Http("crm", self.url, limits, Bearer(Hidden(self.keys[account]), "crm"), sleep=lambda _: None)

    def adapter(self, account: str = "caregap", **settings: Any) -> OdooAdapter:
        return OdooAdapter(self.http(account), "practice", OdooPush(**({"contact_key": "external_id"} | settings)))

    def admin(self, model: str, method: str, **arguments: Any) -> Any:
        """What a person at the practice does in Odoo."""
        return OdooApi(self.http("admin"), "practice").call(model, method, **arguments)

    def contact(self, number: int) -> str:
        return f"{self.prefix}-c{number}"

    def add_contacts(self, *numbers: int) -> dict[int, int]:
        """Contacts with a number and an address of their own; the database id of each."""
        rows = [
            [
                f"__import__.{self.contact(one)}",
                f"Test Person {one}",
                telephone(self.prefix, one),
                f"{self.contact(one)}@example.org",
            ]
            for one in numbers
        ]
        loaded = self.admin("res.partner", "load", fields=["id", "name", "phone", "email"], data=rows)
        return dict(zip(numbers, loaded["ids"], strict=True))

    def task(self, number: int, **more: Any) -> Task:
        given: dict[str, Any] = {
            "external_id": f"{self.prefix}-t{number}",
            "contact_id": self.contact(number),
            "reason": "care_gap",
            "channel": "phone",
            "due_on": date(2026, 12, 1),
            "is_urgent": False,
            "priority_rank": number,
            "contact_from": time(8),
            "contact_until": time(20, 30),
            "link": f"https://caregap.example.org/Patients?key={number}&tab=care",
            "assigned_to": "nurse.a",
        }
        return Task(**(given | more))

    def activity(self, task: Task) -> dict[str, Any]:
        """The activity of a task as the administrator reads it."""
        known = self.admin("ir.model.data", "search_read", domain=[["name", "=", task.external_id]], fields=["res_id"])
        fields = ["res_id", "activity_type_id", "summary", "note", "date_deadline", "user_id", "active", "write_date", "feedback"]
        domain = [["id", "in", [one["res_id"] for one in known]]]
        found = self.admin("mail.activity", "search_read", domain=domain, fields=fields, context={"active_test": False})
        assert len(found) <= 1
        return dict(found[0]) if found else {}


def telephone(prefix: str, number: int) -> str:
    """A number that Odoo takes for a real one; each prefix has its own ten thousand, as nearly as there are."""
    some = int(prefix[-6:], 16)
    return f"+1202{220 + some % 80}{(some // 80 + number) % 10_000:04}"


@pytest.fixture(scope="session")
def real_odoo() -> Iterator[Odoo]:
    """An Odoo of this test run, with a database of its own."""
    try:
        with running_odoo() as odoo:
            yield odoo
    except OdooUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.slow)])
def crm(request: pytest.FixtureRequest, serve: Callable[..., Any]) -> Crm:
    if request.param == "real":
        odoo: Odoo = request.getfixturevalue("real_odoo")
        return Crm(odoo.url, odoo.keys)
    simulator = OdooSimulator()
    return Crm(serve(simulator).address, simulator.keys, simulator)
