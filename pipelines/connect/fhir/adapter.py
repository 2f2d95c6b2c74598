"""Tasks, messages and the list to an EHR over FHIR R4, and what came of them back.

A row is looked up by its identifier first. What the EHR holds is merged, never replaced: an element that we do not say stays, a
task that somebody has taken up stays taken up, one that is done stays done.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, cast

from models.extracts.crm import CHANNELS
from models.settings.connectors import FhirConnector
from models.settings.push import FhirPush
from pipelines.connect.adapter import Capabilities, Fate, Finding, Outcome, Outcomes, Result, Standing, Task
from pipelines.connect.charting import Entry
from pipelines.connect.connectors import Connection
from pipelines.connect.fhir import resources
from pipelines.connect.fhir.outcomes import outcome_of, standing_of
from pipelines.connect.fhir.resources import LIST, MESSAGE, TASK, TODO, Resource
from pipelines.connect.fhir.server import Server, query
from pipelines.connect.http import Http
from pipelines.connect.sending import matched

_FIELDS = frozenset(one.name for one in fields(Task)) - {"external_id", "contact_id", "priority_rank"}
_PAGE = 100
_LARGEST_BATCH = 100


@dataclass(frozen=True)
class FhirAdapter:
    """The adapter. `messages` are the channels for which a CommunicationRequest leaves instead of a task."""

    server: Server
    messages: frozenset[str] = frozenset()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            "fhir", _LARGEST_BATCH, _FIELDS, has_lists=True, has_opt_outs=True, has_outcomes=True, sent_at_once=self.messages
        )

    def check(self) -> list[Finding]:
        said = self.server.http.request("GET", "metadata", headers={"accept": "application/fhir+json"}).json()
        version = str(said.get("fhirVersion", ""))[:10]
        is_r4 = version.startswith("4.0")
        next_step = "" if is_r4 else "Give the address of the server's R4 endpoint."
        found = [Finding(f"FHIR R4: {version or 'no version said'}", is_r4, next_step)]
        self.server.search(TODO, {"_count": "1"})
        return [*found, Finding("tasks may be searched", True)]

    def ids(self, contact_ids: Collection[str]) -> Mapping[str, str]:
        return {one["id"]: one["id"] for one in self.server.found("Patient", "_id", contact_ids)}

    def upsert(self, rows: Sequence[Task]) -> list[Result]:
        held = self._held([row.external_id for row in rows])
        results, wanted = {}, []
        for row in rows:
            said = resources.message(row) if row.channel in self.messages else resources.task(row)
            there = held.get(row.external_id)
            merged = said if there is None else _merged(there, said)
            if there is not None and merged == there:
                results[row.external_id] = Result(row.external_id, Fate.UNCHANGED, there["id"])
            else:
                wanted.append((row.external_id, merged, query(identifier=f"{TASK}|{row.external_id}")))
        if wanted:
            results |= {result.external_id: result for result in self.server.put(wanted)}
        return [results[row.external_id] for row in rows if row.external_id in results]

    def standing(self, external_ids: Collection[str]) -> Mapping[str, Standing]:
        found = {one: standing_of(held) for one, held in self._held(external_ids).items()}
        return {one: standing for one, standing in found.items() if standing is not None}

    def withdraw(self, external_ids: Sequence[str]) -> list[Result]:
        held = self._held(external_ids)
        results, wanted = {}, []
        for one in external_ids:
            there = held.get(one)
            if there is None or standing_of(there) is not Standing.OPEN:
                results[one] = Result(one, Fate.UNCHANGED, there["id"] if there else None)
            else:
                status = "cancelled" if there["resourceType"] == TODO else "revoked"
                why = {"coding": [{"system": resources.WITHDRAWN, "code": "withdrawn"}]}
                wanted.append((one, resources.checked(there | {"status": status, "statusReason": why}), ""))
        if wanted:
            for result in self.server.put(wanted):
                is_done = result.fate is Fate.UPDATED
                results[result.external_id] = Result(result.external_id, Fate.WITHDRAWN, result.remote_id) if is_done else result
        return [results[one] for one in external_ids if one in results]

    def set_list(self, name: str, add: Collection[str], remove: Collection[str]) -> list[Result]:
        held = self.server.search("Group", {"identifier": f"{LIST}|{name}"})
        there = held[0] if held else None
        members = {one["entity"]["reference"].partition("/")[2] for one in (there or {}).get("member", [])}
        wanted = resources.group(name, sorted((members | set(add)) - set(remove)))
        merged = wanted if there is None else {name: value for name, value in there.items() if name != "member"} | wanted
        (result,) = self.server.put([(name, merged, query(identifier=f"{LIST}|{name}"))])
        return [Result(one, result.fate, code=result.code) for one in (*add, *remove)]

    def outcomes(self, cursor: str | None) -> Outcomes:
        """Tasks first, then the messages that the EHR sent for our requests: a cursor and a page of each."""
        read = json.loads(cursor) if cursor else {}
        rows: list[Outcome] = []
        is_last = True
        for kind in (TODO, MESSAGE, "Communication"):
            changed, read[kind], is_end = self._changed(kind, read.get(kind, {}))
            rows += [told for one in changed if (told := self._told(one)) is not None]
            is_last = is_last and is_end
        return Outcomes(sorted(rows, key=lambda row: row.updated_at), json.dumps(read, sort_keys=True), is_last)

    def opt_outs(self, contact_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        patients = self.server.found("Patient", "_id", contact_ids)
        vouched = {one["id"] for one in patients if one.get("active", True) and not _is_dead(one)}
        refused: dict[str, set[str]] = {one: set() for one in vouched}
        references = {f"Patient/{one}" for one in vouched}
        for consent in self.server.found("Consent", "patient", references, status="active"):
            person = str(consent.get("patient", {}).get("reference", "")).partition("/")[2]
            if person in refused and consent.get("provision", {}).get("type") == "deny":
                refused[person] |= _channels_of(consent)
        return {one: frozenset(channels) for one, channels in refused.items()}

    def chart(self, entries: Sequence[Entry], gaps_as: str) -> list[Result]:
        """Scores and gaps by conditional update (`pipelines/connect/chart.py`)."""
        wanted = []
        for entry in entries:
            resource = resources.chart_entry(entry.content, gaps_as, is_closed=entry.is_closed)
            system, value = resource["identifier"][0]["system"], resource["identifier"][0]["value"]
            wanted.append((entry.key, resource, query(identifier=f"{system}|{value}")))
        held = self._held_in_charts([resource for _, resource, _ in wanted])
        merged = [(key, held.get(resource["identifier"][0]["value"], {}) | resource, known) for key, resource, known in wanted]
        return matched([entry.key for entry in entries], self.server.put(merged))

    def _held_in_charts(self, wanted: Sequence[Resource]) -> dict[str, Resource]:
        """By the identifier's value, id and version of what the charts have already."""
        held: dict[str, Resource] = {}
        for kind in {resource["resourceType"] for resource in wanted}:
            found = [resource["identifier"][0] for resource in wanted if resource["resourceType"] == kind]
            for resource in self.server.found(kind, "identifier", {f"{one['system']}|{one['value']}" for one in found}):
                held[resource["identifier"][0]["value"]] = {name: resource[name] for name in ("id", "meta")}
        return held

    def _held(self, external_ids: Collection[str]) -> dict[str, Resource]:
        tokens = {f"{TASK}|{one}" for one in external_ids}
        kinds = (TODO, MESSAGE) if self.messages else (TODO,)
        held: dict[str, Resource] = {}
        for kind in kinds:
            for resource in self.server.found(kind, "identifier", tokens):
                held[_external_id(resource)] = resource
        return held

    def _changed(self, kind: str, read: dict[str, Any]) -> tuple[list[Resource], dict[str, Any], bool]:
        """The resources that changed after what was read, and whether there are no more. Those of one instant may stand on two
        pages: `seen` are the versions of the last instant."""
        parameters = {"_sort": "_lastUpdated", "_count": str(_PAGE + len(read.get("seen", [])))}
        if kind != "Communication":
            parameters["_tag"] = f"{resources.TAG['system']}|{resources.TAG['code']}"
        if "at" in read:
            parameters["_lastUpdated"] = f"ge{read['at']}"
        page = self.server.search(kind, parameters)
        fresh = [one for one in page if _version(one) not in read.get("seen", [])]
        if page:
            last = max(one["meta"]["lastUpdated"] for one in page)
            read = {"at": last, "seen": sorted(_version(one) for one in page if one["meta"]["lastUpdated"] == last)}
        return fresh, read, not fresh or len(page) < _PAGE

    def _told(self, resource: Resource) -> Outcome | None:
        request = None
        if resource["resourceType"] == "Communication":
            based_on = [str(one.get("reference", "")) for one in resource.get("basedOn", [])]
            ours = [one.partition("/")[2] for one in based_on if one.partition("/")[0] in (MESSAGE, TODO)]
            kinds = [one.partition("/")[0] for one in based_on if one.partition("/")[0] in (MESSAGE, TODO)]
            found = list(self.server.found(kinds[0], "_id", ours[:1])) if ours else []
            if not found or not _external_id(found[0]):
                return None
            request = found[0]
        return outcome_of(resource, _external_id(request or resource), request)


