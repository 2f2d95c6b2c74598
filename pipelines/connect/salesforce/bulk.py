"""Upserts by Bulk API 2.0: one job, one CSV, one result a row.

developer.salesforce.com, Bulk API 2.0 Developer Guide: "Bulk API 2.0 Ingest". An empty cell changes nothing.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.connect.adapter import Fate, Result
from pipelines.connect.salesforce.api import SalesforceApi
from pipelines.errors import ConnectionFailed

_FIRST_POLL_SECONDS = 1


def bulk_upsert(api: SalesforceApi, kind: str, id_field: str, records: Sequence[Mapping[str, Any]]) -> dict[str, Result]:
    """The fate of each record by its external id. What the job did not come to is to be sent again.

    Raises `ConnectionFailed` where Salesforce falls silent in the middle, and `SalesforceError`.
    """
    found = {str(one[id_field]): Result(str(one[id_field]), Fate.RETRYABLE, code="unprocessed") for one in records}
    with api.job(kind) as bulk:
        for job in bulk.upsert(records=[*map(dict, records)], external_id_field=id_field, wait=_FIRST_POLL_SECONDS):
            accepted, refused = (ask(str(job["job_id"])) for ask in (bulk.get_successful_records, bulk.get_failed_records))
            found |= {row[id_field]: _accepted(row, id_field) for row in _rows(api, accepted)}
            found |= {row[id_field]: _refused(row, id_field) for row in _rows(api, refused)}
    return found


def _accepted(row: Mapping[str, str], id_field: str) -> Result:
    return Result(row[id_field], Fate.CREATED if row.get("sf__Created") == "true" else Fate.UPDATED, row.get("sf__Id"))


def _refused(row: Mapping[str, str], id_field: str) -> Result:
    code = row.get("sf__Error", "").partition(":")[0]
    is_transient = code in ("UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED")
    plain = code if code.isascii() and code.replace("_", "").isalpha() and len(code) <= 60 else "UNREADABLE"
    return Result(row[id_field], Fate.RETRYABLE if is_transient else Fate.REJECTED, code=plain)


def _rows(api: SalesforceApi, text: str) -> list[dict[str, str]]:
    try:
        return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise ConnectionFailed(f"{api.http.name}: the results of a job are no CSV. Run the push again.") from None
