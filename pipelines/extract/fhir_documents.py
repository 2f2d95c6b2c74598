"""The resources of a delivered FHIR file in whatever form a server writes them: one a line, Bundles, lists, or one document.

A Bundle's entries are taken apart whatever its type: `searchset`, `collection`, `history`, and `transaction` or `batch` of POST
and PUT requests; its DELETE requests come as a Bundle of deletions (https://hl7.org/fhir/R4/bundle.html). So are the resources in
`Parameters`, which operations answer with, in a `Binary` of FHIR, as which HAPI gives the files of a bulk export, and in an
object around them that is no resource (`{"total": 2, "data": [...]}`), as programs answer, or in a text of such an object, as
databases export JSON. Tables of resources are read by `fhir_tables.py`.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import orjson

from pipelines.extract.bundles import BUNDLE, DELETED
from pipelines.extract.ndjson_scan import DEEPEST
from pipelines.extract.preflight import Limits

Fault = tuple[str | None, str]
"""The wrong field, None for the whole, and the reason."""

_BOM = b"\xef\xbb\xbf"
_FIRST_ELEMENT = re.compile(rb'(?:\xef\xbb\xbf)?\s*(\[\s*)?\{\s*"resourceType"\s*:\s*"([A-Z][A-Za-z]{1,63})"')
"""What servers write first in a resource; in a list, with a bracket before it."""
_IN_AN_OBJECT = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{[^{}\[\]]*"\s*:\s*\[\s*\{\s*"resourceType"\s*:')
"""A list of resources in an object, behind nothing but single values."""
_CONTENT_OF_FHIR = re.compile(rb'"contentType"\s*:\s*"application/(fhir\+)?(nd)?json')
_OPENED = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
_FHIR = re.compile(r"application/(fhir\+)?(nd)?json\b")
_PARAMETERS, _BINARY = "Parameters", "Binary"
_BLANKS = re.compile(r"[ \t\r\n]*")
_BOUNDS = json.JSONDecoder(parse_int=float)
"""Finds where a document ends; what is in it is read by orjson."""
_LARGEST_DOCUMENT = 256 * 2**20
_MOST_DIGITS = 100
_DEEPEST_HOLDER = 8
_BLANK = b" \t\r\n\x0b\x0c\x1e"
"""Around a line; with what begins one in a JSON text sequence (RFC 7464)."""
_OF_LISTS = (b"[", b"]", b",", b"],")
"""What a line holds besides resources where a list was written in lines."""


class Found(NamedTuple):
    """One resource with the number of its line, or with the next number where a line or document holds several.

    `line`: its JSON, where it is a line of its own. `fault` says why there is none. `extract`: DELETED for a bundle of deletions,
    otherwise its type.
    """

    number: int
    resource: dict[str, Any]
    line: bytes | None = None
    fault: Fault | None = None

    @property
    def extract(self) -> object:
        kind = self.resource.get("resourceType")
        return DELETED if kind == BUNDLE else kind


def type_of_start(start: bytes) -> str | None:
    """The type of the first resource, a Bundle for whatever holds several; None where its type is neither first nor in the first
    line."""
    if found := _FIRST_ELEMENT.match(start):
        return BUNDLE if found[1] else _type_of_holder(found[2].decode(), start)
    if _IN_AN_OBJECT.match(start):
        return BUNDLE
    try:
        value = orjson.loads(start.removeprefix(_BOM).lstrip().partition(b"\n")[0])
    except ValueError:
        return None
    kind = value.get("resourceType") if isinstance(value, dict) else None
    return _type_of_holder(kind, start) if is_type(kind) else BUNDLE if held(value) else None


def _type_of_holder(kind: str, start: bytes) -> str:
    holds_several = kind == _PARAMETERS or (kind == _BINARY and _CONTENT_OF_FHIR.search(start))
    return BUNDLE if holds_several else kind


def is_document(start: bytes) -> bool:
    """Whether FHIR begins here that `type_of_start` does not know: its type is further on, or behind a damaged line."""
    return is_json_opened(start) and b'"resourceType"' in start


def is_json_opened(start: bytes) -> bool:
    """Whether an object or a list begins here."""
    return bool(_OPENED.match(start))


def is_type(given: object) -> TypeGuard[str]:
    """Whether this may be the name of a resource type."""
    return isinstance(given, str) and bool(_TYPE.fullmatch(given))


def resources_of(path: Path, limits: Limits, *, is_of_one_type: bool) -> Iterator[Found]:
    """The resources of a file in order; blank lines do not count.

    `is_of_one_type`: each line has to be one resource, so that a row's number is its line's, or the file one or several over
    several lines; a list or a Bundle of anything but deletions is a fault.
    """
    documents = _documents(path, limits)
    if documents and not (is_of_one_type and any(map(_is_several, documents))):
        yield from _numbered(1, (found for one in documents for found in taken_apart(one)))
        return
    with path.open("rb") as content:
        yield from resources_of_lines(lines_of(content, limits.line_bytes), limits, is_of_one_type=is_of_one_type)


def resources_of_lines(lines: Iterable[tuple[int, bytes | None]], limits: Limits, *, is_of_one_type: bool) -> Iterator[Found]:
    """The resources of numbered lines; None for one that is too long."""
    last = 0
    for number, given in lines:
        if given is None:
            yield (found := Found(max(number, last + 1), {}, None, (None, f"is longer than {limits.line_bytes // 2**20} MB")))
            last = found.number
            continue
        # A file that was put together from several may have a mark before each.
        line = given.removeprefix(_BOM).strip(_BLANK)
        if not line or line in _OF_LISTS:
            continue
        first = max(number, last + 1)
        value = _parsed(line)
        if isinstance(value, Found) and line.endswith(b",") and not isinstance(alone := _parsed(line[:-1]), Found):
            line, value = line[:-1], alone
        documents = _following(line) if isinstance(value, Found) and not is_of_one_type else []
        if documents and not any(map(_is_several, documents)):
            several: Iterator[Found] = _numbered(first, ((one, None) for one in documents))
        elif isinstance(value, Found):
            several = iter([value._replace(number=first)])
        elif isinstance(value, dict) and not _holds_several(value):
            several = iter([Found(first, value, line)])
        elif is_of_one_type and not _is_of_deletions(value):
            several = iter([Found(first, *_no_resource(value))])
        else:
            several = _numbered(first, taken_apart(value))
        for found in several:
            yield found
            last = found.number
        last = max(last, first)


def _is_several(value: object) -> bool:
    return not isinstance(value, dict) or (_holds_several(value) and not _is_of_deletions(value))


def _holds_several(value: dict[str, Any]) -> bool:
    kind = value.get("resourceType")
    return kind in (BUNDLE, _PARAMETERS) or (kind == _BINARY and _content_of(value) is not None) or bool(held(value))


def held(value: Any, depth: int = 0) -> list[Any]:
    """The resources in an object that is none, at any depth, in order, with what stands beside them in a list.

    One may be written as text, as databases export a column of JSON."""
    if isinstance(value, dict) and "resourceType" in value:
        return [value] if depth else []
    if isinstance(value, str):
        return held(_parsed_or_none(value), depth) if '"resourceType"' in value else []
    if depth > _DEEPEST_HOLDER or not isinstance(value, dict | list):
        return []
    if isinstance(value, dict):
        return [one for member in value.values() for one in held(member, depth + 1)]
    each = [(one, held(one, depth + 1)) for one in value]
    if not any(within for _, within in each):
        return []
    return [found for one, within in each for found in within or ([] if _is_cell(one) else [one])]


def _is_cell(value: object) -> bool:
    """Whether this is one of the other columns of a row, as BigQuery's API answers: `{"f": [{"v": "1"}, {"v": "{…}"}]}`."""
    return isinstance(value, dict) and value.keys() == {"v"}


