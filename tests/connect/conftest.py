"""HTTP servers on loopback, whose answers a test scripts, and practices that are connected to them."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.connect.fhir_server.server import FhirServer, installed, running

pytest.register_assert_rewrite("tests.connect.conformance")


@dataclass
class Request:
    """One request as the server saw it; `query` has the last value of each parameter."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.body.decode()).items()}


@dataclass
class Reply:
    """What the server answers. `content`: bytes, or what becomes JSON. `cut`: bytes after which the connection breaks."""

    status: int = 200
    content: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None

    @property
    def body(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


@dataclass
class Server:
    """A server on loopback: `answer` decides, `requests` are all that came."""

    address: str
    answer: Callable[[Request], Reply]
    requests: list[Request] = field(default_factory=list)


Serve = Callable[[Callable[[Request], Reply]], Server]


def patient(n: int, minute: int = 0) -> dict[str, Any]:
    """A patient as a FHIR server has it, changed at this minute after ten."""
    meta = {"lastUpdated": f"2026-03-01T10:{minute:02}:00.000Z"}
    return {
        "resourceType": "Patient",
        "id": f"p{n}",
        "meta": meta,
        "name": [{"family": f"Zimmermann{n}"}],
        "birthDate": "1960-05-04",
    }


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Request], Reply]], Server]]:
    """`serve(answer)`: a server that runs until the test ends."""
    running: list[ThreadingHTTPServer] = []

    def start(answer: Callable[[Request], Reply]) -> Server:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else a body waits 40 ms for the acknowledgement of its headers

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
                asked = Request(self.command, parts.path, query, {k.lower(): v for k, v in self.headers.items()}, body)
                server.requests.append(asked)
                reply = server.answer(asked)
                content = reply.body
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content if reply.cut is None else content[: reply.cut])
                if reply.cut is not None:
                    self.close_connection = True

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        listening.daemon_threads = True
        server = Server(f"http://127.0.0.1:{listening.server_port}", answer)
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        running.append(listening)
        return server

    yield start
    for one in running:
        one.shutdown()
        one.server_close()


@pytest.fixture
def practice_folder(tmp_path: Path) -> Path:
    """A practice with an empty folder of each source, to which a test adds connectors.toml."""
    for source in ("ehr", "crm"):
        (tmp_path / source).mkdir()
    settings = 'id = "harbor"\nname = "Harbor"\ntime_zone = "America/Chicago"\nencryption = "disk"\n'
    settings += '[sources]\nehr = "ehr"\ncrm = "crm"\n'
    (tmp_path / "practice.toml").write_text(settings, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="session")
def fhir_packages(pytestconfig: pytest.Config) -> Path:
    """Where npm has installed the FHIR server of the tests."""
    kept = pytestconfig.rootpath / ".pytest_cache" / "d" / "fhir-server"
    kept.mkdir(parents=True, exist_ok=True)
    return installed(kept)


@pytest.fixture(scope="session")
def running_fhir_server(fhir_packages: Path) -> Iterator[FhirServer]:
    """One server for all tests of a process: it takes seconds to start."""
    with running(fhir_packages) as server:
        yield server


@pytest.fixture
def fhir_server(running_fhir_server: FhirServer) -> FhirServer:
    """Medplum's FHIR router in memory: real search, real resources, empty at first."""
    running_fhir_server.reset()
    return running_fhir_server
