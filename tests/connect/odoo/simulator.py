"""The part of Odoo's JSON API that the adapter uses, in memory: what a loopback server of tests/connect/conftest.py answers.

It stands for a real Odoo where that would take minutes to install. `test_same_answers.py` asks both the same, and compares.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.connect.conftest import Reply, Request

Row = dict[str, Any]
LINKS = {
    "activity_type_id": "mail.activity.type",
    "user_id": "res.users",
    "contact_id": "mailing.contact",
    "list_id": "mailing.list",
    "res_model_id": "ir.model",
    "state_id": "res.country.state",
}
EMPTY: dict[str, Row] = {
    "res.partner": {
        "name": False,
        "ref": False,
        "phone": False,
        "phone_sanitized": False,
        "email": False,
        "email_normalized": False,
        "active": True,
        "is_company": False,
        "street": False,
        "city": False,
        "state_id": False,
        "zip": False,
        "lang": "en_US",
    },
    "res.country.state": {"name": False, "code": False},
    "mail.activity": {
        "res_model": False,
        "res_id": False,
        "activity_type_id": False,
        "summary": False,
        "note": False,
        "date_deadline": False,
        "date_done": False,
        "feedback": False,
        "user_id": False,
        "active": True,
    },
    "mailing.contact": {"name": False, "email": False, "email_normalized": False},
    "mailing.subscription": {"contact_id": False, "list_id": False, "opt_out": False},
    "mailing.list": {"name": False, "active": True},
    "mail.activity.type": {"name": False},
    "ir.model": {"name": False, "model": False},
    "ir.model.data": {"module": False, "name": False, "model": False, "res_id": False},
    "res.users": {"login": False, "name": False, "active": True},
    "phone.blacklist": {"number": False, "active": True},
    "mail.blacklist": {"email": False, "active": True},
}


class Raised(Exception):
    """An exception of Odoo's own: its class, with the status that it is answered with."""

    def __init__(self, name: str, status: int) -> None:
        self.name, self.status = name, status