def _no_resource(value: object) -> tuple[dict[str, Any], bytes | None, Fault]:
    if isinstance(value, dict):
        return {}, None, ("resourceType", f"is a {value['resourceType']}, in a file of one type")
    return {}, None, (None, "is not a JSON object")


def _numbered(first: int, found: Iterator[tuple[dict[str, Any], Fault | None]]) -> Iterator[Found]:
    for number, (resource, fault) in enumerate(found, first):
        yield Found(number, resource, None, fault)


def taken_apart(value: object) -> Iterator[tuple[dict[str, Any], Fault | None]]:
    """The resources in a parsed document: an object, a list of them, or a resource that holds others."""
    if isinstance(value, list):
        for one in value:
            yield from taken_apart(one)
    elif not isinstance(value, dict):
        yield {}, (None, "is not a JSON object")
    elif value.get("resourceType") == BUNDLE:
        yield from _entries(value)
    elif value.get("resourceType") == _PARAMETERS:
        yield from _in_parameters(value)
    elif value.get("resourceType") == _BINARY and (content := _content_of(value)) is not None:
        yield from _in_content(content)
    elif within := held(value):
        for one in within:
            yield from taken_apart(one)
    else:
        yield value, None


def _in_parameters(value: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Fault | None]]:
    """The resources of parameters and of their parts; the parameters themselves where they hold none."""
    resources = list(_resources_of_parameters(value.get("parameter")))
    for resource in resources:
        yield from taken_apart(resource)
    if not resources:
        yield value, None


