"""Pulls by bulk export, from a server that does what the specification says, and from some that do not."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from pipelines.home import Home
from tests.conftest import caregap
from tests.connect.bulk_server import BulkServer
from tests.connect.conftest import Reply, Request, Serve, patient


def location(n: int) -> dict[str, Any]:
    return {"resourceType": "Location", "id": f"l{n}", "meta": {"lastUpdated": "2026-03-01T10:00:00Z"}, "name": "North"}


def connect(folder: Path, server: BulkServer, serve: Serve, settings: str = "") -> Home:
    server.address = server.address or serve(server).address
    (folder / "connectors.toml").write_text(
        f"[north]\nkind = 'fhir'\naddress = '{server.address}'\nsource = 'ehr'\n"
        f"[north.limits]\nrequests_per_minute = 60000\n{settings}\n"
        "[north.pull]\ntypes = ['Patient', 'Location']\nlookback_minutes = 30\n"
    )
    return Home(folder)


def pulled(home: Home, expected: int = 0) -> Any:
    done = caregap(home, "connect", "pull", "--json")
    assert done.returncode == expected, done.stderr
    for secret in ("Zimmermann", "SECRET", "token-"):
        kept = [path.read_text() for path in (home.root / "connect").rglob("*.json")]
        assert secret not in done.stdout + done.stderr + "".join(kept)
    found = json.loads(done.stdout)
    return found["failed"]["north"]["reason"] if expected else found["pulled"][0]


def test_an_export_is_asked_for_waited_for_fetched_and_dropped_at_the_server(practice_folder: Path, serve: Serve):
    server = BulkServer(
        [patient(1, minute=1), patient(2, minute=2), location(1)],
        polls=[Reply(202, headers={"Retry-After": "0", "X-Progress": "50 %"})],
    )
    home = connect(practice_folder, server, serve)
    first = pulled(home)
    assert first["n_rows"] == {"Patient": 2, "Location": 1}
    assert server.exports == [{"path": "/$export", "_type": "Patient,Location", "_outputFormat": "application/fhir+ndjson"}]
    assert server.running == set()
    folder = practice_folder / "ehr" / first["delivery"]
    manifest = json.loads((folder / "1-manifest.json").read_text())
    assert [one["type"] for one in manifest["output"]] == ["Patient", "Location"]
    assert all((folder / one["url"]).is_file() for one in manifest["output"])
    assert "SECRET" not in (folder / "1-manifest.json").read_text()
    files = json.loads(caregap(home, "ingest", "--json").stdout)["files"]
    assert {(one["extract"], one["n_landed"], one["exported_at"][:19]) for one in files} == {
        ("Patient", 2, "2026-03-01 12:00:00"),
        ("Location", 1, "2026-03-01 12:00:00"),
    }


def test_the_next_export_asks_for_changes_since_and_takes_away_what_was_deleted(practice_folder: Path, serve: Serve):
    server = BulkServer([patient(1, minute=1), patient(2, minute=2)])
    home = connect(practice_folder, server, serve)
    pulled(home)
    server.resources, server.deleted, server.at = [], ["Patient/p1"], "2026-03-02T12:00:00Z"
    assert pulled(home)["n_rows"] == {"deleted": 1}
    assert server.exports[1]["_since"] == "2026-03-01T11:30:00.000Z"
    files = json.loads(caregap(home, "ingest", "--json").stdout)["files"]
    assert {one["extract"]: (one["n_landed"], one["n_superseded"]) for one in files} == {"Patient": (1, 1), "deleted": (1, 0)}


def test_an_export_without_rows_delivers_nothing_and_moves_the_cursor(practice_folder: Path, serve: Serve):
    server = BulkServer([])
    home = connect(practice_folder, server, serve)
    assert pulled(home)["delivery"] is None
    pulled(home)
    assert "_since" in server.exports[1]
    assert [path.name for path in (practice_folder / "ehr").iterdir() if not path.name.startswith(".")] == []


def test_the_servers_own_errors_are_kept_beside_the_files_and_land_nowhere(practice_folder: Path, serve: Serve):
    server = BulkServer(
        [patient(1, minute=1)],
        errors=[{"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}],
    )
    home = connect(practice_folder, server, serve)
    assert pulled(home)["n_rows"] == {"Patient": 1, "OperationOutcome": 1}
    files = json.loads(caregap(home, "ingest", "--json").stdout)["files"]
    assert {(one["extract"], one["status"]) for one in files} == {("Patient", "landed"), ("OperationOutcome", "ignored")}


def test_a_busy_server_is_waited_for(practice_folder: Path, serve: Serve):
    busy = Reply(429, headers={"Retry-After": "0"})
    server = BulkServer([patient(1, minute=1)], instead={"/$export": [busy], "/status/1": [busy], "/file/1/Patient": [busy]})
    server.instead = {path: [Reply(429, headers={"Retry-After": "0.01"})] for path in server.instead}
    assert pulled(connect(practice_folder, server, serve))["n_rows"] == {"Patient": 1}
    assert len(server.exports) == 1


def test_an_export_that_is_not_ready_in_time_is_gone_on_with_by_the_next_pull(practice_folder: Path, serve: Serve):
    server = BulkServer([patient(1, minute=1)], polls=[Reply(202, headers={"Retry-After": "600"})])
    home = connect(practice_folder, server, serve, "wait_minutes = 5")
    assert "longer than the 5 minutes" in pulled(home, expected=14)
    again = pulled(home)
    assert (len(server.exports), again["is_resumed"], again["n_rows"]) == (1, True, {"Patient": 1})


def test_files_that_came_are_not_fetched_again(practice_folder: Path, serve: Serve):
    fetched: list[str] = []
    server = BulkServer([patient(1, minute=1), location(1)], instead={"/file/1/Location": [Reply(500)]})

    def answer(asked: Request) -> Reply:
        fetched.append(asked.path)
        return server(asked)

    server.address = serve(answer).address
    home = connect(practice_folder, server, serve)
    assert "HTTP 500" in pulled(home, expected=14)
    assert pulled(home)["n_rows"] == {"Patient": 1, "Location": 1}
    assert (fetched.count("/file/1/Patient"), fetched.count("/file/1/Location"), len(server.exports)) == (1, 2, 1)


def test_files_that_a_manifest_calls_otherwise_the_next_time_are_delivered_once(practice_folder: Path, serve: Serve):
    server = BulkServer([patient(1, minute=1), location(1)], instead={"/file/1/Location": [Reply(500)]})
    home = connect(practice_folder, server, serve)
    pulled(home, expected=14)
    url = f"{server.address}/file/again/Patient"
    server.polls = [manifest({"type": "Patient", "url": url})]
    server.instead = {"/file/again/Patient": [server._file("Patient")]}
    delivery = pulled(home)["delivery"]
    assert len([*(practice_folder / "ehr" / delivery).glob("*.Patient.ndjson")]) == 1


@pytest.mark.parametrize("path", ["/status/1", "/file/1/Location"])
def test_an_export_that_the_server_dropped_is_made_anew(practice_folder: Path, serve: Serve, path: str):
    server = BulkServer([patient(1, minute=1), location(1)], instead={path: [Reply(410)]})
    assert pulled(connect(practice_folder, server, serve))["n_rows"] == {"Patient": 1, "Location": 1}
    assert len(server.exports) == 2


def test_an_export_that_failed_at_the_server_is_made_anew_by_the_next_pull(practice_folder: Path, serve: Serve):
    server = BulkServer(
        [patient(1, minute=1)], polls=[Reply(500, {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "SECRET"}]})]
    )
    home = connect(practice_folder, server, serve)
    assert "the export failed (HTTP 500)" in pulled(home, expected=14)
    pulled(home)
    assert len(server.exports) == 2


def manifest(*output: dict[str, Any], **more: Any) -> Reply:
    return Reply(200, {"transactionTime": "2026-03-01T12:00:00Z", "requiresAccessToken": False, "output": [*output]} | more)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (manifest({"type": "Patient", "url": "https://other.example.org/x"}), "has files on host other.example.org"),
        (manifest({"type": "Patient", "url": "http://169.254.169.254/x"}), "has files on host 169.254.169.254"),
        (manifest({"type": "Patient", "url": "file:///etc/passwd"}), "has files on host"),
        (manifest({"type": "../../Patient", "url": "https://other.example.org/x"}), "type is no resource type"),
        (manifest({"type": "Task", "url": "/SELF/file/1/Patient"}), "types that were not asked for: Task"),
        (manifest({"type": "Patient"}), "url of the answer is not a text"),
        (manifest(transactionTime="soon"), "has no transactionTime"),
        (Reply(200, b"<html>"), "is not JSON"),
        (Reply(200, []), "transactionTime of the answer is not a text"),
        (manifest({"type": "Patient", "url": "/SELF/file/1/Patient", "count": 7}), "has 1 lines instead of 7"),
    ],
)
def test_a_manifest_that_leads_astray_is_refused(practice_folder: Path, serve: Serve, answer: Reply, said: str):
    server = BulkServer([patient(1, minute=1)])
    home = connect(practice_folder, server, serve)
    server.polls = [Reply(200, answer.body.replace(b"/SELF", server.address.encode()))] * 3
    assert said in pulled(home, expected=14)
    assert not list((practice_folder / "ehr").glob("2*"))


def test_a_file_is_never_named_as_the_server_says(practice_folder: Path, serve: Serve):
    server = BulkServer([patient(1, minute=1)])
    home = connect(practice_folder, server, serve)
    url = f"{server.address}/file/1/Patient/../../../../etc/passwd%2f..%2f"
    server.polls = [manifest({"type": "Patient", "url": url})]
    server.instead = {
        "/file/1/Patient/../../../../etc/passwd%2f..%2f": [server._file("Patient")],
        "/etc/passwd%2f..%2f": [server._file("Patient")],
    }
    delivery = pulled(home)["delivery"]
    names = sorted(path.name for path in (practice_folder / "ehr" / delivery).iterdir())
    assert [name[:8] for name in names] == ["1-00001-", "1-manife"]


@pytest.mark.parametrize("content", [b"<html>sign in</html>", b"[]", b"\x1f\x8bxx"])
def test_a_file_that_is_no_ndjson_is_refused(practice_folder: Path, serve: Serve, content: bytes):
    server = BulkServer([patient(1, minute=1)], instead={"/file/1/Patient": [Reply(200, content)]})
    assert "not NDJSON" in pulled(connect(practice_folder, server, serve), expected=14)


def test_a_file_of_another_type_than_the_manifest_says_lands_as_what_it_is(practice_folder: Path, serve: Serve):
    server = BulkServer([patient(1, minute=1)], instead={"/file/1/Patient": [Reply(200, json.dumps(location(1)).encode())]})
    home = connect(practice_folder, server, serve)
    pulled(home)
    files = json.loads(caregap(home, "ingest", "--json").stdout)["files"]
    assert [(one["extract"], one["n_landed"]) for one in files if one["n_landed"]] == [("Location", 1)]


@pytest.mark.parametrize(("algorithm", "kind"), [("RS384", RSAKey), ("ES384", ECKey)])
def test_the_account_is_proved_by_a_signed_assertion_for_the_scopes_that_are_set(
    practice_folder: Path, serve: Serve, algorithm: str, kind: type[RSAKey | ECKey]
):
    key = kind.generate_key(2048 if kind is RSAKey else "P-384")  # type: ignore[arg-type]
    (practice_folder / "key.pem").write_bytes(key.as_pem(private=True))
    (practice_folder / "key.pem").chmod(0o600)
    server = BulkServer([patient(1, minute=1), location(1)], keys={"caregap": key})
    sign_in = (
        "[north.sign_in]\nclient_id = 'caregap'\nkey_id = 'k1'\nprivate_key = { file = 'key.pem' }\n"
        f"algorithm = '{algorithm}'\nscopes = ['system/Patient.rs', 'system/Location.rs']\n"
    )
    home = connect(practice_folder, server, serve, sign_in)
    pulled(home)
    (token,) = server.tokens
    assert token["scope"] == "system/Patient.rs system/Location.rs"
    assert (token["header"]["alg"], token["header"]["kid"], token["claims"]["sub"]) == (algorithm, "k1", "caregap")
    assert 0 < token["claims"]["exp"] - token["claims"]["iat"] <= 300
    done = caregap(home, "connect", "check")
    assert "scopes granted: system/Patient.rs system/Location.rs" in done.stdout
    assert done.returncode == 0


def test_a_token_that_the_server_takes_no_more_is_fetched_anew(practice_folder: Path, serve: Serve):
    key = ECKey.generate_key("P-384")
    (practice_folder / "key.pem").write_bytes(key.as_pem(private=True))
    (practice_folder / "key.pem").chmod(0o600)
    server = BulkServer([patient(1, minute=1)], keys={"caregap": key}, instead={"/status/1": [Reply(401)]})
    sign_in = "[north.sign_in]\nclient_id = 'caregap'\nprivate_key = { file = 'key.pem' }\nalgorithm = 'ES384'\n"
    pulled(connect(practice_folder, server, serve, sign_in))
    assert len(server.tokens) == 2


def test_a_refused_account_is_told_by_its_code_alone(practice_folder: Path, serve: Serve):
    (practice_folder / "key.pem").write_bytes(ECKey.generate_key("P-384").as_pem(private=True))
    (practice_folder / "key.pem").chmod(0o600)
    refusal = Reply(400, {"error": "invalid_client", "error_description": "SECRET"})
    server = BulkServer(keys={"caregap": ECKey.generate_key("P-384")}, instead={"/token": [refusal]})
    sign_in = "[north.sign_in]\nclient_id = 'caregap'\nprivate_key = { file = 'key.pem' }\nalgorithm = 'ES384'\n"
    assert "no token (HTTP 400, invalid_client)" in pulled(connect(practice_folder, server, serve, sign_in), expected=14)
