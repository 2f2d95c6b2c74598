"""Pulls by search from a real FHIR server (Medplum's router), and from servers that are less friendly."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.audit_log.store import audit_log
from pipelines.home import Home
from tests.conftest import caregap
from tests.connect.conftest import Reply, Request, Serve, patient
from tests.connect.fhir_server.server import FhirServer


def connect(folder: Path, address: str, pull: str = "types = ['Patient']") -> Home:
    """A home connected to a server, from which Patients are pulled two a page, without lookback."""
    (folder / "connectors.toml").write_text(
        f"[north]\nkind = 'fhir'\naddress = '{address}'\nsource = 'ehr'\n"
        f"[north.limits]\nrequests_per_minute = 60000\n"
        f"[north.pull]\nmethod = 'search'\npage_size = 2\nlookback_minutes = 0\n{pull}\n"
    )
    return Home(folder)


def pulled(home: Home, expected: int = 0, *options: str) -> dict[str, Any]:
    done = caregap(home, "connect", "pull", "--json", *options)
    assert done.returncode == expected, done.stderr
    assert "Zimmermann" not in done.stdout + done.stderr
    return json.loads(done.stdout)


def delivered(folder: Path) -> list[list[str]]:
    """The ids that each delivery brought, in its order."""
    return [
        [json.loads(line)["id"] for line in (one / "Patient.ndjson").read_text().splitlines()]
        for one in sorted((folder / "ehr").glob("2*"))
    ]


def test_all_is_pulled_at_first_then_what_changed_then_nothing(practice_folder: Path, fhir_server: FhirServer):
    fhir_server.seed(patient(n, n) for n in range(5))
    home = connect(practice_folder, fhir_server.address)
    first = pulled(home)["pulled"][0]
    assert first["n_rows"] == {"Patient": 5}
    fhir_server.seed([patient(9, 30), patient(2, 31)])
    pulled(home)
    assert pulled(home)["pulled"][0]["delivery"] is None
    assert delivered(practice_folder) == [["p0", "p1", "p2", "p3", "p4"], ["p9", "p2"]]
    events = [(one["event"], one["subject"].split()[0], one["n_rows"]) for one in audit_log(home.root).entries()]
    assert ("pulled", "north", 5) in events
    assert events[0][:2] == ("settings_changed", "connectors.toml")
    manifest = json.loads((practice_folder / "ehr" / first["delivery"] / "manifest.json").read_text())
    assert manifest["output"] == [{"type": "Patient", "url": "Patient.ndjson"}]


def test_the_lookback_brings_rows_that_were_dated_early_and_none_twice(practice_folder: Path, fhir_server: FhirServer):
    fhir_server.seed(patient(n, 20) for n in range(3))
    home = connect(practice_folder, fhir_server.address)
    settings = practice_folder / "connectors.toml"
    settings.write_text(settings.read_text().replace("lookback_minutes = 0", "lookback_minutes = 15"))
    pulled(home)
    fhir_server.seed([patient(7, 10), patient(8, 1)])
    pulled(home)
    assert delivered(practice_folder) == [["p0", "p1", "p2"], ["p7"]]


def test_what_was_pulled_is_landed_by_ingest(practice_folder: Path, fhir_server: FhirServer):
    fhir_server.seed(patient(n, n) for n in range(3))
    home = connect(practice_folder, fhir_server.address)
    pulled(home)
    files = json.loads(caregap(home, "ingest", "--json").stdout)["files"]
    assert [(one["extract"], one["status"], one["n_landed"]) for one in files] == [("Patient", "landed", 3)]


def test_what_a_search_of_all_does_not_find_was_deleted(practice_folder: Path, fhir_server: FhirServer):
    fhir_server.seed(patient(n, n) for n in range(4))
    home = connect(practice_folder, fhir_server.address)
    pulled(home)
    fhir_server.delete("Patient/p2")
    assert pulled(home)["pulled"][0]["delivery"] is None, "changes alone do not tell it"
    assert pulled(home, 0, "--full")["pulled"][0]["n_rows"] == {"Patient": 3, "deleted": 1}
    files = json.loads(caregap(home, "ingest", "--json").stdout)["files"]
    assert {one["status"] for one in files} == {"landed"}
    assert [one["n_landed"] for one in files if one["extract"] == "deleted"] == [1]


def page(*resources: dict[str, Any], following: str | None = None) -> Reply:
    link = [{"relation": "next", "url": following}] if following else []
    return Reply(
        200, {"resourceType": "Bundle", "type": "searchset", "link": link, "entry": [{"resource": one} for one in resources]}
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Reply(200, b"<html>Zimmermann</html>"), "is not JSON"),
        (Reply(200, {"resourceType": "Patient"}), "no Bundle"),
        (Reply(200, {"resourceType": "Bundle", "entry": "Zimmermann"}), "entry of the answer is not a list"),
        (Reply(200, b"[" * 100_000), "is not JSON"),
        (page(patient(1), following="http://127.0.0.2:1/x"), "the next page is on another host"),
        (page(patient(1), following="file:///etc/passwd"), "the next page is on another host"),
        (page(patient(1), following="Patient?page=1"), "lead back"),
        (page(patient(1), following="http://["), "is no address"),
        (page(patient(1), following=7), "link to the next page is not a text"),  # type: ignore[arg-type]
        (Reply(300), "HTTP 300"),
        (Reply(302, headers={"Location": "https://example.org/"}), "leads to another host"),
        (Reply(404), "no search of Patient"),
        (Reply(401), "refuses the account"),
    ],
)
def test_a_server_that_answers_what_it_should_not_is_refused(practice_folder: Path, serve: Serve, answer: Reply, said: str):
    home = connect(practice_folder, serve(lambda _: answer).address)
    failed = pulled(home, expected=14)["failed"]["north"]["reason"]
    assert said in failed
    assert delivered(practice_folder) == []
    assert said in (practice_folder / "connect" / "harbor" / "north.pull.json").read_text()


def test_a_resource_of_odd_text_is_delivered_and_left_to_landing(practice_folder: Path, serve: Serve):
    odd = [
        patient(1) | {"meta": {"lastUpdated": "2026-03-01\t10:00:00"}},
        patient(2) | {"meta": {"lastUpdated": "2026-03-01\n10:00:00Z"}},
        patient(3) | {"name": [{"family": "half a pair: \ud83d"}]},
        patient(4) | {"id": "\ud83d"},
        patient(5) | {"id": 5, "meta": "Zimmermann"},
        patient(6) | {"multipleBirthInteger": 10**40},
    ]
    home = connect(practice_folder, serve(lambda _: page(*odd, patient(7))).address)
    assert pulled(home)["pulled"][0]["n_rows"] == {"Patient": 7}
    (file,) = json.loads(caregap(home, "ingest", "--json").stdout)["files"]
    assert file["n_delivered"] == 7
    assert file["n_landed"] + file["n_quarantined"] == 7
    assert pulled(home)["pulled"][0]["delivery"] is None


def test_pages_without_end_are_ended(practice_folder: Path, serve: Serve):
    def answer(asked: Request) -> Reply:
        n = int(asked.query.get("n", 0))
        return page(patient(1), following=f"/Patient?n={n + 1}")

    server = serve(answer)
    assert "lead back" in pulled(connect(practice_folder, server.address), expected=14)["failed"]["north"]["reason"]
    assert len(server.requests) < 30


def test_a_lookback_of_many_pages_that_were_delivered_is_no_circle(practice_folder: Path, serve: Serve):
    rows = [patient(n, n) for n in range(30)]

    def answer(asked: Request) -> Reply:
        n = int(asked.query.get("n", 0))
        return page(rows[n], following=f"/Patient?n={n + 1}" if n < 29 else None)

    home = connect(practice_folder, serve(answer).address)
    settings = practice_folder / "connectors.toml"
    settings.write_text(settings.read_text().replace("lookback_minutes = 0", "lookback_minutes = 600"))
    assert pulled(home)["pulled"][0]["n_rows"] == {"Patient": 30}
    assert pulled(home)["pulled"][0]["delivery"] is None


def test_a_search_that_the_server_dropped_goes_on_from_what_came(practice_folder: Path, serve: Serve):
    gone = iter([410])

    def answer(asked: Request) -> Reply:
        rows = [patient(n, n) for n in range(6)]
        if asked.query.get("page") == "2" and next(gone, None):
            return Reply(410)
        if asked.query.get("_lastUpdated"):
            return page(*[row for row in rows if row["meta"]["lastUpdated"] >= asked.query["_lastUpdated"][2:]])
        n = int(asked.query.get("page", 0))
        return page(*rows[2 * n : 2 * n + 2], following=f"Patient?page={n + 1}" if n < 2 else None)

    server = serve(answer)
    pulled(connect(practice_folder, server.address))
    assert delivered(practice_folder) == [["p0", "p1", "p2", "p3", "p4", "p5"]]
    assert server.requests[-1].query["_lastUpdated"] == "ge2026-03-01T10:03:00.000Z"


def test_a_search_without_order_that_the_server_dropped_begins_again_at_the_cursor(practice_folder: Path, serve: Serve):
    """In no order of change, so that what came last says nothing of what is to come."""
    gone, rows = [410], [patient(n, n * 7 % 30) for n in range(30)]

    def answer(asked: Request) -> Reply:
        n = int(asked.query.get("n", 0))
        if n == 20 and gone:
            return Reply(gone.pop())
        return page(rows[n], following=f"Patient?n={n + 1}" if n < 29 else None)

    server = serve(answer)
    pulled(connect(practice_folder, server.address))
    assert delivered(practice_folder) == [[one["id"] for one in rows]]
    again = [asked for asked in server.requests if "n" not in asked.query]
    assert [asked.query.get("_lastUpdated") for asked in again] == [None, None]


def test_a_server_that_drops_every_search_is_given_up(practice_folder: Path, serve: Serve):
    server = serve(lambda asked: Reply(410) if "n" in asked.query else page(patient(1), following="Patient?n=1"))
    assert "drops its pages" in pulled(connect(practice_folder, server.address), expected=14)["failed"]["north"]["reason"]


def test_a_row_dated_in_the_future_moves_no_cursor_beyond_the_servers_clock(practice_folder: Path, serve: Serve):
    odd = patient(1) | {"meta": {"lastUpdated": "2199-01-01T00:00:00Z"}}
    server = serve(lambda _: page(odd))
    home = connect(practice_folder, server.address)
    pulled(home)
    pulled(home)
    assert server.requests[-1].query["_lastUpdated"] < "ge2100"
    assert delivered(practice_folder) == [["p1"]]


def test_a_new_type_is_pulled_whole_though_others_have_a_cursor(practice_folder: Path, fhir_server: FhirServer):
    fhir_server.seed([patient(1), {"resourceType": "Practitioner", "id": "d1", "meta": {"lastUpdated": "2020-01-01T00:00:00Z"}}])
    home = connect(practice_folder, fhir_server.address)
    pulled(home)
    connect(practice_folder, fhir_server.address, "types = ['Patient', 'Practitioner']")
    assert pulled(home)["pulled"][0]["n_rows"] == {"Practitioner": 1}


def test_without_types_those_are_pulled_that_caregap_reads_and_the_server_has(practice_folder: Path, fhir_server: FhirServer):
    fhir_server.seed([patient(1), {"resourceType": "Practitioner", "id": "d1"}, {"resourceType": "Basic", "id": "b1"}])
    home = connect(practice_folder, fhir_server.address, pull="")
    assert pulled(home)["pulled"][0]["n_rows"] == {"Patient": 1, "Practitioner": 1}
    done = caregap(home, "connect", "check")
    assert (done.returncode, "FHIR 4.0.1" in done.stdout, "types: Patient, Practitioner" in done.stdout) == (0, True, True)


def test_a_full_pull_brings_rows_that_were_not_to_be_seen_before(practice_folder: Path, fhir_server: FhirServer):
    fhir_server.seed([patient(1, 30)])
    home = connect(practice_folder, fhir_server.address)
    pulled(home)
    fhir_server.seed([patient(2, 10)])
    assert pulled(home)["pulled"][0]["delivery"] is None
    assert caregap(home, "connect", "pull", "--full").returncode == 0
    assert delivered(practice_folder) == [["p1"], ["p2", "p1"]]


def test_another_address_under_the_same_name_begins_anew(practice_folder: Path, serve: Serve):
    pulled(connect(practice_folder, serve(lambda _: page(patient(1, 30))).address))
    other = serve(lambda _: page(patient(2, 10)))
    pulled(connect(practice_folder, other.address))
    assert "_lastUpdated" not in other.requests[0].query
    assert delivered(practice_folder) == [["p1"], ["p2"]]
