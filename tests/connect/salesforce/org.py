"""A stand-in for a Salesforce org, from the REST and Bulk API 2.0 guides: what a server of tests/connect/conftest.py answers."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.connect.conftest import Reply, Request

Row = dict[str, Any]
EMPTY: dict[str, Row] = {
    "Contact": {"LastName": None, "DoNotCall": False, "HasOptedOutOfEmail": False},
    "Campaign": {"Name": None},
    "CampaignMember": {"CampaignId": None, "ContactId": None, "HasResponded": False},
    "Task": {
        "Caregap_Task__c": None,
        "WhoId": None,
        "OwnerId": "005000000000001AAA",
        "Subject": None,
        "Description": None,
        "ActivityDate": None,
        "Priority": "Normal",
        "Status": "Not Started",
        "TaskSubtype": "Task",
        "IsClosed": False,
        "CallDisposition": None,
        "CompletedDateTime": None,
    },
}
PREFIXES = {"Contact": "003", "Campaign": "701", "CampaignMember": "00v", "Task": "00T"}
LIMIT = Reply(403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])
_QUERY = re.compile(r"SELECT (?P<fields>.+?) FROM (?P<kind>\w+) WHERE (?P<where>.+?)(?: ORDER BY Id LIMIT (?P<limit>\d+))?$")


@dataclass
class Org:
    """Objects by kind and id. `refused`: external ids that a rule of the org refuses, or locks, by error code."""

    refused: dict[str, str] = field(default_factory=dict)
    page: int = 2000
    without: frozenset[str] = frozenset()
    tables: dict[str, dict[str, Row]] = field(default_factory=lambda: {kind: {} for kind in EMPTY})
    jobs: dict[str, Row] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    clock: int = 0

    def __call__(self, asked: Request) -> Reply:
        if asked.headers.get("authorization") != "Bearer SECRET":
            return Reply(401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
        place = asked.path.removeprefix("/services/data/v64.0/")
        self.calls.append(f"{asked.method} {place}")
        match asked.method, place.split("/"):
            case "GET", ["queryAll", ""]:
                return self._queried(asked.query["q"], 0)
            case "GET", ["query", locator]:
                number, _, soql = bytes.fromhex(locator).decode().partition("|")
                return self._queried(soql, int(number))
            case "GET", ["sobjects", kind, "describe"]:
                return self._described(kind)
            case "PATCH", ["composite", "sobjects", kind, ours]:
                records = asked.json()["records"]
                if len(records) > 200:
                    return Reply(400, [{"message": "…", "errorCode": "EXCEEDED_MAX_SIZE_REQUEST"}])
                return Reply(200, [self._upserted(kind, ours, one) for one in records])
            case "POST", ["composite", "sobjects"]:
                return Reply(200, [self._created(one) for one in asked.json()["records"]])
            case "DELETE", ["composite", "sobjects"]:
                return Reply(200, [self._deleted(one) for one in asked.query["ids"].split(",")])
            case _, ["jobs", "ingest", *rest]:
                return self._job(asked, rest)
        return Reply(404, [{"message": "…", "errorCode": "NOT_FOUND"}])

    def make(self, kind: str, **values: Any) -> str:
        """A new record; its id has 18 characters."""
        number = sum(map(len, self.tables.values())) + 1
        one = f"{PREFIXES[kind]}{number:012}AAA"
        self.clock += 1
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"
        self.tables[kind][one] = {
            "Id": one,
            "IsDeleted": False,
            **EMPTY[kind],
            **values,
            "CreatedDate": at,
            "SystemModstamp": at,
            "version": self.clock,
        }
        return one

    def change(self, kind: str, one: str, **values: Any) -> None:
        self.clock += 1
        at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"
        self.tables[kind][one] |= {**values, "SystemModstamp": at, "version": self.clock}

    def _queried(self, soql: str, start: int) -> Reply:
        asked = _QUERY.fullmatch(soql)
        assert asked, soql
        names, kind = asked["fields"].split(", "), asked["kind"]
        if unknown := {*names} - {"Id", "IsDeleted", "CreatedDate", "SystemModstamp", *EMPTY[kind]} | {*names} & self.without:
            return Reply(400, [{"message": f"No such column {sorted(unknown)}", "errorCode": "INVALID_FIELD"}])
        rows = [row for row in self.tables[kind].values() if all(_holds(row, one) for one in _split(asked["where"]))]
        rows = sorted(rows, key=lambda row: row["Id"])[: int(asked["limit"] or len(rows))]
        shown = [{"attributes": {"type": kind}, **{name: row[name] for name in names}} for row in rows[start : start + self.page]]
        following = start + self.page
        if following < len(rows):
            locator = f"{following}|{soql}".encode().hex()
            return Reply(200, {"records": shown, "done": False, "nextRecordsUrl": f"/services/data/v64.0/query/{locator}"})
        return Reply(200, {"records": shown, "done": True})

    def _described(self, kind: str) -> Reply:
        fields = [{"name": name, "externalId": name == "Caregap_Task__c"} for name in EMPTY[kind] if name not in self.without]
        return Reply(200, dict.fromkeys(("createable", "updateable", "deletable", "queryable"), True) | {"fields": fields})

    def _upserted(self, kind: str, ours: str, given: Row) -> Row:
        values = {name: value for name, value in given.items() if name != "attributes"}
        key = values[ours]
        if key in self.refused:
            error = {"statusCode": self.refused[key], "message": "Jane Doe +12125550100", "fields": ["Subject"]}
            return {"success": False, "created": False, "errors": [error]}
        known = next((row for row in self.tables[kind].values() if row.get(ours) == key and not row["IsDeleted"]), None)
        if known and "TaskSubtype" in values:
            error = {"statusCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "message": "…", "fields": ["TaskSubtype"]}
            return {"success": False, "created": False, "errors": [error]}
        if known:
            self.change(kind, known["Id"], **values)
        return {"id": known["Id"] if known else self.make(kind, **values), "success": True, "created": not known, "errors": []}

    def _created(self, given: Row) -> Row:
        values = {name: value for name, value in given.items() if name != "attributes"}
        rows = self.tables["CampaignMember"].values()
        if any(values.items() <= row.items() and not row["IsDeleted"] for row in rows):
            return {"success": False, "errors": [{"statusCode": "DUPLICATE_VALUE", "message": "…", "fields": []}]}
        return {"id": self.make(given["attributes"]["type"], **values), "success": True, "errors": []}

    def _deleted(self, one: str) -> Row:
        for rows in self.tables.values():
            if one in rows and not rows[one]["IsDeleted"]:
                rows[one]["IsDeleted"] = True
                return {"id": one, "success": True, "errors": []}
        return {"id": one, "success": False, "errors": [{"statusCode": "ENTITY_IS_DELETED", "message": "…", "fields": []}]}

    def _job(self, asked: Request, rest: list[str]) -> Reply:
        match asked.method, rest:
            case "POST", []:
                name = f"750{len(self.jobs):015}"
                self.jobs[name] = asked.json() | {"id": name, "state": "Open"}
                return Reply(200, self.jobs[name])
            case "PUT", [name, "batches"]:
                self.jobs[name]["rows"] = list(csv.DictReader(io.StringIO(asked.body.decode())))
                return Reply(201)
            case "PATCH", [name]:
                self.jobs[name]["state"] = "UploadComplete"
                return Reply(200, {"id": name, "state": "UploadComplete"})
            case "GET", [name]:
                job = self.jobs[name]
                state, job["state"] = (
                    job["state"],
                    {"UploadComplete": "InProgress", "InProgress": "JobComplete"}.get(job["state"], job["state"]),
                )
                if state == "InProgress":
                    self._run(job)
                counted = {"numberRecordsProcessed": 0, "numberRecordsFailed": 0}
                if job["state"] == "JobComplete":
                    counted = {
                        "numberRecordsProcessed": len(job["rows"]),
                        "numberRecordsFailed": len(job["failedResults"]),
                    }
                return Reply(200, {"id": name, "state": job["state"], "object": job["object"], **counted})
            case "GET", [name, "successfulResults" | "failedResults" as which]:
                return Reply(200, _as_csv(self.jobs[name][which]))
        return Reply(404, [{"errorCode": "NOT_FOUND", "message": "…"}])

    def _run(self, job: Row) -> None:
        job["successfulResults"], job["failedResults"] = [], []
        for row in job["rows"]:
            result = self._upserted(
                job["object"], job["externalIdFieldName"], {name: one for name, one in row.items() if one != ""}
            )
            if result["success"]:
                job["successfulResults"].append({"sf__Id": result["id"], "sf__Created": str(result["created"]).lower(), **row})
            else:
                code = result["errors"][0]["statusCode"]
                job["failedResults"].append({"sf__Id": "", "sf__Error": f"{code}:Jane Doe +12125550100:Subject --", **row})


def _as_csv(rows: list[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    if rows:
        lines = csv.DictWriter(text, [*rows[0]])
        lines.writeheader()
        lines.writerows(rows)
    return text.getvalue().encode()


def _split(where: str) -> list[str]:
    return re.split(r" AND (?=\w+ (?:=|!=|>=|>|IN))", where)


def _holds(row: Row, condition: str) -> bool:
    name, operator, said = re.match(r"(\w+) (=|!=|>=|>|IN) (.+)$", condition).groups()  # type: ignore[union-attr]
    values = [one.replace("\\'", "'").replace("\\\\", "\\") for one in re.findall(r"'((?:\\.|[^'\\])*)'", said)]
    match operator:
        case "IN":
            return row[name] in values or str(row[name])[:15] in values
        case "=":
            return bool(row[name] == (values[0] if values else json.loads(said)))
        case "!=":
            return row[name] is not None
        case ">":
            return bool(row[name] > values[0])
    return datetime.fromisoformat(row[name]) >= datetime.fromisoformat(said)
