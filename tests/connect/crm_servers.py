"""Stand-ins for CRMs that nobody can run here: they answer as the vendors' documentation says, refusals among it."""

import csv
import io
from dataclasses import dataclass, field
from typing import Any

from tests.connect.conftest import Reply, Request
from tests.connect.hubspot.account import property_of


@dataclass
class Hubspot:
    """HubSpot's CRM API v3: contacts by list and by search, with its 10,000 rows a search and its refusals."""

    contacts: list[dict[str, Any]] = field(default_factory=list)
    archived: list[dict[str, Any]] = field(default_factory=list)
    instead: list[Reply] = field(default_factory=list)
    searches: list[dict[str, Any]] = field(default_factory=list)
    page: int = 100

    def __call__(self, asked: Request) -> Reply:
        if asked.headers.get("authorization") != "Bearer SECRET":
            return Reply(401, {"status": "error", "category": "INVALID_AUTHENTICATION"})
        if self.instead:
            return self.instead.pop(0)
        if asked.path == "/crm/v3/properties/contacts":
            names = sorted({name for one in self.contacts for name in one["properties"]})
            return Reply(200, {"results": [property_of(name, "contacts") for name in names]})
        return self._search(asked.json()) if asked.path.endswith("/search") else self._list(asked.query)

    def _list(self, query: dict[str, str]) -> Reply:
        rows = self.archived if query.get("archived", "").lower() == "true" else self.contacts
        limit, start = min(int(query["limit"]), self.page), int(query.get("after", 0))
        following = {"paging": {"next": {"after": str(start + limit)}}} if start + limit < len(rows) else {}
        return Reply(200, {"results": [_shown(one) for one in rows[start : start + limit]]} | following)

    def _search(self, asked: dict[str, Any]) -> Reply:
        self.searches.append(asked)
        (group,) = asked["filterGroups"]
        rows = [one for one in self.contacts if all(_holds(one, rule) for rule in group["filters"])]
        rows.sort(key=lambda one: int(one["id"]))
        return Reply(200, {"total": len(rows), "results": [_shown(one) for one in rows[: min(asked["limit"], self.page)]]})


def _holds(contact: dict[str, Any], rule: dict[str, str]) -> bool:
    match rule["propertyName"], rule["operator"]:
        case "hs_object_id", "GT":
            return int(contact["id"]) > int(rule["value"])
        case "lastmodifieddate", "GTE":
            return _milliseconds(contact["properties"]["lastmodifieddate"]) >= int(rule["value"])
    raise AssertionError(rule)


def _shown(contact: dict[str, Any]) -> dict[str, Any]:
    changed = contact["properties"].get("lastmodifieddate")
    return {"createdAt": contact["properties"].get("createdate") or changed, "updatedAt": changed, **contact}


def _milliseconds(text: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(text).timestamp() * 1000)


_NOT_FOUND = Reply(404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}])


@dataclass
class Salesforce:
    """Salesforce's Bulk API 2.0 queries, one page a row or two, and its OAuth token."""

    objects: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    polls: list[str] = field(default_factory=list)
    instead: dict[str, list[Reply]] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)
    running: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    tokens: list[dict[str, str]] = field(default_factory=list)
    page: int = 2
    address: str = ""

    def __call__(self, asked: Request) -> Reply:
        if asked.path == "/services/oauth2/token":
            self.tokens.append(asked.form())
            if asked.form().get("client_secret", "SECRET") != "SECRET":
                return Reply(400, {"error": "invalid_client", "error_description": "SECRET"})
            return Reply(
                200, {"access_token": f"00D!token{len(self.tokens)}", "instance_url": self.address, "token_type": "Bearer"}
            )
        if not asked.headers.get("authorization", "").startswith("Bearer 00D!token"):
            return Reply(401, [{"errorCode": "INVALID_SESSION_ID"}])
        for part, replies in self.instead.items():
            if part in asked.path and replies:
                return replies.pop(0)
        match asked.path.split("/")[4:]:
            case ["sobjects", kind, "describe"]:
                names = list(self.objects[kind][0]) if kind in self.objects else []
                return Reply(200, {"fields": [{"name": name} for name in names]}) if names else _NOT_FOUND
            case ["jobs", "query"]:
                return self._begin(asked.json())
            case ["jobs", "query", job]:
                return self._job(job, asked.method)
            case ["jobs", "query", job, "results"]:
                return self._results(job, asked.query)
        return _NOT_FOUND

    def _begin(self, asked: dict[str, str]) -> Reply:
        assert asked["operation"] == "queryAll"
        query = asked["query"]
        self.queries.append(query)
        columns = query.removeprefix("SELECT ").partition(" FROM ")[0].split(", ")
        kind, _, condition = query.partition(" FROM ")[2].partition(" WHERE ")
        since = condition.removeprefix("SystemModstamp >= ")
        rows = [one for one in self.objects[kind] if one["SystemModstamp"][:19] >= since[:19]]
        job = f"750R0000000000{len(self.queries)}AAA"
        self.running[job] = [{name: one[name] for name in columns} for one in rows]
        return Reply(200, {"id": job, "state": "UploadComplete"})

    def _job(self, job: str, method: str) -> Reply:
        if job not in self.running:
            return _NOT_FOUND
        if method == "DELETE":
            del self.running[job]
            return Reply(204)
        return Reply(200, {"id": job, "state": self.polls.pop(0) if self.polls else "JobComplete", "numberRecordsProcessed": 3})

    def _results(self, job: str, query: dict[str, str]) -> Reply:
        rows, start = self.running[job], int(query.get("locator", 0))
        some = rows[start : start + self.page]
        text = io.StringIO()
        if rows:
            writer = csv.DictWriter(text, [*rows[0]], quoting=csv.QUOTE_ALL, lineterminator="\n")
            writer.writeheader()
            writer.writerows(some)
        locator = str(start + self.page) if start + self.page < len(rows) else "null"
        return Reply(200, text.getvalue().encode(), {"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(len(some))})
