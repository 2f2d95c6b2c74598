"""A bulk export: kick-off, wait, manifest, files. FHIR Bulk Data Access 2.0, "Bulk Data Export Operation Request Flow".

What a killed pull goes on with is the export's status address: the server keeps the export, and a second one would be refused or
cost it as much again. The manifest that is delivered names the files as they lie beside it, without the server's addresses, which
may carry a signature in their query.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from models.settings.connectors import FhirConnector, FhirPull, checked_address
from pipelines.connect.http import Answer, NoAnswer, Refused, TooBusy, retry_after
from pipelines.connect.pulls.pulling import Pulling, instant
from pipelines.connect.shape import taken, taken_or
from pipelines.errors import ConnectionFailed
from pipelines.extract.bundles import DELETED

_GONE = (404, 410)
_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 2.0, 120.0
_MANIFESTS, _FILES, _TRIES = 10_000, 200_000, 3
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_OUTCOME = "OperationOutcome"


class Expired(ConnectionFailed):
    """The server does not know the export any more."""


@dataclass
class _File:
    name: str
    kind: str
    url: str
    count: int | None = None


@dataclass
class _Manifest:
    at: datetime
    is_signed: bool
    output: list[_File] = field(default_factory=list)
    deleted: list[_File] = field(default_factory=list)
    error: list[_File] = field(default_factory=list)

    @property
    def files(self) -> list[_File]:
        return [*self.output, *self.deleted, *self.error]


def pull(pulling: Pulling, types: list[str]) -> None:
    """Export what changed since. Types that were never pulled are exported whole, by an export of their own."""
    done: list[int] = pulling.work.steps.setdefault("done", [])
    for number, (since, of_group) in enumerate(_groups(pulling, types), start=1):
        if number in done:
            continue
        try:
            _export(pulling, of_group, since, number)
        except Expired:
            _forget(pulling, number)
            _export(pulling, of_group, since, number)
        done.append(number)
        pulling.work.steps.pop("status", None)
        pulling.work.save()
    pulling.cleanup += pulling.work.steps.get("jobs", [])
    pulling.until.update(
        {kind: datetime.fromisoformat(at) for kind, at in pulling.work.steps.get("until", {}).items() if kind in types}
    )


def _groups(pulling: Pulling, types: list[str]) -> list[tuple[datetime | None, list[str]]]:
    """Types by the instant from which on they are asked for: one export each."""
    by_since: dict[datetime | None, list[str]] = {}
    for kind in types:
        by_since.setdefault(pulling.since.get(kind), []).append(kind)
    if len(by_since) > 2:  # what was pulled at different times is asked for from the earliest on: it lands once
        dated = [since for since in by_since if since is not None]
        earliest = min(dated)
        by_since = {None: by_since.get(None, []), earliest: [kind for since in dated for kind in by_since[since]]}
    return [(since, kinds) for since, kinds in by_since.items() if kinds]


def _export(pulling: Pulling, types: list[str], since: datetime | None, number: int) -> None:
    steps = pulling.work.steps
    if "status" not in steps:
        steps["status"] = _kick_off(pulling, types, since)
        steps.setdefault("jobs", []).append(steps["status"])
        pulling.work.save()
    manifest = _manifest(pulling, _waited_for(pulling, steps["status"]), number, types)
    for name in pulling.work.names(f"{number}-") - {file.name for file in manifest.files}:
        pulling.work.drop(name)  # an earlier manifest of this export called its files otherwise
    for place, file in enumerate(manifest.files, start=1):
        if not pulling.work.has(file.name) and file.name not in steps.get("empty", []):
            pulling.tell("export", f"file {place:,} of {len(manifest.files):,}")
            _fetch(pulling, file, manifest)
            pulling.work.save()
    _write_manifest(pulling, manifest, number)
    for kind in types:
        steps.setdefault("until", {})[kind] = manifest.at.isoformat()
    if not manifest.files:
        pulling.work.drop(_manifest_name(number))


def _forget(pulling: Pulling, number: int) -> None:
    """Take back what an export delivered that the server has dropped: its other files are not to be had."""
    pulling.work.steps.pop("status", None)
    for name in pulling.work.names(f"{number}-"):
        pulling.work.drop(name)
    pulling.work.save()


def _kick_off(pulling: Pulling, types: list[str], since: datetime | None) -> str:
    """Start an export, and answer its status address."""
    settings = cast(FhirConnector, pulling.connection.settings)
    asked = cast(FhirPull, settings.pull)
    place = {"system": "$export", "patient": "Patient/$export", "group": f"Group/{asked.group}/$export"}[asked.level]
    params = {"_type": ",".join(types), "_outputFormat": "application/fhir+ndjson"}
    if since:
        params["_since"] = since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    headers = {"accept": "application/fhir+json", "prefer": "respond-async"}
    pulling.tell("export", "asking for it")
    answer = pulling.http.request("GET", place, params=params, headers=headers, may_repeat=False)
    pulling.note_clock(answer)
    where = answer.headers.get("content-location") or answer.headers.get("location")
    if answer.status != 202 or not where:
        raise ConnectionFailed(
            f"{answer.place}: HTTP {answer.status} instead of an export that has begun. Without bulk export, write method = "
            '"search".'
        )
    status = pulling.http.joined(place, where)
    if not pulling.http.is_own(status):
        raise ConnectionFailed(
            f"{answer.place}: the export's status is on another host, which gets no credentials. Ask its vendor."
        )
    return status


def _waited_for(pulling: Pulling, status: str) -> list[object]:
    """The manifest's parts, once the export is ready. Raises `Expired` where the server does not know it any more."""
    wait = _FIRST_POLL_SECONDS
    while True:
        answer = _asked(pulling, status)
        if answer.status == 200:
            return _all_parts(pulling, answer)
        pulling.note_clock(answer)
        pulling.tell("export", _progress(answer.headers.get("x-progress", "")))
        pulling.http.pause(retry_after(answer, wait), f"{answer.place}: the export is not ready; a pull goes on with it. It")
        wait = min(wait * 1.5, _LONGEST_POLL_SECONDS)