@contextmanager
def open_fhir(connection: Connection) -> Iterator[FhirAdapter]:
    """The adapter of a connection, signed in as its pulls are."""
    from pipelines.connect.pulls.fhir import sign_in

    settings = cast(FhirConnector, connection.settings)
    push = settings.push or FhirPush()
    with Http(connection.name, settings.address, settings.limits, sign_in(connection)) as http:
        yield FhirAdapter(Server(http), frozenset(push.messages))


def _merged(there: Resource, said: Resource) -> Resource:
    """What the server holds with what we say; its own state stays, unless it was we who withdrew it."""
    if standing_of(there) is Standing.DONE:
        return there
    was_withdrawn = standing_of(there) is None
    ours = {
        name: value for name, value in said.items() if name not in ("meta", "identifier") and (name != "status" or was_withdrawn)
    }
    kept = {name: value for name, value in there.items() if not (was_withdrawn and name == "statusReason")}
    if "input" in ours and "input" in kept:
        known = {json.dumps(one["type"], sort_keys=True) for one in ours["input"]}
        ours["input"] += [one for one in kept["input"] if json.dumps(one.get("type"), sort_keys=True) not in known]
    return kept | ours


def _external_id(resource: Resource) -> str:
    found = [one.get("value", "") for one in resource.get("identifier", []) if one.get("system") == TASK]
    return str(found[0]) if found else ""


def _version(resource: Resource) -> str:
    return f"{resource['id']}/{resource.get('meta', {}).get('versionId', resource['meta']['lastUpdated'])}"


def _is_dead(patient: Resource) -> bool:
    return bool(patient.get("deceasedDateTime")) or patient.get("deceasedBoolean") is True


def _channels_of(consent: Resource) -> set[str]:
    """The channels that a refusal is about; all, where it names none."""
    codes = [code for concept in consent["provision"].get("code", []) for code in concept.get("coding", [])]
    named = {str(one.get("code")) for one in codes} & set(CHANNELS)
    return named or set(CHANNELS)