def _resources_of_parameters(parameters: object) -> Iterator[dict[str, Any]]:
    for one in parameters if isinstance(parameters, list) else []:
        if isinstance(one, dict):
            if isinstance(resource := one.get("resource"), dict):
                yield resource
            yield from _resources_of_parameters(one.get("part"))


def _content_of(binary: dict[str, Any]) -> bytes | None:
    """The FHIR that a Binary holds; None where it holds anything else."""
    kind, data = binary.get("contentType"), binary.get("data")
    if not isinstance(kind, str) or not isinstance(data, str) or not _FHIR.match(kind):
        return None
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        return None


def _in_content(content: bytes) -> Iterator[tuple[dict[str, Any], Fault | None]]:
    try:
        documents: Iterable[Any] = [orjson.loads(content)]
    except orjson.JSONDecodeError:
        documents = (_parsed(line) for line in content.splitlines() if line.strip())
    for one in documents:
        if isinstance(one, Found):
            yield {}, one.fault
        else:
            yield from taken_apart(one)


def _entries(bundle: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Fault | None]]:
    given = bundle.get("entry") or []
    entries = [entry for entry in given if isinstance(entry, dict)] if isinstance(given, list) else []
    if not isinstance(given, list) or len(entries) < len(given):
        yield {}, ("entry", "should be a list of objects")
    deletions = [entry for entry in entries if _method(entry) == "DELETE"]
    times: dict[object, list[dict[str, Any]]] = {}
    for entry in deletions:
        times.setdefault(_modified(entry) or bundle.get("timestamp"), []).append({"request": entry["request"]})
    for at, requests in times.items():
        yield bundle | {"timestamp": at, "entry": requests}, None
    others = [entry for entry in entries if _method(entry) != "DELETE"]
    for entry in others:
        if isinstance(resource := entry.get("resource"), dict):
            _identify(resource, entry)
    renamed = dict(name for entry in others if (name := _new_name(entry)))
    for entry in others:
        resource = entry.get("resource")
        if not isinstance(resource, dict):
            yield {}, ("entry.resource", "is missing")
            continue
        if renamed:
            rename_references(resource, renamed)
        yield from taken_apart(resource)


def _is_of_deletions(value: object) -> bool:
    """Whether a value is a Bundle that holds DELETE requests and nothing else."""
    if not isinstance(value, dict) or not isinstance(entries := value.get("entry"), list):
        return False
    return all(isinstance(entry, dict) and _method(entry) == "DELETE" for entry in entries)


def _method(entry: dict[str, Any]) -> str | None:
    request = entry.get("request")
    return request.get("method") if isinstance(request, dict) else None


def _modified(entry: dict[str, Any]) -> str | None:
    """When the server did what an entry of a history asks for."""
    response = entry.get("response")
    at = response.get("lastModified") if isinstance(response, dict) else None
    return at if isinstance(at, str) else None