def _asked(pulling: Pulling, status: str) -> Answer:
    answer = pulling.http.request("GET", status, headers={"accept": "application/json"}, accept=(*_GONE, 500, 501))
    if answer.status in _GONE:
        raise Expired(f"{answer.place}: the export is gone (HTTP {answer.status}), twice. Try again later.")
    if answer.status >= 500:  # "the operation itself failed": the next pull must begin another
        pulling.work.steps.pop("status", None)
        pulling.work.save()
        raise Refused(
            f"{answer.place}: the export failed (HTTP {answer.status}). Run the pull again; ask its vendor.", answer.status
        )
    if answer.status not in (200, 202):
        raise Refused(f"{answer.place} answered HTTP {answer.status} about an export.", answer.status)
    return answer


def _all_parts(pulling: Pulling, answer: Answer) -> list[object]:
    """A manifest, and those that its `link` of relation `next` leads to."""
    parts, known = [answer.json()], set()
    while True:
        links = taken_or(parts[-1], "link", [], answer.place)
        following = [
            taken(one, "url", str, answer.place) for one in links if isinstance(one, dict) and one.get("relation") == "next"
        ]
        if not following:
            return parts
        if following[0] in known or len(parts) >= _MANIFESTS or not pulling.http.is_own(following[0]):
            raise ConnectionFailed(f"{answer.place}: the manifest's pages lead back, without end, or to another host.")
        known.add(following[0])
        parts.append(_asked(pulling, following[0]).json())


def _progress(said: str) -> str:
    """The percentage in the server's words, which are free text otherwise."""
    found = re.search(r"(?<![\d.])\d{1,3}(\.\d+)? ?%", said)
    return f"{found[0]} ready" if found else "being made"


def _manifest(pulling: Pulling, parts: list[object], number: int, types: list[str]) -> _Manifest:
    place = f"{pulling.name}: the manifest"
    at = instant(taken(parts[0], "transactionTime", str, place))
    if at is None:
        raise ConnectionFailed(f"{place} has no transactionTime. Its rows could not be put in order.")
    manifest = _Manifest(at, taken_or(parts[0], "requiresAccessToken", True, place))
    for part in parts:
        for entry in taken(part, "output", list, place):
            manifest.output.append(_file(pulling, entry, place, number, len(manifest.files), None))
        for entry in taken_or(part, "deleted", [], place):
            manifest.deleted.append(_file(pulling, entry, place, number, len(manifest.files), DELETED))
        for entry in taken_or(part, "error", [], place):
            manifest.error.append(_file(pulling, entry, place, number, len(manifest.files), _OUTCOME))
        if len(manifest.files) > _FILES:
            raise ConnectionFailed(f"{place} names more than {_FILES:,} files. Ask for fewer types.")
    if others := sorted({file.kind for file in manifest.output} - set(types) - {_OUTCOME}):
        raise ConnectionFailed(f"{place} has files of types that were not asked for: {', '.join(others[:5])}. Ask its vendor.")
    return manifest


