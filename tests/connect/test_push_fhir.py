"""Tasks to an EHR over FHIR R4, against Medplum's router: the suite that every adapter takes, and what is FHIR's own."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.settings.connectors import Limits
from pipelines.connect import push
from pipelines.connect.charting import Entry, Gap, Score
from pipelines.connect.fhir.adapter import FhirAdapter
from pipelines.connect.fhir.resources import checked
from pipelines.connect.fhir.server import Server
from pipelines.connect.http import Http
from pipelines.connect.state import open_state
from pipelines.errors import ConnectionFailed
from pipelines.home import Home
from tests.connect.conformance import Bench, Conformance, Desk, external_id
from tests.connect.fhir_server.server import CLIENT, FhirServer

_HEADERS = {"content-type": "application/fhir+json"}


def open_at(address: str) -> FhirAdapter:
    """The adapter of the server at an address, which waits for nothing."""
    http = Http("ehr", address, Limits(requests_per_minute=60_000, wait_minutes=0), sleep=lambda seconds: None)
    return FhirAdapter(Server(http))


class FhirBench:
    """The levers of the conformance suite on a FHIR server, which a proxy in this process lets fail."""

    def __init__(self, server: FhirServer, prefix: str = "pat", n_contacts: int = 25) -> None:
        self.address = server.address
        self.contact_ids = [f"{prefix}-{number:02}" for number in range(n_contacts)]
        server.seed({"resourceType": "Patient", "id": one, "active": True} for one in self.contact_ids)
        self.failures: list[str] = []
        self.poisoned: set[str] = set()
        self.adapter = open_at(self.address)
        self.adapter.server.http._client = httpx.Client(transport=_Failing(self))
        self.recipe = ("tests.connect.test_push_fhir", "open_at", self.address)

    def _tasks(self, external_id: str) -> list[dict[str, Any]]:
        found = CLIENT.get(f"{self.address}/Task", params={"identifier": f"urn:x-caregap:task|{external_id}"}).json()
        return [entry["resource"] for entry in found.get("entry", [])]

    def _put(self, resource: dict[str, Any]) -> None:
        place = f"{self.address}/{resource['resourceType']}/{resource['id']}"
        CLIENT.put(place, json=resource, headers=_HEADERS).raise_for_status()

    def n_held(self, external_id: str) -> int:
        return len(self._tasks(external_id))

    def written_at(self, external_id: str) -> object:
        return self._tasks(external_id)[0]["meta"]["versionId"]

    def is_open(self, external_id: str) -> bool:
        return any(one["status"] in ("requested", "accepted", "in-progress") for one in self._tasks(external_id))

    def assigned_to(self, external_id: str) -> object:
        return self._tasks(external_id)[0].get("owner")

    def listed(self, name: str) -> set[str]:
        found = CLIENT.get(f"{self.address}/Group", params={"identifier": f"urn:x-caregap:list|{name}"}).json()
        (group,) = [entry["resource"] for entry in found["entry"]]
        return {one["entity"]["reference"].partition("/")[2] for one in group["member"]}

    def poison(self, external_id: str) -> None:
        self.poisoned.add(external_id)

    def cure(self) -> None:
        self.poisoned.clear()

    def fail(self, kind: str, times: int) -> None:
        self.failures += [kind] * times

    def opt_out(self, contact_id: str, channel: str) -> None:
        consent = {
            "resourceType": "Consent",
            "id": f"no-{contact_id}",
            "status": "active",
            "scope": {"text": "outreach"},
            "category": [{"text": "outreach"}],
            "patient": {"reference": f"Patient/{contact_id}"},
            "policyRule": {"text": "opt-out"},
            "provision": {"type": "deny", "code": [{"coding": [{"code": channel}]}]},
        }
        CLIENT.post(f"{self.address}/seed", content=_line(consent)).raise_for_status()

    def archive(self, contact_id: str) -> None:
        self._put({"resourceType": "Patient", "id": contact_id, "active": False})

    def finish(self, external_id: str, outcome: str) -> None:
        (task,) = self._tasks(external_id)
        output = [{"type": {"text": "outcome"}, "valueCodeableConcept": {"coding": [{"code": outcome}]}}]
        self._put(task | {"status": "completed", "output": output})

    def delete(self, external_id: str) -> None:
        for task in self._tasks(external_id):
            CLIENT.delete(f"{self.address}/Task/{task['id']}").raise_for_status()


class _Failing(httpx.BaseTransport):
    """Passes requests on, but for those that a bench lets fail; a poisoned task comes as of a type that nobody knows."""

    def __init__(self, bench: FhirBench) -> None:
        self.bench, self.to = bench, httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        is_batch = request.method == "POST" and not request.url.path.endswith("_search")
        if is_batch and self.bench.poisoned:
            content = request.read()
            for one in self.bench.poisoned:
                at = content.find(f'"value":"{one}"'.encode())
                if at >= 0:
                    place = content.find(b'"url":"Task', at)
                    content = content[:place] + b'"url":"Tusk' + content[place + len(b'"url":"Task') :]
            headers = {name: value for name, value in request.headers.items() if name != "content-length"}
            request = httpx.Request(request.method, request.url, headers=headers, content=content)
        failure = self.bench.failures.pop(0) if is_batch and self.bench.failures else None
        match failure:
            case "503" | "429":
                return httpx.Response(int(failure))
            case "limit":
                return httpx.Response(403)
            case "down":
                raise httpx.ConnectError("down")
        answer = self.to.handle_request(request)
        if failure == "timeout_after_write":
            answer.read()
            raise httpx.ReadTimeout("lost")
        return answer


def _line(resource: dict[str, Any]) -> bytes:
    return json.dumps(resource).encode()


class TestFhir(Conformance):
    @pytest.fixture
    def bench(self, fhir_server: FhirServer) -> Bench:
        return FhirBench(fhir_server)

    @pytest.fixture
    def killed(self, fhir_server: FhirServer) -> Callable[[int], list[Bench]]:
        return lambda n: [FhirBench(fhir_server, f"pat-{number}") for number in range(n)]

    # Sixty processes, each with FHIR's models: a minute and more.
    test_a_push_killed_at_any_point_loses_nothing_and_makes_nothing_twice = pytest.mark.slow(
        Conformance.test_a_push_killed_at_any_point_loses_nothing_and_makes_nothing_twice
    )


@pytest.fixture
def desk(fhir_server: FhirServer, tmp_path: Path) -> Iterator[Desk]:
    home = Home(tmp_path / "home")
    home.root.mkdir(mode=0o700)
    with open_state(home, "harbor") as state:
        desk = Desk(home, FhirBench(fhir_server, n_contacts=3), state)
        desk.source_system = "ehr"
        desk.list(2)
        yield desk


def held(desk: Desk, kind: str) -> list[dict[str, Any]]:
    entries = CLIENT.get(f"{desk.bench.address}/{kind}").json().get("entry", [])  # type: ignore[attr-defined]
    return [entry["resource"] for entry in entries]


def test_a_task_says_whom_to_contact_how_and_by_when_and_nothing_clinical(desk: Desk):
    desk.push()
    (first, _) = sorted(held(desk, "Task"), key=lambda one: one["for"]["reference"])
    assert first["for"] == {"reference": "Patient/pat-00"}
    assert (first["status"], first["priority"], first["code"]["coding"][0]["code"]) == ("requested", "routine", "care_gap")
    assert {
        one["type"]["text"]: next(iter(value for name, value in one.items() if name != "type")) for one in first["input"]
    } == {
        "channel": "phone",
        "contact from": "08:00:00",
        "contact until": "20:00:00",
    }
    assert first["restriction"]["period"]["end"] == "2027-01-04"


def test_what_somebody_added_in_the_ehr_stays(desk: Desk):
    """A nurse has taken the task up and written a note: a change of ours touches neither."""
    desk.push()
    bench: FhirBench = desk.bench  # type: ignore[assignment]
    (task,) = bench._tasks(external_id(0))
    bench._put(task | {"status": "in-progress", "note": [{"text": "calling at noon"}]})
    desk.list(2, is_urgent=True)
    assert desk.push() == {"updated": 2}
    (task,) = bench._tasks(external_id(0))
    assert (task["status"], task["priority"], task["note"]) == ("in-progress", "urgent", [{"text": "calling at noon"}])


def test_a_message_goes_out_by_day_and_what_the_ehr_sent_comes_back(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """Illinois: 03:00 UTC is 21 o'clock, 18:00 UTC is noon."""
    desk.bench.adapter = replace(desk.bench.adapter, messages=frozenset({"phone"}))  # type: ignore[type-var]
    monkeypatch.setattr(push, "now", lambda: datetime(2026, 12, 2, 3, tzinfo=UTC))
    publication = replace(desk.worklist.publication, published_at="2026-12-01T12:00:00+00:00")
    desk.worklist = replace(desk.worklist, publication=publication)
    assert desk.push() == {"skipped": 2} and held(desk, "CommunicationRequest") == []
    monkeypatch.setattr(push, "now", lambda: datetime(2026, 12, 2, 18, tzinfo=UTC))
    assert desk.push() == {"created": 2} and held(desk, "Task") == []
    (request, _) = sorted(held(desk, "CommunicationRequest"), key=lambda one: one["subject"]["reference"])
    sent = {
        "resourceType": "Communication",
        "id": "sent-1",
        "status": "completed",
        "subject": {"reference": "Patient/pat-00"},
        "basedOn": [{"reference": f"CommunicationRequest/{request['id']}"}],
        "sent": "2026-12-02T18:05:00Z",
        "meta": {"lastUpdated": "2026-12-02T18:05:00.000Z"},
    }
    CLIENT.post(f"{desk.bench.address}/seed", content=_line(sent)).raise_for_status()  # type: ignore[attr-defined]
    done = [one for one in desk.bench.adapter.outcomes(None).rows if one.completed_at is not None]
    assert [(one.external_id, one.contact_id, one.channel, one.outcome) for one in done] == [
        (external_id(0), "pat-00", "phone", "left_message")
    ]


