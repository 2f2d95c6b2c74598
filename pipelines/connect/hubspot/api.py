"""HubSpot's CRM API: batches of 100, answers that are refused in part (HTTP 207), and their errors.

developers.hubspot.com: "Error handling" (multi-status errors, `objectWriteTraceId`), "Create or update a batch of tasks by unique
property values", "Associations v4", "Lists". An error's message quotes what was sent: only its category is read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pipelines.connect.http import Answer, Http, Refused
from pipelines.connect.shape import taken, taken_or
from pipelines.errors import ConnectionFailed

BATCH = 100
"""The most inputs of a batch."""
_ERRORS = (400, 403, 404, 409)
_CATEGORY = re.compile(r"[A-Z][A-Z_]{2,59}")


class HubspotError(Exception):
    """A call was refused as a whole. `category` is HubSpot's, `VALIDATION_ERROR`."""

    def __init__(self, category: str, status: int) -> None:
        super().__init__(category)
        self.category, self.status = category, status


class HubspotApi:
    """One account, as far as the private app may see it. Raises `ConnectionFailed` where it does not answer."""

    def __init__(self, http: Http) -> None:
        self.http = http

    def ask(self, method: str, place: str, *, json: object = None, reads: bool = False, **params: str) -> dict[str, Any]:
        """The answer as an object. `reads`: nothing is changed, so the call may be repeated. Raises `HubspotError`."""
        repeats = True if reads or method == "GET" else None
        answer = self.http.request(method, place, json=json, params=params or None, accept=_ERRORS, may_repeat=repeats)
        if answer.status >= 400:
            raise HubspotError(_category(answer), answer.status)
        said = {} if answer.status == 204 else answer.json()
        return said if isinstance(said, dict) else {}

    def read(
        self, kind: str, ids: Iterable[str], properties: Sequence[str], id_property: str | None = None, *, archived: bool = False
    ) -> list[dict[str, Any]]:
        """The objects that are there; who is not there is missing, as is who is archived unless that is asked for."""
        found: list[dict[str, Any]] = []
        for some in in_parts(sorted(ids)):
            body: dict[str, Any] = {"inputs": [{"id": one} for one in some], "properties": [*properties]}
            body |= {"idProperty": id_property} if id_property else {}
            asked = {"archived": "true"} if archived else {}
            found += self._found(kind, f"crm/v3/objects/{kind}/batch/read", body, **asked)
        return found

    def search(self, kind: str, filters: Sequence[Mapping[str, str]], properties: Sequence[str]) -> list[dict[str, Any]]:
        """A page of what meets all filters, in the order of ids."""
        body = {
            "filterGroups": [{"filters": [*filters]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [*properties],
            "limit": BATCH,
        }
        return self._found(kind, f"crm/v3/objects/{kind}/search", body)

    def associated(self, ids: Iterable[str]) -> dict[str, set[str]]:
        """The contacts that each task is about."""
        found: dict[str, set[str]] = {}
        for some in in_parts(sorted(ids)):
            body = {"inputs": [{"id": one} for one in some]}
            for one in self._found("tasks", "crm/v4/associations/tasks/contacts/batch/read", body):
                contacts = taken(one, "to", list, self.http.name)
                found[str(taken(one, "from", dict, self.http.name).get("id"))] = {str(to.get("toObjectId")) for to in contacts}
        return found

    def _found(self, kind: str, place: str, body: object, **params: str) -> list[dict[str, Any]]:
        try:
            return taken_or(self.ask("POST", place, json=body, reads=True, **params), "results", [], self.http.name)
        except HubspotError as error:
            raise Refused(f"{self.http.name}: {kind} cannot be read ({error.category}). {RIGHTS}", error.status) from None


RIGHTS = "Give the private app the scopes that docs/connections.md lists."


def in_parts(things: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(things), BATCH):
        yield things[start : start + BATCH]


def category_of(error: object) -> str:
    """The category of an error, or of one of those of a 207."""
    said = error.get("category") if isinstance(error, Mapping) else None
    return said if isinstance(said, str) and _CATEGORY.fullmatch(said) else "UNREADABLE"


def _category(answer: Answer) -> str:
    try:
        return category_of(answer.json())
    except ConnectionFailed:
        return f"HTTP_{answer.status}"
