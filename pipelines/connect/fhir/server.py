"""What the adapter asks of a FHIR server: searches by identifier, and batches in which every resource has its own answer.

Searches are posted: an address is logged by servers, and must not hold the ids of patients.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pipelines.connect.adapter import BatchRefused, Fate, Result
from pipelines.connect.fhir.resources import Resource
from pipelines.connect.http import Http, Refused

_JSON = {"accept": "application/fhir+json", "content-type": "application/fhir+json"}
_FORM = {"accept": "application/fhir+json"}
_AT_ONCE = 50
_BUSY = ("429", "502", "503", "504")
_CONFLICTS = ("409", "412")


@dataclass(frozen=True)
class Server:
    http: Http

    def found(self, resource_type: str, parameter: str, values: Collection[str], **rest: str) -> Iterator[Resource]:
        """The resources that have one of the values in a search parameter."""
        wanted = sorted(values)
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            yield from self.search(resource_type, {parameter: ",".join(some), "_count": "1000", **rest})

    def search(self, resource_type: str, parameters: Mapping[str, str]) -> list[Resource]:
        """One page of a search."""
        answer = self.http.request("POST", f"{resource_type}/_search", form=dict(parameters), headers=_FORM, may_repeat=True)
        entries = answer.json().get("entry") or []
        return [one["resource"] for one in entries if one.get("resource", {}).get("resourceType") == resource_type]

    def put(self, wanted: Sequence[tuple[str, Resource, str]]) -> list[Result]:
        """Make or change resources: each is `(external id, resource, search by which it is known)`. One that has an id is
        changed if nobody changed it since; another is made if the search finds none.

        Raises `BatchRefused` where the server takes none of them.
        """
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": [_entry(*one) for one in wanted]}
        try:
            # Sent again, a create finds what it made, and a change the version that it made: both change nothing.
            answer = self.http.request("POST", "", json=bundle, headers=_JSON, may_repeat=True)
        except Refused as refused:
            if refused.status in (400, 413, 422):
                raise BatchRefused(str(refused.status)) from None
            raise
        entries = answer.json().get("entry") or []
        return [_result(one[0], one[1], entry) for one, entry in zip(wanted, entries, strict=False)]


def _entry(external_id: str, resource: Resource, known_by: str) -> dict[str, Any]:
    kind = resource["resourceType"]
    if "id" in resource:
        request = {"method": "PUT", "url": f"{kind}/{resource['id']}"}
        if version := resource.get("meta", {}).get("versionId"):
            request["ifMatch"] = f'W/"{version}"'
        return {"resource": resource, "request": request}
    return {"resource": resource, "request": {"method": "POST", "url": kind, "ifNoneExist": known_by}}


def _result(external_id: str, resource: Resource, entry: Any) -> Result:
    said = entry.get("response", {}) if isinstance(entry, dict) else {}
    status = str(said.get("status", ""))[:3]
    place = str(said.get("location", "")).partition("/_history")[0].rpartition("/")[2] or resource.get("id")
    if status in ("200", "201"):
        return Result(external_id, Fate.CREATED if status == "201" else Fate.UPDATED, place)
    if status in _BUSY or status in _CONFLICTS or not status:
        return Result(external_id, Fate.RETRYABLE, code=status or "no_answer")
    issues = (said.get("outcome") or {}).get("issue") or [{}]
    code = issues[0].get("code") if isinstance(issues[0], dict) else None
    return Result(external_id, Fate.REJECTED, code=f"{status}.{code}" if code else status)


def query(**parameters: str) -> str:
    return urlencode(parameters)
