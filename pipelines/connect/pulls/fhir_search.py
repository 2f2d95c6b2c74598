"""Pulls by search, page by page, for a server without bulk export: FHIR R4, 3.1.1 "Search" and 3.1.1.4 "paging".

Pages are asked for in the order of change. A page may show rows again that another has shown; each version is delivered once.
Deletions are not seen by search: a search of all there is tells them by what it does not find.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, cast

import orjson

from models.settings.connectors import FhirConnector, FhirPull
from pipelines.connect.http import Answer, Http
from pipelines.connect.pulls.pulling import Pulling, instant
from pipelines.connect.shape import checked, taken_or
from pipelines.errors import ConnectionFailed
from pipelines.extract.bundles import DELETED

_MANIFEST = "manifest.json"
_GONE = (404, 410)
_STALE_PAGES = 20
"""Pages in a row of nothing but what this pull was shown before, after which paging leads nowhere; more where it began anew."""


def pull(pulling: Pulling, types: list[str]) -> None:
    """Search each type for what changed since."""
    steps = pulling.work.steps
    done: list[str] = steps.setdefault("done", [])
    for kind in types:
        if kind not in done:
            _search(pulling, kind)
            _delete_gone(pulling, kind)
            done.append(kind)
            steps.pop("next", None)
            pulling.work.save()
    output, deleted = (
        [{"type": said or kind, "url": name(kind)} for kind in types if pulling.work.has(name(kind))]
        for said, name in ((None, _file), ("Bundle", _deleted_file))
    )
    if output or deleted:
        facts = {
            "transactionTime": pulling.clock.isoformat(),
            "request": "search",
            "requiresAccessToken": False,
            "output": output,
            "deleted": deleted,
        }
        pulling.work.put(_MANIFEST, json.dumps(facts, indent=1).encode())


def _file(kind: str) -> str:
    return f"{kind}.ndjson"


def _deleted_file(kind: str) -> str:
    return f"{kind}.{DELETED}.ndjson"


def _delete_gone(pulling: Pulling, kind: str) -> None:
    """Say in the export's own form that what a search of all did not find was deleted."""
    for row_id in pulling.gone(kind):
        pulling.work.note_id(kind, row_id, is_there=False)
        if pulling.work.is_new(kind, f"{row_id}\0deleted", pulling.clock.isoformat()):
            entry = {"request": {"method": "DELETE", "url": f"{kind}/{row_id}"}}
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
            pulling.work.append(_deleted_file(kind), json.dumps(bundle).encode() + b"\n")
            pulling.work.count(_deleted_file(kind), DELETED, 1)


def _search(pulling: Pulling, kind: str) -> None:
    """All pages of one type. Where the server has dropped a search half way, it begins anew: from what came last if pages came in
    the order of change, otherwise from the cursor."""
    start, n_seen = pulling.since.get(kind), -1
    while not _is_read(pulling, kind, start):
        if pulling.work.n_seen == n_seen:
            raise ConnectionFailed(
                f"{pulling.name}: the server drops its pages of {kind} before they are read. Ask for fewer rows."
            )
        n_seen = pulling.work.n_seen
        start = instant(pulling.work.steps.pop("reached", None)) or pulling.since.get(kind)