def _file(pulling: Pulling, entry: object, place: str, number: int, n_before: int, kind: str | None) -> _File:
    """One file of the manifest, under a name of our own: what the server calls it is no name for a file here."""
    url, said = taken(entry, "url", str, place), taken_or(entry, "type", "", place)
    if kind is None and not _TYPE.fullmatch(said):
        raise ConnectionFailed(f"{place} has a file whose type is no resource type. Ask its vendor.")
    _checked_host(pulling, url, place)
    count = entry.get("count") if isinstance(entry, dict) else None
    # By the address without its query, which is signed anew each time: after a kill the same file has the same name.
    mark = hashlib.sha256(f"{n_before}\0{url.partition('?')[0]}".encode()).hexdigest()[:8]
    return _File(
        f"{number}-{n_before + 1:05}-{mark}.{kind or said}.ndjson", kind or said, url, count if isinstance(count, int) else None
    )


def _checked_host(pulling: Pulling, url: str, place: str) -> None:
    """Files lie on the server's own host, or on one that the settings name: an answer sends us nowhere else."""
    asked = cast(FhirPull, cast(FhirConnector, pulling.connection.settings).pull)
    try:
        checked_address(url.partition("?")[0])
        is_known = pulling.http.is_own(url) or (urlsplit(url).hostname or "") in asked.file_hosts
    except ValueError:
        is_known = False
    if not is_known:
        host = re.sub(r"[^A-Za-z0-9.:-]", "", urlsplit(url.partition("?")[0]).hostname or "")[:100] or "of no name"
        raise ConnectionFailed(f"{place} has files on host {host}. If that is right, add it to file_hosts in connectors.toml.")


def _fetch(pulling: Pulling, file: _File, manifest: _Manifest) -> None:
    """Fetch one file into the delivery; what breaks off is fetched again from its beginning."""
    is_own = pulling.http.is_own(file.url)
    if manifest.is_signed and not is_own:
        raise ConnectionFailed(f"{pulling.name}: files on another host need the account's token, which goes to no other host.")
    for attempt in range(1, _TRIES + 1):
        pulling.work.drop(file.name)
        try:
            _fetch_once(pulling, file)
            return
        except (NoAnswer, TooBusy):
            if attempt == _TRIES:
                pulling.work.drop(file.name)
                raise


def _fetch_once(pulling: Pulling, file: _File) -> None:
    n_lines, begun, last = 0, b"", b"\n"
    headers = {"accept": "application/fhir+ndjson"}
    with pulling.http.stream(file.url, headers=headers, accept=(403, *_GONE)) as (answer, pieces):
        if answer.status in (403, *_GONE):
            pulling.work.drop(file.name)
            raise Expired(f"{answer.place}: a file of the export is not to be had (HTTP {answer.status}). Try again later.")
        for piece in pieces:
            begun = begun or piece.lstrip()[:1]
            if begun and begun != b"{":
                pulling.work.drop(file.name)
                raise ConnectionFailed(f"{answer.place}: a file of the export is not NDJSON. Ask its vendor.")
            n_lines += piece.count(b"\n")
            last = piece[-1:] or last
            pulling.work.append(file.name, piece)
    if not begun:
        pulling.work.drop(file.name)  # landing waits for a file without content to be filled
        pulling.work.steps.setdefault("empty", []).append(file.name)
    elif last != b"\n":
        n_lines += 1
        pulling.work.append(file.name, b"\n")
    if file.count is not None and n_lines < file.count:
        pulling.work.drop(file.name)
        raise NoAnswer(f"{pulling.name}: a file of the export has {n_lines:,} lines instead of {file.count:,}. Try again.")
    pulling.work.count(file.name, file.kind, n_lines)


def _write_manifest(pulling: Pulling, manifest: _Manifest, number: int) -> None:
    def listed(files: list[_File]) -> list[dict[str, Any]]:
        named = [file for file in files if pulling.work.has(file.name)]
        return [
            {"type": "Bundle" if file.kind == DELETED else file.kind, "url": file.name}
            | ({} if file.count is None else {"count": file.count})
            for file in named
        ]

    facts = {
        "transactionTime": manifest.at.isoformat(),
        "request": "$export",
        "requiresAccessToken": False,
        "output": listed(manifest.output),
        "deleted": listed(manifest.deleted),
        "error": listed(manifest.error),
    }
    pulling.work.put(_manifest_name(number), json.dumps(facts, indent=1).encode())


def _manifest_name(number: int) -> str:
    return f"{number}-manifest.json"
