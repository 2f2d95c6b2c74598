"""A bulk FHIR server for tests, as FHIR Bulk Data Access 2.0 and SMART Backend Services describe one.

The FHIR server of the other tests has no `$export`: this one is written from the specification, so that what it does not foresee
is not tested.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.connect.conftest import Reply, Request

AT = "2026-03-01T12:00:00.000Z"


@dataclass
class BulkServer:
    """`resources` are exported by type, those of `deleted` as deletions; `polls` answers before an export is ready.
    `pages_of`: the resources of a page of a search.

    `keys`: public keys of clients; without any, nobody is asked who they are. What a test sets in `instead`, by path, is answered
    in place of what belongs there, once each.
    """

    resources: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, RSAKey | ECKey] = field(default_factory=dict)
    polls: list[Reply] = field(default_factory=list)
    instead: dict[str, list[Reply]] = field(default_factory=dict)
    at: str = AT
    address: str = ""
    exports: list[dict[str, str]] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    tokens: list[dict[str, Any]] = field(default_factory=list)
    pages_of: int = 0

    def __call__(self, asked: Request) -> Reply:
        if replies := self.instead.get(asked.path):
            return replies.pop(0)
        match asked.path.strip("/").split("/"):
            case [".well-known", "smart-configuration"]:
                return Reply(200, {"token_endpoint": f"{self.address}/token"})
            case ["token"]:
                return self._token(asked)
        if self.keys and asked.headers.get("authorization") != f"Bearer token-{len(self.tokens)}":
            return Reply(401)
        match asked.path.strip("/").split("/"):
            case ["metadata"]:
                types = sorted({one["resourceType"] for one in self.resources})
                return Reply(200, {"fhirVersion": "4.0.1", "rest": [{"resource": [{"type": one} for one in types]}]})
            case [*_, "$export"]:
                return self._kick_off(asked)
            case ["status", job]:
                return self._status(job, asked.method)
            case ["file", job, name]:
                return self._file(name, self.exports[int(job) - 1].get("_since", ""))
        return Reply(200, self.page(asked.path.strip("/"), int(asked.query.get("from", 0)), self.pages_of, asked.query))

    def page(self, kind: str, start: int, length: int, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """One page of a search in the order of change, with a link to the next."""
        since = (query or {}).get("_lastUpdated", "ge")[2:]
        rows = sorted((one for one in self._rows(kind) if one["meta"]["lastUpdated"] >= since), key=_changed_at)
        following = f"{kind}?from={start + length}{f'&_lastUpdated=ge{since}' if since else ''}"
        link = [{"relation": "next", "url": following}] if start + length < len(rows) else []
        entry = [{"resource": one} for one in rows[start : start + length]]
        return {"resourceType": "Bundle", "type": "searchset", "link": link, "entry": entry}

    def _token(self, asked: Request) -> Reply:
        form = asked.form()
        assertion = form["client_assertion"]
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in assertion.split(".")[:2])
        if header["alg"] not in ("RS384", "ES384") or claims["aud"] != f"{self.address}/token":
            return Reply(400, {"error": "invalid_client", "error_description": "SECRET"})
        jwt.decode(assertion, self.keys[claims["iss"]], algorithms=[header["alg"]])
        self.tokens.append(form | {"header": header, "claims": claims})
        return Reply(200, {"access_token": f"token-{len(self.tokens)}", "expires_in": 300, "scope": form["scope"]})

    def _kick_off(self, asked: Request) -> Reply:
        assert asked.headers["prefer"] == "respond-async"
        assert asked.headers["accept"] == "application/fhir+json"
        self.exports.append(asked.query | {"path": asked.path})
        job = str(len(self.exports))
        self.running.add(job)
        return Reply(202, headers={"Content-Location": f"{self.address}/status/{job}"})

    def _status(self, job: str, method: str) -> Reply:
        if job not in self.running:
            return Reply(404, {"resourceType": "OperationOutcome"})
        if method == "DELETE":
            self.running.discard(job)
            return Reply(202)
        if self.polls:
            return self.polls.pop(0)
        types = self.exports[int(job) - 1]["_type"].split(",")
        output = [
            {"type": kind, "url": f"{self.address}/file/{job}/{kind}?sig=SECRET", "count": len(rows)}
            for kind in types
            if (rows := self._rows(kind, self.exports[int(job) - 1].get("_since", "")))
        ]
        facts = {"transactionTime": self.at, "request": "x", "requiresAccessToken": bool(self.keys), "output": output}
        facts["deleted"] = [{"type": "Bundle", "url": f"{self.address}/file/{job}/deleted"}] if self.deleted else []
        facts["error"] = [{"type": "OperationOutcome", "url": f"{self.address}/file/{job}/error"}] if self.errors else []
        return Reply(200, facts)

    def _rows(self, kind: str, since: str = "") -> list[dict[str, Any]]:
        return [one for one in self.resources if one["resourceType"] == kind and _changed_at(one) > since]

    def _file(self, name: str, since: str = "") -> Reply:
        rows = {"error": self.errors, "deleted": [_deletion(self.deleted)]}.get(name) or self._rows(name, since)
        return Reply(200, b"".join(json.dumps(one).encode() + b"\n" for one in rows))


def _changed_at(resource: dict[str, Any]) -> str:
    return str(resource["meta"]["lastUpdated"])


def _deletion(places: list[str]) -> dict[str, Any]:
    entry = [{"request": {"method": "DELETE", "url": place}} for place in places]
    return {"resourceType": "Bundle", "type": "transaction", "timestamp": AT, "entry": entry}