def _is_read(pulling: Pulling, kind: str, start: datetime | None) -> bool:
    """Read page after page; False where the server does not know the next page any more. `reached` is then the newest time of
    change, as long as none came before an older one."""
    steps, http = pulling.work.steps, pulling.http
    place: str = steps.get("next") or _first(pulling, kind, start)
    newest = instant(steps.get("reached")) or start
    is_sorted = "next" not in steps or "reached" in steps
    visited: set[str] = set()
    n_rows, n_stale, most_stale = 0, 0, _STALE_PAGES + pulling.work.n_seen
    while True:
        answer = http.request("GET", place, headers={"accept": "application/fhir+json"}, accept=_GONE)
        pulling.note_clock(answer)
        if answer.status in _GONE:
            if "next" not in steps:
                raise ConnectionFailed(f"{answer.place}: the server has no search of {kind} (HTTP {answer.status}).")
            steps.pop("next")
            return False
        bundle = answer.json()
        n_before = pulling.work.n_seen
        for resource in _resources(bundle, kind, answer):
            changed_at = _changed_at(resource)
            at = instant(changed_at)
            is_sorted = is_sorted and at is not None and (newest is None or at >= newest)
            newest = at if at and (newest is None or at > newest) else newest
            n_rows += _deliver(pulling, kind, resource, changed_at)
        pulling.tell(kind, f"{n_rows:,} rows")
        n_stale = 0 if pulling.work.n_seen > n_before else n_stale + 1
        following = _next(bundle, http.url(place), http, answer)
        if following is None:
            steps.pop("reached", None)
            return True
        mark = hashlib.sha256(following.encode("utf-8", "surrogatepass")).hexdigest()
        if mark in visited or n_stale >= most_stale:
            raise ConnectionFailed(f"{answer.place}: the pages of {kind} lead back to what was read. Ask its vendor.")
        visited.add(mark)
        steps["next"] = place = following
        steps.pop("reached", None)
        if is_sorted and newest:
            steps["reached"] = newest.isoformat()
        pulling.work.save()


def _first(pulling: Pulling, kind: str, since: datetime | None) -> str:
    asked = cast(FhirPull, cast(FhirConnector, pulling.connection.settings).pull)
    changed = ""
    if since:
        changed = f"&_lastUpdated=ge{since.isoformat(timespec='milliseconds').replace('+00:00', 'Z')}"
    return f"{kind}?_count={asked.page_size}&_sort=_lastUpdated{changed}"


def _resources(bundle: object, kind: str, answer: Answer) -> Iterator[dict[str, Any]]:
    """The resources of the type that was asked for; the page may hold others, and messages of the server."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise ConnectionFailed(f"{answer.place}: a search of {kind} is answered by no Bundle. Check the address.")
    for entry in taken_or(bundle, "entry", [], answer.place):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and resource.get("resourceType") == kind:
            yield resource


def _changed_at(resource: dict[str, Any]) -> str:
    meta = resource.get("meta")
    said = meta.get("lastUpdated") if isinstance(meta, dict) else None
    return said if isinstance(said, str) and instant(said) else ""


def _deliver(pulling: Pulling, kind: str, resource: dict[str, Any], changed_at: str) -> bool:
    """Add a resource to the delivery, unless this version of it was delivered."""
    line = _line(resource, kind, pulling.name)
    row = resource.get("id")
    if isinstance(row, str):
        pulling.work.note_id(kind, row)
    key = row if isinstance(row, str) and changed_at else hashlib.sha256(line).hexdigest()
    if not pulling.work.is_new(kind, key, changed_at):
        return False
    pulling.work.append(_file(kind), line)
    pulling.work.count(_file(kind), kind, 1)
    return True


def _line(resource: dict[str, Any], kind: str, name: str) -> bytes:
    try:
        return orjson.dumps(resource, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half a surrogate pair, an endless number: landing says of which row it is
        pass
    try:
        return json.dumps(resource).encode() + b"\n"
    except RecursionError:
        raise ConnectionFailed(f"{name}: a resource of {kind} is nested deeper than can be read. Ask its vendor.") from None


def _next(bundle: dict[str, Any], page: str, http: Http, answer: Answer) -> str | None:
    """The address of the next page, which must be on the same host."""
    for link in taken_or(bundle, "link", [], answer.place):
        if isinstance(link, dict) and link.get("relation") == "next":
            following = http.joined(page, checked(link.get("url"), str, "the link to the next page", answer.place))
            if not http.is_own(following):
                raise ConnectionFailed(
                    f"{answer.place}: the next page is on another host, which is not followed. Ask its vendor."
                )
            return following
    return None