def _identify(resource: dict[str, Any], entry: dict[str, Any]) -> None:
    """Give a resource without an id that of its entry: of the URL to PUT it to, or the UUID that other entries know it by."""
    request = entry.get("request")
    url = request.get("url") if isinstance(request, dict) and request.get("method") == "PUT" else None
    for place in (url, entry.get("fullUrl")):
        if not resource.get("id") and isinstance(place, str) and "?" not in place:
            resource["id"] = _last_part(place)


def _new_name(entry: dict[str, Any]) -> tuple[str, str] | None:
    """How entries refer to a resource; its type and id as well, if the reference does not contain its id."""
    resource, url = entry.get("resource"), entry.get("fullUrl")
    if not isinstance(resource, dict) or not isinstance(url, str) or _last_part(url) == resource.get("id"):
        return None
    return url, f"{resource.get('resourceType')}/{resource.get('id')}"


def _last_part(url: str) -> str:
    return url.replace(":", "/").rpartition("/")[2]


def rename_references(value: Any, names: dict[str, str]) -> None:
    """Replace, in place and at any depth, each `reference` that has a new name."""
    if isinstance(value, dict):
        if isinstance(reference := value.get("reference"), str) and reference in names:
            value["reference"] = names[reference]
        for part in value.values():
            rename_references(part, names)
    elif isinstance(value, list):
        for part in value:
            rename_references(part, names)


def _documents(path: Path, limits: Limits) -> list[Any]:
    """What is written in a file as one document over several lines, as several one after the other, or in one line too long for
    NDJSON; nothing if it is not so."""
    if path.stat().st_size > _LARGEST_DOCUMENT:
        return []
    with path.open("rb") as content:
        first = next((line for _, line in lines_of(content, limits.line_bytes) if line is None or line.strip()), b"")
    if first is not None:
        try:
            orjson.loads(first.removeprefix(_BOM))
            return []
        except orjson.JSONDecodeError:
            pass
    content_of_all = path.read_bytes().removeprefix(_BOM)
    try:
        return [orjson.loads(content_of_all)]
    except orjson.JSONDecodeError:
        return _following(content_of_all)


def _following(content: bytes) -> list[Any]:
    """The documents that follow each other, with nothing but blanks and line ends of any kind between; none if one is no JSON."""
    documents, at = [], 0
    try:
        text = content.decode()
        while (begins := _BLANKS.match(text, at)) and begins.end() < len(text):
            _, at = _BOUNDS.raw_decode(text, begins.end())
            documents.append(orjson.loads(text[begins.end() : at]))
    except (ValueError, RecursionError):
        return []
    return documents


def lines_of(content: Any, longest: int) -> Iterator[tuple[int, bytes | None]]:
    """Each line with its number; None for a line longer than `longest`. Never holds more than `longest` bytes of a line."""
    number = 0
    while line := content.readline(longest + 1):
        number += 1
        is_long = len(line) > longest and not line.endswith(b"\n")
        while is_long and (rest := content.readline(longest)) and not rest.endswith(b"\n"):
            pass
        yield number, None if is_long else line


def _parsed(line: bytes) -> Any:
    """The value of a line of JSON; a `Found` without a number but with the fault, where it is not JSON."""
    if b"\x00" in line:
        return Found(0, {}, None, (None, "holds a NUL byte"))
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if "infinity" not in error.msg:
            return Found(0, {}, None, (None, _in_words(error)))
        return json.loads(line, parse_int=whole)


def _parsed_or_none(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def whole(digits: str) -> int | float:
    """Python refuses to parse an int with thousands of digits; as a float, such a number is infinite."""
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


def _in_words(error: orjson.JSONDecodeError) -> str:
    """orjson's message gives position and cause, and contains nothing from the line."""
    if "unexpected end of data" in error.msg:
        return "is cut off: the JSON ends too early"
    if "depth limit" in error.msg:
        return f"is nested more than {DEEPEST:,} levels deep"
    if "UTF-8" in error.msg:
        return "is not valid UTF-8"
    return f"is not valid JSON at character {error.pos + 1:,}"
