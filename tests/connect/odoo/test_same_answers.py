"""The simulator answers as Odoo does: the same requests, one after another, to both."""

import json
import re
from typing import Any

import pytest

from pipelines.connect.http import Http
from tests.connect.odoo.conftest import Crm
from tests.connect.odoo.server import Odoo
from tests.connect.odoo.simulator import OdooSimulator

_CALL = "mail.mail_activity_data_call"
_LOADED = ["id", "res_model_id/id", "res_id", "activity_type_id/id", "summary", "date_deadline"]
_READ = ["res_model", "res_id", "activity_type_id", "summary", "date_deadline", "user_id", "active", "feedback"]
_QUIET = {"mail_activity_quick_update": True}


def conversation(crm: Crm) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Account, model, method and arguments of each request; `$1` is the first id of the first answer that had ids, and so on."""
    name = crm.prefix

    def row(task: str, contact: str, summary: str = "Outreach", kind: str = _CALL) -> list[str]:
        return [f"caregap.{name}{task}", "base.model_res_partner", contact, kind, summary, "2026-12-01"]

    def load(*rows: list[str]) -> dict[str, Any]:
        return {"fields": _LOADED, "data": rows, "context": _QUIET}

    def read(domain: list[Any], fields: list[str], **more: Any) -> dict[str, Any]:
        return {"domain": domain, "fields": fields, "order": "id"} | more

    every = {"context": {"active_test": False}}
    ours = ["name", "in", [f"{name}a", f"{name}b"]]
    return [
        ("admin", "res.partner", "load", {"fields": ["id", "name"], "data": [[f"__import__.{name}", "Test Person"]]}),
        (
            "caregap",
            "ir.model.data",
            "search_read",
            read([["module", "=", "__import__"], ["name", "=", name]], ["name", "res_id"]),
        ),
        ("caregap", "mail.activity", "load", load(row("a", "$1"), row("b", "$1"))),
        ("caregap", "ir.model.data", "search_read", read([["model", "=", "mail.activity"], ours], ["name", "res_id"])),
        ("caregap", "mail.activity", "search_read", read([["id", "in", ["$2"]]], _READ)),
        ("caregap", "mail.activity", "load", load(row("a", "$1", "Changed"), row("c", "$1", kind="mail.no_such_type"))),
        ("caregap", "mail.activity", "load", load(row("a", "$1", ""))),
        ("caregap", "mail.activity", "search_read", read([["id", "=", "$2"]], _READ)),
        ("admin", "mail.activity", "action_archive", {"ids": ["$2"]}),
        ("caregap", "mail.activity", "search_read", read([["id", "=", "$2"]], _READ)),
        ("caregap", "mail.activity", "search_read", read([["id", "=", "$2"]], _READ, **every)),
        ("caregap", "mail.activity", "search_read", read(["|", ["id", "=", "$2"], ["summary", "=", "no such"]], ["id"], **every)),
        ("caregap", "mail.activity", "action_cancel", {"ids": ["$2"]}),
        ("caregap", "mail.activity", "search_read", read([["id", "=", "$2"]], ["active"], **every)),
        ("admin", "res.partner", "write", {"ids": ["$1"], "vals": {"phone": "+12025550142", "email": f"{name}@example.org"}}),
        ("caregap", "res.partner", "search", {"domain": [["id", "=", "$1"], ["is_blacklisted", "=", True]]}),
        ("admin", "mail.blacklist", "create", {"vals_list": [{"email": f"{name}@example.org"}]}),
        ("caregap", "res.partner", "search", {"domain": [["id", "=", "$1"], ["is_blacklisted", "=", True]]}),
        ("caregap", "res.partner", "search", {"domain": [["id", "=", "$1"], ["phone_sanitized", "not =like", "+%"]]}),
        ("admin", "res.partner", "action_archive", {"ids": ["$1"]}),
        ("caregap", "res.partner", "search", {"domain": [["id", "=", "$1"]]}),
        ("admin", "mail.activity", "unlink", {"ids": ["$2"]}),
        ("caregap", "ir.model.data", "search_read", read([["model", "=", "mail.activity"], ["name", "=", f"{name}a"]], ["name"])),
        ("caregap", "mail.activity", "action_cancel", {"ids": ["$2"]}),
        ("caregap", "mail.activity", "search_read", read([["no_such_field", "=", 1]], ["id"])),
        ("caregap", "no.such.model", "search_read", read([], ["id"])),
        ("caregap", "mail.activity", "no_such_method", {}),
        ("caregap", "ir.model.data", "has_access", {"operation": "read"}),
        ("without-rights", "ir.model.data", "has_access", {"operation": "read"}),
        ("without-rights", "ir.model.data", "search_read", read([], ["name"])),
        ("without-rights", "res.partner", "has_access", {"operation": "write"}),
    ]


def answers(crm: Crm) -> list[tuple[str, int, Any]]:
    """What each request is answered, without what differs by nature: ids, and the words of an error."""
    known: list[int] = []
    found = []
    for account, model, method, arguments in conversation(crm):
        written = re.sub(r'"\$(\d)"', lambda at: str(known[int(at[1]) - 1]), json.dumps(arguments))
        status, said = ask(crm.http(account), model, method, json.loads(written))
        if isinstance(said, dict) and said.get("ids"):
            known.append(said["ids"][0])
        found.append((f"{account} {model} {method}", status, plain(said, crm.prefix)))
    return found


def ask(http: Http, model: str, method: str, arguments: dict[str, Any]) -> tuple[int, Any]:
    answer = http.request("POST", f"json/2/{model}/{method}", json=arguments, accept=(403, 404, 422, 500))
    return answer.status, answer.json()


def plain(said: Any, prefix: str) -> Any:
    match said:
        case {"name": str(name), "debug": _}:
            return name
        case {"messages": messages}:
            errors = [(one["type"], one.get("record"), one.get("field")) for one in messages]
            return {"has_ids": bool(said["ids"]), "errors": errors[:1]}
        case list():
            return [plain(one, prefix) for one in said]
        case dict():
            return {name: plain(one, prefix) for name, one in said.items()}
        case str():
            return said.replace(prefix, "…")
        case bool() | None:
            return said
        case int():
            return "an id"
    return said


@pytest.mark.slow
def test_the_simulator_answers_as_odoo_does(real_odoo: Odoo, serve: Any):
    simulator = OdooSimulator()
    simulated = answers(Crm(serve(simulator).address, simulator.keys, simulator))
    assert simulated == answers(Crm(real_odoo.url, real_odoo.keys))
