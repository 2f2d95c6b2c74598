"""Pulls from HubSpot: contacts by list at first, by search for what changed, archived ones as deletions. CRM API v3.

A search shows at most 10,000 rows, however it is paged: each page is a search of its own, for ids beyond the last one.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

from models.settings.connectors import HubspotConnector
from pipelines.connect.adapter import Finding
from pipelines.connect.connectors import Connection
from pipelines.connect.http import Answer, Http, SignIn
from pipelines.connect.pulls.crm_rows import CrmRows
from pipelines.connect.pulls.pulling import Pulling, instant
from pipelines.connect.shape import checked, taken, taken_or
from pipelines.connect.sign_in import Bearer
from pipelines.errors import ConnectionFailed

_OBJECTS = "crm/v3/objects/contacts"
_PAGE = 100
_PAGES = 1_000_000
_COLUMNS = {
    "Record ID": "hs_object_id",
    "MRN": "mrn",
    "First Name": "firstname",
    "Last Name": "lastname",
    "Date of birth": "date_of_birth",
    "Gender": "gender",
    "Email": "email",
    "Mobile Phone Number": "mobilephone",
    "Phone Number": "phone",
    "Street Address": "address",
    "City": "city",
    "State/Region": "state",
    "Postal Code": "zip",
    "Unsubscribed from all email": "hs_email_optout",
    "Create Date": "createdate",
    "Last Modified Date": "lastmodifieddate",
}
"""The columns of HubSpot's own export (layout `hubspot_contacts`) by the property that they show."""


def sign_in(connection: Connection) -> SignIn:
    settings = cast(HubspotConnector, connection.settings)
    return Bearer(connection.secret(settings.sign_in.token), connection.name)


def pull(pulling: Pulling) -> None:
    """Fetch the contacts that changed since, and those that were archived."""
    since, steps = pulling.since.get("contacts"), pulling.work.steps
    rows = CrmRows(pulling, "contacts", [*_COLUMNS])
    if "contacts" not in steps.setdefault("done", []):
        for answer, found in _listed(pulling, archived=False) if since is None else _searched(pulling, since):
            for one in found:
                _add(rows, one, answer)
        _done(pulling, "contacts")
    if "archived" not in steps["done"]:
        for answer, found in _listed(pulling, archived=True):
            for one in found:
                _delete(rows, one, answer, since)
        rows.delete_gone()
        _done(pulling, "archived")


def _done(pulling: Pulling, step: str) -> None:
    pulling.work.steps["done"].append(step)
    pulling.work.steps.pop("after", None)
    pulling.work.save()


def _listed(pulling: Pulling, *, archived: bool) -> Iterator[tuple[Answer, list[Any]]]:
    """Pages of all contacts, or of all archived ones: HubSpot does not search those."""
    params = {"limit": str(_PAGE), "properties": ",".join(_COLUMNS.values()), "archived": str(archived).lower()}
    for n_pages in range(1, _PAGES):
        after = pulling.work.steps.get("after")
        answer = pulling.http.request("GET", _OBJECTS, params=params | ({"after": after} if after else {}))
        pulling.note_clock(answer)
        said = answer.json()
        yield answer, taken(said, "results", list, answer.place)
        pulling.tell("archived contacts" if archived else "contacts", f"page {n_pages:,}")
        following = _after(said, answer)
        if following is None:
            return
        if following == after:
            raise ConnectionFailed(f"{answer.place}: the pages of contacts lead back to what was read.")
        pulling.work.steps["after"] = following
        pulling.work.save()


def _after(said: object, answer: Answer) -> str | None:
    paging = taken_or(said, "paging", {}, answer.place)
    following = taken_or(paging, "next", {}, answer.place)
    return taken(following, "after", str, answer.place) if following else None


def _searched(pulling: Pulling, since: datetime) -> Iterator[tuple[Answer, list[Any]]]:
    """Pages of what changed, by id: nothing that changes meanwhile moves another contact out of sight."""
    changed = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(int(since.timestamp() * 1000))}
    while True:
        last = pulling.work.steps.get("after", "0")
        asked = {
            "filterGroups": [{"filters": [changed, {"propertyName": "hs_object_id", "operator": "GT", "value": last}]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [*_COLUMNS.values()],
            "limit": _PAGE,
        }
        answer = pulling.http.request("POST", f"{_OBJECTS}/search", json=asked, may_repeat=True)
        pulling.note_clock(answer)
        found = taken(answer.json(), "results", list, answer.place)
        yield answer, found
        if not found:
            return
        newest = max(_number(taken(one, "id", str, answer.place), answer) for one in found)
        if newest <= _number(last, answer):
            raise ConnectionFailed(f"{answer.place}: the pages of contacts lead back to what was read.")
        pulling.tell("contacts", f"up to id {newest}")
        pulling.work.steps["after"] = str(newest)
        pulling.work.save()


def _number(text: str, answer: Answer) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ConnectionFailed(f"{answer.place}: the id of a contact is no number, as it should be.")
    return int(text)


def _add(rows: CrmRows, one: object, answer: Answer) -> None:
    row_id, row = taken(one, "id", str, answer.place), _row(one, answer)
    rows.add(row_id, str(row["Last Modified Date"] or row["Create Date"] or ""), row)


def _row(one: object, answer: Answer) -> dict[str, object]:
    properties = taken(one, "properties", dict, answer.place)
    row = {column: properties.get(name) for column, name in _COLUMNS.items()}
    return row | {"Record ID": taken(one, "id", str, answer.place)}


def _delete(rows: CrmRows, one: object, answer: Answer, since: datetime | None) -> None:
    """An archived contact is a deletion; one who had unsubscribed stays, so that nobody writes to that person after all."""
    archived_at, row = taken(one, "archivedAt", str, answer.place), _row(one, answer)
    at = instant(archived_at)
    if at and since and at < since:
        return
    if str(row["Unsubscribed from all email"]).lower() == "true":
        rows.add(taken(one, "id", str, answer.place), archived_at, row)
    else:
        rows.delete(taken(one, "id", str, answer.place), archived_at)


def check(connection: Connection) -> list[Finding]:
    """Whether the token may read contacts, and which columns have no property."""
    with Http(connection.name, connection.settings.address, connection.settings.limits, sign_in(connection)) as http:
        http.request("GET", _OBJECTS, params={"limit": "1"})
        answer = http.request("GET", "crm/v3/properties/contacts", accept=(403,))
        if answer.status == 403:
            return [Finding("permitted: reads contacts", True), Finding("mapped: the properties are not to be seen", True)]
        known = {
            taken(checked(one, dict, "a property", answer.place), "name", str, answer.place)
            for one in taken(answer.json(), "results", list, answer.place)
        }
    lacking = [column for column, name in _COLUMNS.items() if name not in known]
    without = f"; without {', '.join(lacking)}" if lacking else ""
    return [Finding("permitted: reads contacts", True), Finding(f"mapped: contacts{without}", True)]
