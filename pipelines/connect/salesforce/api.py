"""Salesforce's REST API: SOQL, sObject Collections of 200, and their errors.

developer.salesforce.com, REST API Developer Guide: "Upsert Records Using sObject Collections", "QueryAll", "Status Codes and
Error Responses". An error's message quotes what was sent: only its code is read.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pipelines.connect.adapter import Fate, Result
from pipelines.connect.http import Answer, Http, Refused
from pipelines.connect.shape import taken, taken_or
from pipelines.errors import ConnectionFailed

COLLECTION = 200
"""The most records of a call with a collection."""
_TRANSIENT = frozenset(
    {
        "REQUEST_LIMIT_EXCEEDED",
        "SERVER_UNAVAILABLE",
        "UNABLE_TO_LOCK_ROW",
        "QUERY_TIMEOUT",
        "EXCEEDED_ID_LIMIT",
        "TXN_SECURITY_METERING_ERROR",
    }
)
_CODE = re.compile(r"[A-Z][A-Z_]{2,59}")
_ERRORS = (400, 403, 404, 500)


class SalesforceError(Exception):
    """A call was refused as a whole. `code` is Salesforce's `errorCode`, `INVALID_FIELD`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def is_transient(self) -> bool:
        return self.code in _TRANSIENT


class SalesforceApi:
    """One org, as far as the account may see it. Raises `ConnectionFailed` where it does not answer."""

    def __init__(self, http: Http, version: str) -> None:
        self.http, self._base = http, f"services/data/{version}"

    def ask(self, method: str, place: str, *, json: object = None, params: Mapping[str, str] | None = None) -> Any:
        """The answer as JSON; None where it has no content. Raises `SalesforceError`."""
        answer = self.sent(method, place, json=json, params=params)
        return None if answer.status == 204 else answer.json()

    def sent(self, method: str, place: str, **more: Any) -> Answer:
        """As `Http.request`, below the version's address; a call that changes something is not repeated unasked."""
        whole = place if place.startswith("services/") else f"{self._base}/{place}"
        answer = self.http.request(method, whole, accept=_ERRORS, may_repeat=method == "GET", **more)
        if answer.status >= 400:
            raise SalesforceError(_code(answer))
        return answer

    def query(self, fields: Sequence[str], kind: str, *conditions: str, rest: str = "") -> list[dict[str, Any]]:
        """The records that meet all conditions, archived ones too, deleted ones not. Raises `ConnectionFailed` where refused."""
        where = " AND ".join(["IsDeleted = false", *conditions])
        soql = f"SELECT {', '.join(fields)} FROM {kind} WHERE {where}{f' {rest}' if rest else ''}"
        found: list[dict[str, Any]] = []
        try:
            page = self.ask("GET", "queryAll", params={"q": soql})
            while True:
                found += taken(page, "records", list, self.http.name)
                following = taken_or(page, "nextRecordsUrl", "", self.http.name)
                if not following:
                    return found
                page = self.ask("GET", following.lstrip("/"))
        except SalesforceError as error:
            raise Refused(f"{self.http.name}: {kind} cannot be read ({error.code}). {RIGHTS}", 403) from None

    def query_in(
        self, fields: Sequence[str], kind: str, name: str, values: Collection[str], *conditions: str
    ) -> list[dict[str, Any]]:
        """The records whose field has one of the values; in parts, since an address has a length."""
        wanted = sorted(values)
        return [
            one
            for start in range(0, len(wanted), COLLECTION)
            for one in self.query(fields, kind, f"{name} IN ({quoted(wanted[start : start + COLLECTION])})", *conditions)
        ]

    def upsert(self, kind: str, id_field: str, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One UpsertResult a record, in their order; one bad record costs its own place only."""
        body = {"allOrNone": False, "records": [{"attributes": {"type": kind}, **one} for one in records]}
        return self._results(self.ask("PATCH", f"composite/sobjects/{kind}/{id_field}", json=body), len(records))

    def create(self, kind: str, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One SaveResult a record, in their order."""
        found = []
        for start in range(0, len(records), COLLECTION):
            some = records[start : start + COLLECTION]
            body = {"allOrNone": False, "records": [{"attributes": {"type": kind}, **one} for one in some]}
            found += self._results(self.ask("POST", "composite/sobjects", json=body), len(some))
        return found

    def delete(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """One DeleteResult a record, in their order; what is deleted stays in the recycle bin for 15 days."""
        found = []
        for start in range(0, len(ids), COLLECTION):
            some = ids[start : start + COLLECTION]
            params = {"ids": ",".join(some), "allOrNone": "false"}
            found += self._results(self.ask("DELETE", "composite/sobjects", params=params), len(some))
        return found

    def described(self, kind: str) -> Mapping[str, Any]:
        """What the account may do with an object, and its fields. Raises `SalesforceError`."""
        answer = self.ask("GET", f"sobjects/{kind}/describe")
        return answer if isinstance(answer, dict) else {}

    def _results(self, answer: object, n_rows: int) -> list[dict[str, Any]]:
        if not isinstance(answer, list) or len(answer) != n_rows:
            raise ConnectionFailed(f"{self.http.name} did not answer each row of a call. Check the address and api_version.")
        return answer


RIGHTS = "Give the account the rights that docs/connections.md lists."


def quoted(values: Collection[str]) -> str:
    """The values as literals of SOQL."""
    return ", ".join("'" + one.replace("\\", "\\\\").replace("'", "\\'") + "'" for one in values)


def decided(external_id: str, result: Mapping[str, Any], accepted: Fate) -> Result:
    """The fate of a row by its UpsertResult, SaveResult or DeleteResult."""
    remote = result.get("id") if isinstance(result.get("id"), str) else None
    if result.get("success") is True:
        return Result(external_id, accepted, remote)
    errors = result.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = _plain(first.get("statusCode") or first.get("errorCode"))
    return Result(external_id, Fate.RETRYABLE if code in _TRANSIENT else Fate.REJECTED, remote, code)


def _code(answer: Answer) -> str:
    try:
        said = answer.json()
    except ConnectionFailed:
        return f"HTTP_{answer.status}"
    first = said[0] if isinstance(said, list) and said and isinstance(said[0], dict) else {}
    return _plain(first.get("errorCode")) if first else f"HTTP_{answer.status}"


def _plain(code: object) -> str:
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "UNREADABLE"