@dataclass
class OdooSimulator:
    """One database with three accounts. `refuses(model, values)` is a rule of the practice that some rows break."""

    keys: dict[str, str] = field(default_factory=lambda: {"caregap": "k-caregap", "admin": "k-admin", "without-rights": "k-none"})
    refuses: Callable[[str, Row], bool] = lambda model, values: False
    tables: dict[str, dict[int, Row]] = field(default_factory=lambda: {model: {} for model in EMPTY})

    def __post_init__(self) -> None:
        self._next = 100
        self._external("base.model_res_partner", "ir.model", self.create("ir.model", {"name": "Contact", "model": "res.partner"}))
        for name, title in (("call", "Call"), ("email", "Email"), ("todo", "To-Do")):
            kind = self.create("mail.activity.type", {"name": title})
            self._external(f"mail.mail_activity_data_{name}", "mail.activity.type", kind)
        for login in ("nurse.a", "nurse.b", *self.keys):
            self.create("res.users", {"login": login, "name": login})

    def __call__(self, request: Request) -> Reply:
        account = next((one for one, key in self.keys.items() if request.headers.get("authorization", "")[7:] == key), None)
        if account is None:
            return Reply(401, _body("werkzeug.exceptions.Unauthorized"))
        _, _, _, model, method = request.path.split("/")
        arguments = json.loads(request.body or b"{}")
        try:
            if model not in EMPTY:
                raise Raised("werkzeug.exceptions.NotFound", 404)
            if account == "without-rights" and method not in ("has_access",) and model not in ("res.partner", "res.users"):
                raise Raised("odoo.exceptions.AccessError", 403)
            if method == "has_access" and account == "without-rights":
                return Reply(200, model in ("res.partner", "res.users") and arguments["operation"] == "read")
            method_of = getattr(self, f"do_{method}", None)
            if method_of is None:
                raise Raised("werkzeug.exceptions.NotFound", 404)
            return Reply(200, method_of(model, **arguments))
        except Raised as raised:
            return Reply(raised.status, _body(raised.name))

    def do_has_access(self, model: str, operation: str) -> bool:
        return True

    def do_fields_get(self, model: str, attributes: Sequence[str] = ()) -> Row:
        computed = {"is_blacklisted", "phone_sanitized_blacklisted"} if model == "res.partner" else set()
        return {name: {"type": "char"} for name in {"id", "create_date", "write_date", *EMPTY[model], *computed}}

    def do_search_read(
        self,
        model: str,
        domain: Sequence[Any] = (),
        fields: Sequence[str] = (),
        order: str = "id",
        limit: int | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        rows = [row for row in self.tables[model].values() if self._fits(model, row, list(domain))]
        if (context or {}).get("active_test", True) and "active" in EMPTY[model] and not _names(domain, "active"):
            rows = [row for row in rows if row["active"]]
        for name in reversed(order.split(", ")):
            rows.sort(key=lambda row, by=name: row[by])
        return [{"id": row["id"]} | {name: self._shown(model, row, name) for name in fields} for row in rows[:limit]]

    def do_search(self, model: str, domain: Sequence[Any] = ()) -> list[int]:
        return [row["id"] for row in self.do_search_read(model, domain)]

    def do_load(self, model: str, fields: Sequence[str], data: Sequence[Sequence[Any]], context: object = None) -> Row:
        messages: list[Row] = []
        ready: list[tuple[str | None, Row]] = []
        for at, cells in enumerate(data):
            external, values = None, {}
            for name, cell in zip(fields, cells, strict=True):
                if name == "id":
                    external = str(cell)
                    continue
                found = self._converted(name, cell)
                if found is None:
                    messages.append({"type": "error", "record": at, "field": name.partition("/")[0], "message": "…"})
                values[name.partition("/")[0]] = found
            ready.append((external, values))
        broken = [at for at, (_, values) in enumerate(ready) if self.refuses(model, values)]
        if broken and len(ready) > 1:
            messages.append({"type": "error", "record": 0, "message": "the first error, under the first row's number"})
        messages += [{"type": "error", "record": at, "message": "…"} for at in broken]
        if messages:
            return {"ids": False, "messages": messages, "nextrow": 0}
        return {"ids": [self._loaded(model, *one) for one in ready], "messages": [], "nextrow": 0}

    def do_create(self, model: str, vals_list: Sequence[Row]) -> list[int]:
        return [self.create(model, values) for values in vals_list]

    def do_write(self, model: str, ids: Sequence[int], vals: Row) -> bool:
        for one in ids:
            self._existing(model, one).update(vals, write_date=_clock())
        self._computed(model)
        return True

    def do_unlink(self, model: str, ids: Sequence[int]) -> bool:
        for one in ids:
            self._existing(model, one)
            del self.tables[model][one]
            for known in [row for row in self.tables["ir.model.data"].values() if (row["model"], row["res_id"]) == (model, one)]:
                del self.tables["ir.model.data"][known["id"]]
        return True

    def do_action_cancel(self, model: str, ids: Sequence[int]) -> None:
        self.do_unlink(model, [one for one in ids if self._existing(model, one)["active"]])

    def do_action_feedback(self, model: str, ids: Sequence[int], feedback: str = "") -> int:
        done = {"active": False, "feedback": feedback or False, "date_done": _clock()[:10]}
        self.do_write(model, ids, done)
        return 1

    def do_action_archive(self, model: str, ids: Sequence[int]) -> None:
        self.do_write(model, ids, {"active": False} | ({"date_done": _clock()[:10]} if "date_done" in EMPTY[model] else {}))

    def create(self, model: str, values: Row) -> int:
        self._next += 1
        at = _clock()
        self.tables[model][self._next] = {**EMPTY[model], **values, "id": self._next, "create_date": at, "write_date": at}
        self._computed(model)
        return self._next

    def _loaded(self, model: str, external: str | None, values: Row) -> int:
        if values.pop("res_model_id", None):
            values["res_model"] = "res.partner"
        if external is None:
            return self.create(model, values)
        module, _, name = external.partition(".")
        for known in self.tables["ir.model.data"].values():
            if (known["module"], known["name"]) == (module, name) and known["res_id"] in self.tables[model]:
                self.do_write(model, [known["res_id"]], values)
                return int(known["res_id"])
        made = self.create(model, values)
        self._external(external, model, made)
        return made

    def _external(self, external: str, model: str, one: int) -> None:
        module, _, name = external.partition(".")
        self.create("ir.model.data", {"module": module, "name": name, "model": model, "res_id": one})

    def _converted(self, name: str, cell: Any) -> Any:
        """The value of a cell; None where it names nothing that is there. An empty cell wipes."""
        link, _, how = name.partition("/")
        if cell == "":
            return False
        if how == ".id":
            return cell if cell in self.tables[LINKS[link]] else None
        if how == "id":
            module, _, known = str(cell).partition(".")
            rows = self.tables["ir.model.data"].values()
            return next((row["res_id"] for row in rows if (row["module"], row["name"]) == (module, known)), None)
        return cell

    def _existing(self, model: str, one: int) -> Row:
        if one not in self.tables[model]:
            raise Raised("odoo.exceptions.MissingError", 404)
        return self.tables[model][one]

    def _computed(self, model: str) -> None:
        for row in self.tables[model].values():
            if "email" in row and "email_normalized" in row:
                row["email_normalized"] = row["email"].lower() if row["email"] else False
            if "phone" in row:
                digits = "".join(one for one in row["phone"] or "" if one.isdigit())
                row["phone_sanitized"] = f"+{digits}" if len(digits) == 11 else False

    def _shown(self, model: str, row: Row, name: str) -> Any:
        if name == "is_blacklisted":
            return any(
                one["email"] == row["email_normalized"] and one["active"] for one in self.tables["mail.blacklist"].values()
            )
        if name == "phone_sanitized_blacklisted":
            listed = self.tables["phone.blacklist"].values()
            return any(one["number"] == row["phone_sanitized"] and one["active"] for one in listed)
        if name in LINKS and name in EMPTY[model] and row[name]:
            other = self.tables[LINKS[name]][row[name]]
            return [row[name], other.get("name") or other.get("email")]
        if name not in row:
            raise Raised("builtins.ValueError", 500)
        return row[name]

    def _fits(self, model: str, row: Row, domain: list[Any]) -> bool:
        def take(terms: list[Any]) -> bool:
            term = terms.pop(0)
            if term in ("|", "&"):
                left, right = take(terms), take(terms)
                return left or right if term == "|" else left and right
            return self._holds(model, row, *term)

        terms = list(domain)
        holds = True
        while terms:
            holds = take(terms) and holds
        return holds

    def _holds(self, model: str, row: Row, name: str, operator: str, value: Any) -> bool:
        link, _, rest = name.partition(".")
        if rest:
            other = self.tables[LINKS[link]].get(row[link])
            return other is not None and self._holds(LINKS[link], other, rest, operator, value)
        has = self._shown(model, row, name) if name.endswith("blacklisted") else row.get(name, ...)
        if has is ...:
            raise Raised("builtins.ValueError", 500)
        match operator:
            case "=":
                return bool(has == value)
            case "!=":
                return bool(has != value)
            case "in":
                return has in value
            case "not =like":
                return not str(has or "").startswith(value.rstrip("%"))
            case ">":
                return bool(has > value)
            case ">=":
                return bool(has >= value)
        raise AssertionError(operator)


def _names(domain: Sequence[Any], name: str) -> bool:
    return any(not isinstance(term, str) and term[0] == name for term in domain)


def _clock() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"


def _body(name: str) -> Row:
    """An error as Odoo answers it: the traceback holds what the failed statement held."""
    return {"name": name, "message": "Jane Doe +12125550100", "arguments": [], "context": {}, "debug": "Traceback: Jane Doe"}
