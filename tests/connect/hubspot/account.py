"""A stand-in for a HubSpot account, from the API's documentation: what a server of tests/connect/conftest.py answers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.connect.conftest import Reply, Request

Row = dict[str, Any]


@dataclass
class Account:
    """Objects by kind and id. `refused`: external ids that a rule of the account refuses. `names_rows`: a batch with one is
    answered in part, naming the rows at fault (HTTP 207); otherwise it is refused whole (HTTP 400)."""

    refused: set[str] = field(default_factory=set)
    names_rows: bool = True
    fails_to_associate: bool = False
    properties: dict[str, set[str]] = field(
        default_factory=lambda: {"tasks": {"caregap_task_id", "caregap_outcome"}, "contacts": {"hs_email_optout", "no_calls"}}
    )
    tables: dict[str, dict[str, Row]] = field(default_factory=lambda: {"contacts": {}, "tasks": {}})
    about: dict[str, set[str]] = field(default_factory=dict)
    lists: dict[str, Row] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    clock: int = 0

    def __call__(self, asked: Request) -> Reply:
        if asked.headers.get("authorization") != "Bearer SECRET":
            return Reply(401, {"status": "error", "category": "INVALID_AUTHENTICATION", "message": "…"})
        self.calls.append(f"{asked.method} {asked.path}")
        if asked.method == "POST" and len(asked.json().get("inputs", ())) > 100:
            return _refusal(400, "VALIDATION_ERROR")
        match asked.method, asked.path.strip("/").split("/"):
            case "GET", ["crm", "v3", "properties", kind]:
                return Reply(200, {"results": [property_of(name, kind) for name in sorted(self.properties[kind])]})
            case "POST", ["crm", "v3", "objects", kind, "batch", "read"]:
                return self._read(kind, asked.json(), asked.query.get("archived", "").lower() == "true")
            case "POST", ["crm", "v3", "objects", "tasks", "batch", "upsert"]:
                return self._upserted(asked.json()["inputs"])
            case "POST", ["crm", "v3", "objects", "tasks", "batch", "archive"]:
                for one in asked.json()["inputs"]:
                    self.tables["tasks"][one["id"]]["archived"] = True
                return Reply(204)
            case "POST", ["crm", "v3", "objects", kind, "search"]:
                return self._searched(kind, asked.json())
            case "POST", ["crm", "v4", "associations", "tasks", "contacts", "batch", "read"]:
                there = [one["id"] for one in asked.json()["inputs"] if one["id"] in self.about]
                return _batch(
                    [
                        {
                            "from": {"id": one},
                            "to": [{"toObjectId": int(to), "associationTypes": [_TYPE]} for to in sorted(self.about[one])],
                        }
                        for one in there
                    ]
                )
            case "POST", ["crm", "v4", "associations", "tasks", "contacts", "batch", "associate", "default"]:
                return self._associated(asked.json()["inputs"])
            case "GET", ["crm", "v3", "lists", "object-type-id", "0-1", "name", name]:
                name = name.replace("%20", " ")
                return (
                    Reply(200, {"list": {**self.lists[name], "members": None}})
                    if name in self.lists
                    else _refusal(404, "OBJECT_NOT_FOUND")
                )
            case "PUT", ["crm", "v3", "lists", at, "memberships", "add-and-remove"]:
                return self._membership(at, asked.json())
        return _refusal(404, "OBJECT_NOT_FOUND")

    def make(self, kind: str, **properties: str) -> str:
        number = str(1001 + sum(map(len, self.tables.values())))
        self.clock += 1
        properties = {"hs_createdate": _now(), "hs_lastmodifieddate": _now(), "hs_object_id": number, **properties}
        self.tables[kind][number] = {"id": number, "archived": False, "properties": properties, "version": self.clock}
        return number

    def change(self, kind: str, one: str, **properties: str) -> None:
        self.clock += 1
        self.tables[kind][one]["properties"] |= {**properties, "hs_lastmodifieddate": _now()}
        self.tables[kind][one]["version"] = self.clock

    def make_list(self, name: str, kind: str = "MANUAL") -> Row:
        self.lists[name] = {
            "listId": str(len(self.lists) + 1),
            "name": name,
            "processingType": kind,
            "processingStatus": "COMPLETE",
            "objectTypeId": "0-1",
            "listVersion": 1,
            "members": set(),
        }
        return self.lists[name]

    def _read(self, kind: str, asked: Row, archived: bool) -> Reply:
        key = asked.get("idProperty", "hs_object_id")
        rows = {one["properties"].get(key): one for one in self.tables[kind].values() if one["archived"] is archived}
        wanted = [one["id"] for one in asked["inputs"]]
        found = [_shown(rows[one], asked["properties"]) for one in wanted if one in rows]
        missing = [one for one in wanted if one not in rows]
        if not missing:
            return _batch(found)
        return _batch(found, [_error("OBJECT_NOT_FOUND", ids=missing)])

    def _upserted(self, inputs: list[Row]) -> Reply:
        bad = [one for one in inputs if one["id"] in self.refused]
        if bad and not self.names_rows:
            return _refusal(400, "VALIDATION_ERROR")
        rows = {one["properties"].get("caregap_task_id"): one for one in self.tables["tasks"].values() if not one["archived"]}
        results = []
        for one in inputs:
            if one in bad:
                continue
            known = rows.get(one["id"])
            properties = {name: _stored(name, value) for name, value in one["properties"].items()}
            made = known["id"] if known else self.make("tasks", **properties)
            if known:
                self.change("tasks", made, **properties)
            shown = _shown(self.tables["tasks"][made], [])
            results.append({**shown, "new": not known, "objectWriteTraceId": one["objectWriteTraceId"]})
        return _batch(results, [_error("VALIDATION_ERROR", objectWriteTraceId=[one["objectWriteTraceId"]]) for one in bad])

    def _searched(self, kind: str, asked: Row) -> Reply:
        (group,) = asked["filterGroups"]
        rows = [
            one
            for one in self.tables[kind].values()
            if not one["archived"] and all(_fits(one, rule) for rule in group["filters"])
        ]
        rows.sort(key=lambda one: int(one["id"]))
        return Reply(200, {"total": len(rows), "results": [_shown(one, asked["properties"]) for one in rows[: asked["limit"]]]})

    def _associated(self, inputs: list[Row]) -> Reply:
        if self.fails_to_associate:
            return _refusal(400, "VALIDATION_ERROR")
        for one in inputs:
            self.about.setdefault(one["from"]["id"], set()).add(one["to"]["id"])
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}
        return _batch([{"from": one["from"], "to": one["to"], "associationSpec": spec} for one in inputs])

    def _membership(self, at: str, asked: Row) -> Reply:
        members = next(one for one in self.lists.values() if one["listId"] == at)["members"]
        there = {one for one, row in self.tables["contacts"].items() if not row["archived"]}
        added = {one for one in asked["recordIdsToAdd"] if one in there and one not in members}
        removed = members & set(asked["recordIdsToRemove"])
        missing = [one for one in asked["recordIdsToAdd"] if one not in there]
        members |= added
        members -= removed
        return Reply(200, {"recordsIdsAdded": sorted(added), "recordIdsRemoved": sorted(removed), "recordIdsMissing": missing})


def _refusal(status: int, category: str) -> Reply:
    return Reply(status, {"status": "error", "category": category, "message": "Jane Doe +12125550100"})


_TYPE = {"category": "HUBSPOT_DEFINED", "typeId": 204, "label": None}


def _batch(results: list[Row], errors: list[Row] | None = None) -> Reply:
    """An answer of a batch; HTTP 207 where it was refused in part."""
    said: Row = {"status": "COMPLETE", "results": results, "startedAt": _now(), "completedAt": _now()}
    return Reply(207, {**said, "numErrors": len(errors), "errors": errors}) if errors else Reply(200, said)


def _error(category: str, **context: list[str]) -> Row:
    said = {"status": "error", "category": category, "message": "Jane Doe +12125550100", "context": context}
    return {**said, "errors": [], "links": {}}


def property_of(name: str, kind: str) -> Row:
    said = {"name": name, "label": name, "description": "", "groupName": f"{kind}information", "type": "string"}
    return {**said, "fieldType": "text", "options": [], "hasUniqueValue": name == "caregap_task_id"}


def _shown(row: Row, names: list[str]) -> Row:
    times = {"createdAt": row["properties"]["hs_createdate"], "updatedAt": row["properties"]["hs_lastmodifieddate"]}
    return {
        "id": row["id"],
        "archived": row["archived"],
        "properties": {name: row["properties"].get(name) for name in names},
        **times,
    }


def _stored(name: str, value: str) -> str:
    """Instants come back with milliseconds."""
    return value.replace("Z", ".000Z") if name == "hs_timestamp" else value


def _fits(row: Row, rule: dict[str, str]) -> bool:
    has = row["properties"].get(rule["propertyName"])
    match rule["operator"]:
        case "HAS_PROPERTY":
            return has is not None
        case "GTE":
            return datetime.fromisoformat(has).timestamp() * 1000 >= int(rule["value"])
    return int(has) > int(rule["value"])


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
