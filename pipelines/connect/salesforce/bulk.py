"""Upserts by Bulk API 2.0: one job, one CSV, one result a row.

developer.salesforce.com, Bulk API 2.0 Developer Guide: "Bulk API 2.0 Ingest". An empty cell changes nothing.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.connect.adapter import Fate, Result
from pipelines.connect.salesforce.api import SalesforceApi
from pipelines.connect.shape import taken
from pipelines.errors import ConnectionFailed

_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 1.0, 30.0
_OVER = frozenset({"JobComplete", "Failed", "Aborted"})


def bulk_upsert(api: SalesforceApi, kind: str, id_field: str, records: Sequence[Mapping[str, Any]]) -> dict[str, Result]:
    """The fate of each record by its external id. What the job did not come to is to be sent again.

    Raises `ConnectionFailed` where Salesforce falls silent in the middle, and `SalesforceError`.
    """
    columns = list(dict.fromkeys(name for one in records for name in one))
    asked = {"object": kind, "operation": "upsert", "externalIdFieldName": id_field, "lineEnding": "LF"}
    job = taken(api.ask("POST", "jobs/ingest", json=asked), "id", str, api.http.name)
    place = f"jobs/ingest/{job}"
    api.sent("PUT", f"{place}/batches", content=_written(columns, records), headers={"content-type": "text/csv"})
    api.ask("PATCH", place, json={"state": "UploadComplete"})
    _await(api, place)
    found = {str(one[id_field]): Result(str(one[id_field]), Fate.RETRYABLE, code="unprocessed") for one in records}
    for row in _read(api, f"{place}/successfulResults"):
        fate = Fate.CREATED if row.get("sf__Created") == "true" else Fate.UPDATED
        found[row[id_field]] = Result(row[id_field], fate, row.get("sf__Id"))
    for row in _read(api, f"{place}/failedResults"):
        code = row.get("sf__Error", "").partition(":")[0]
        is_transient = code in ("UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED")
        plain = code if code.isascii() and code.replace("_", "").isalpha() and len(code) <= 60 else "UNREADABLE"
        found[row[id_field]] = Result(row[id_field], Fate.RETRYABLE if is_transient else Fate.REJECTED, code=plain)
    return found


def _await(api: SalesforceApi, place: str) -> None:
    seconds = _FIRST_POLL_SECONDS
    while taken(api.ask("GET", place), "state", str, api.http.name) not in _OVER:
        api.http.pause(seconds)
        seconds = min(_LONGEST_POLL_SECONDS, seconds * 2)


def _written(columns: Sequence[str], records: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    lines = csv.DictWriter(text, columns, lineterminator="\n")
    lines.writeheader()
    lines.writerows(records)
    return text.getvalue().encode()


def _read(api: SalesforceApi, place: str) -> list[dict[str, str]]:
    content = api.sent("GET", place).content
    try:
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise ConnectionFailed(f"{api.http.name}: the results of a job are no CSV. Run the push again.") from None
