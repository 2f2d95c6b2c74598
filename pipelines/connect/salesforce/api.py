"""Salesforce's REST API through simple-salesforce: SOQL, sObject Collections of 200, and their errors.

developer.salesforce.com, REST API Developer Guide: "Upsert Records Using sObject Collections", "QueryAll", "Status Codes and
Error Responses". An error's message quotes what was sent: only its code is read.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from simple_salesforce.api import Salesforce
from simple_salesforce.bulk2 import SFBulk2Type
from simple_salesforce.exceptions import SalesforceError as RefusedThere
from simple_salesforce.exceptions import SalesforceOperationError

from pipelines.connect.adapter import Fate, Result
from pipelines.connect.http import Http, Refused
from pipelines.connect.salesforce.transport import Transport, session
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
        "JOB_FAILED",
    }
)
_CODE = re.compile(r"[A-Z][A-Z_]{2,59}")


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
        self.http, self._transport = http, Transport(http)
        self._org = Salesforce(
            session_id="",  # `Http` signs in
            instance_url=http.address,
            version=version.removeprefix("v"),
            session=session(self._transport),
            object_pairs_hook=None,
        )

    @contextmanager
    def asked(self) -> Iterator[Salesforce]:
        """The library's own client. Raises `SalesforceError`: what the library raises quotes addresses and bodies."""
        try:
            yield self._org
        except RefusedThere as error:
            raise SalesforceError(_code(error.content, error.status)) from None
        except SalesforceOperationError:
            raise SalesforceError("JOB_FAILED") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConnectionFailed(
                f"{self.http.name}: an answer is none of Salesforce's. Check address and api_version."
            ) from None

    @contextmanager
    def job(self, kind: str) -> Iterator[SFBulk2Type]:
        """Bulk API 2.0 for one object, for `wait_minutes`. Raises as `asked` does."""
        with self.asked() as org, self._transport.within(self.http.limits.wait_minutes * 60.0):
            yield getattr(org.bulk2, kind)

    def query(self, fields: Sequence[str], kind: str, *conditions: str, rest: str = "") -> list[dict[str, Any]]:
        """The records that meet all conditions, archived ones too, deleted ones not. Raises `ConnectionFailed` where refused."""
        where = " AND ".join(["IsDeleted = false", *conditions])
        soql = f"SELECT {', '.join(fields)} FROM {kind} WHERE {where}{f' {rest}' if rest else ''}"
        try:
            with self.asked() as org:
                return list(org.query_all_iter(soql, include_deleted=True))
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
        place = f"composite/sobjects/{kind}/{id_field}"
        return self._results("PATCH", place, len(records), json=_collection(kind, records))

    def create(self, kind: str, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One SaveResult a record, in their order."""
        found = []
        for start in range(0, len(records), COLLECTION):
            some = records[start : start + COLLECTION]
            found += self._results("POST", "composite/sobjects", len(some), json=_collection(kind, some))
        return found

    def delete(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """One DeleteResult a record, in their order; what is deleted stays in the recycle bin for 15 days."""
        found = []
        for start in range(0, len(ids), COLLECTION):
            some = ids[start : start + COLLECTION]
            params = {"ids": ",".join(some), "allOrNone": "false"}
            found += self._results("DELETE", "composite/sobjects", len(some), params=params)
        return found

    def described(self, kind: str) -> Mapping[str, Any]:
        """What the account may do with an object, and its fields. Raises `SalesforceError`."""
        with self.asked() as org:
            answer = getattr(org, kind).describe()
        return answer if isinstance(answer, dict) else {}

    def _results(self, method: str, place: str, n_rows: int, **more: Any) -> list[dict[str, Any]]:
        with self.asked() as org:
            answer = org.restful(place, method=method, **more)
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


def _collection(kind: str, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"allOrNone": False, "records": [{"attributes": {"type": kind}, **one} for one in records]}


def _code(said: object, status: int) -> str:
    first = said[0] if isinstance(said, list) and said and isinstance(said[0], dict) else {}
    return _plain(first.get("errorCode")) if first else f"HTTP_{status}"


def _plain(code: object) -> str:
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "UNREADABLE"
