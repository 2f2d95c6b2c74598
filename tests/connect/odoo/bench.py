"""The levers of the conformance suite (`tests/connect/conformance.py`) on an Odoo, real or simulated."""

import json
from dataclasses import dataclass, field
from typing import Any

from models.settings.connectors import Limits
from models.settings.crm_push import OdooPush
from pipelines.connect.http import Http
from pipelines.connect.odoo.adapter import OdooAdapter
from pipelines.connect.secrets import Hidden
from pipelines.connect.sign_in import Bearer
from tests.connect.conftest import Request
from tests.connect.faults import FailingDoor
from tests.connect.odoo.conftest import Crm, telephone

LIST = "Caregap outreach"
_WRITING = ("load", "action_cancel", "unlink")


def writes(request: Request) -> bool:
    return request.path.rpartition("/")[2] in _WRITING


def open_odoo(place: str) -> OdooAdapter:
    """The adapter as another process opens it. It does not wait for a busy Odoo: the engine does."""
    told = json.loads(place)
    limits = Limits(requests_per_minute=60_000, wait_minutes=0)
    keys = {"contact_key": "external_id", "contact_module": told["module"]}
    settings = OdooPush(list_name=LIST, users={"staff-1": "nurse.a"}, **keys)
    http = Http("bench", told["address"], limits, Bearer(Hidden(told["key"]), "bench"))
    return OdooAdapter(http, "practice", settings, told["module"])


@dataclass
class OdooBench:
    """One Odoo behind a door that fails on demand. `module` keeps its contacts and tasks apart from those of other benches."""

    crm: Crm
    door: FailingDoor
    address: str
    module: str
    contact_ids: list[str] = field(default_factory=lambda: [f"contact-{number:02}" for number in range(25)])

    def __post_init__(self) -> None:
        phones = [telephone(self.module, number) for number in range(25)]
        rows = [
            [f"{self.module}.{one}", "Marisol Quintanilla", phone, f"quintanilla@{self.module}-{one}.example.org"]
            for one, phone in zip(self.contact_ids, phones, strict=True)
        ]
        loaded = self.crm.admin("res.partner", "load", fields=["id", "name", "phone", "email"], data=rows)
        self.partners = dict(zip(self.contact_ids, loaded["ids"], strict=True))
        self.phones = dict(zip(self.contact_ids, phones, strict=True))
        if not self.crm.admin("mailing.list", "search_read", domain=[["name", "=", LIST]], fields=["id"]):
            self.crm.admin("mailing.list", "create", vals_list=[{"name": LIST}])
        place = json.dumps({"address": self.address, "key": self.crm.keys["caregap"], "module": self.module})
        self.recipe = ("tests.connect.odoo.bench", "open_odoo", place)
        self.adapter = open_odoo(place)
        self._rules: list[int] = []

    def n_held(self, external_id: str) -> int:
        return len(self._activities(external_id))

    def written_at(self, external_id: str) -> object:
        return self._activities(external_id)[0]["write_date"]

    def is_open(self, external_id: str) -> bool:
        return any(one["active"] for one in self._activities(external_id))

    def assigned_to(self, external_id: str) -> object:
        return self._activities(external_id)[0]["user_id"]

    def listed(self, name: str) -> set[str]:
        found = self.crm.admin("mailing.subscription", "search_read", domain=[["list_id.name", "=", name]], fields=["contact_id"])
        members = [["res_id", "in", [one["contact_id"][0] for one in found]], ["model", "=", "mailing.contact"]]
        named = self.crm.admin("ir.model.data", "search_read", domain=[*members, ["module", "=", self.module]], fields=["name"])
        return {one["name"].removeprefix("member_") for one in named}

    def poison(self, external_id: str) -> None:
        partner = self.partners[self.contact_ids[int(external_id.removeprefix("task-"), 16)]]
        if self.crm.simulator:
            self.crm.simulator.refuses = lambda model, values: values.get("res_id") == partner
            return
        [model] = self.crm.admin("ir.model", "search", domain=[["model", "=", "mail.activity"]])
        rule = {"name": self.module, "model_id": model, "domain_force": f"[('res_id', '!=', {partner})]", "perm_read": False}
        self._rules += self.crm.admin("ir.rule", "create", vals_list=[rule])

    def cure(self) -> None:
        if self.crm.simulator:
            self.crm.simulator.refuses = lambda model, values: False
        elif self._rules:
            self.crm.admin("ir.rule", "unlink", ids=self._rules)
            self._rules = []

    def fail(self, kind: str, times: int) -> None:
        self.door.failures += [kind] * times

    def opt_out(self, contact_id: str, channel: str) -> None:
        if channel == "email":
            address = f"quintanilla@{self.module}-{contact_id}.example.org"
            self.crm.admin("mail.blacklist", "create", vals_list=[{"email": address}])
        else:
            self.crm.admin("phone.blacklist", "create", vals_list=[{"number": self.phones[contact_id]}])

    def archive(self, contact_id: str) -> None:
        self.crm.admin("res.partner", "action_archive", ids=[self.partners[contact_id]])

    def finish(self, external_id: str, outcome: str) -> None:
        self.crm.admin("mail.activity", "action_feedback", ids=[self._activities(external_id)[0]["id"]], feedback=outcome)

    def delete(self, external_id: str) -> None:
        self.crm.admin("mail.activity", "unlink", ids=[self._activities(external_id)[0]["id"]])

    def _activities(self, external_id: str) -> list[dict[str, Any]]:
        domain = [["module", "=", self.module], ["name", "=", external_id]]
        known = self.crm.admin("ir.model.data", "search_read", domain=domain, fields=["res_id"])
        ids = [["id", "in", [one["res_id"] for one in known]]]
        fields = ["write_date", "active", "user_id"]
        return self.crm.admin("mail.activity", "search_read", domain=ids, fields=fields, context={"active_test": False})