def test_scores_and_gaps_are_made_once_changed_and_closed(desk: Desk):
    adapter: FhirAdapter = desk.bench.adapter  # type: ignore[assignment]
    score = Score("pat-00", 0.71, "high", "model 3", date(2026, 11, 1), ("no visit for 14 months",))
    gap = Gap("pat-00", "CMS130", "Colorectal cancer screening")
    entries = [Entry("score|pat-00", score), Entry("gap|pat-00|CMS130", gap)]
    assert [one.fate for one in adapter.chart(entries, "flag")] == ["created", "created"]
    later = [Entry("score|pat-00", replace(score, score=0.2)), Entry("gap|pat-00|CMS130", gap, is_closed=True)]
    assert [one.fate for one in adapter.chart(later, "flag")] == ["updated", "updated"]
    (risk,), (flag,) = held(desk, "RiskAssessment"), held(desk, "Flag")
    assert risk["prediction"][0]["probabilityDecimal"] == 0.2
    assert risk["prediction"][0]["rationale"] == "no visit for 14 months"
    assert flag["status"] == "inactive"
    assert [one.fate for one in adapter.chart(entries[1:], "detected_issue")] == ["created"]
    (issue,) = held(desk, "DetectedIssue")
    assert issue["code"]["coding"][0]["code"] == "CAREGAP"


def test_what_would_be_no_valid_fhir_does_not_leave():
    with pytest.raises(ConnectionFailed, match=r"Task: for\.reference would be no valid FHIR R4"):
        checked({"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": 7}})
