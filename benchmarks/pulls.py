"""How fast a pull brings resources into a delivery, against asking for the same pages and doing nothing with them.

The server is a process of its own on loopback, with its pages ready, so that the pull is measured: each version once, each page
on the disk before the next, resumable.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing import Process, get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

import httpx

from benchmarks.result import Result, in_turns
from pipelines.connect.connectors import read_connections
from pipelines.connect.pulls.pull import pull
from pipelines.home import Home
from pipelines.practice import Practice

PATIENTS, _PAGE = 10_000, 200


def run(scale: int) -> list[Result]:
    with TemporaryDirectory() as folder, served(PATIENTS * scale) as address:
        return list(_measured(Path(folder), PATIENTS * scale, address))


def _measured(folder: Path, n: int, address: str) -> Iterator[Result]:
    (_, bare_cpu), (_, cpu) = in_turns(_asked(address, n), _pulled(folder, address), rounds=3)
    yield Result("resources pulled by search", n / cpu, "a CPU second", note=f"{n:,} in {cpu:.2f} s")
    yield Result("pull against its requests alone", bare_cpu / cpu, note="CPU seconds")


def _asked(address: str, n: int) -> Callable[[], None]:
    def ask() -> None:
        with httpx.Client(trust_env=False) as client:
            for offset in range(0, n, _PAGE):
                client.get(f"{address}/Patient", params={"_offset": offset})

    return ask


def _pulled(folder: Path, address: str) -> Callable[[], None]:
    (folder / "connectors.toml").write_text(
        f"[bench]\nkind = 'fhir'\naddress = '{address}'\nsource = 'ehr'\n[bench.limits]\nrequests_per_minute = 60000\n"
        f"[bench.pull]\nmethod = 'search'\ntypes = ['Patient']\npage_size = {_PAGE}\n",
        encoding="utf-8",
    )
    (folder / "ehr").mkdir()
    practice = Practice("bench", "Bench", "UTC", {"ehr": folder / "ehr"})
    connection = read_connections(folder, practice)["bench"]

    def go() -> None:
        pull(Home(folder / "home"), practice, connection, is_full=True)

    return go


@contextmanager
def served(n: int) -> Iterator[str]:
    """The address of a server that has `n` patients."""
    ours, theirs = get_context("spawn").Pipe()
    server: Process = get_context("spawn").Process(target=_serve, args=(n, theirs), daemon=True)  # type: ignore[assignment]
    server.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        server.terminate()
        server.join()


def _serve(n: int, told: Pipe) -> None:
    pages = {offset: _page(offset, n) for offset in range(0, n, _PAGE)}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a body waits 40 ms for the acknowledgement of its headers

        def do_GET(self) -> None:
            content = pages[int(parse_qs(urlsplit(self.path).query).get("_offset", ["0"])[0])]
            self.send_response(200)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    told.send(server.server_port)
    server.serve_forever()


def _page(offset: int, n: int) -> bytes:
    link = [{"relation": "next", "url": f"Patient?_offset={offset + _PAGE}"}] if offset + _PAGE < n else []
    entries = [{"resource": _patient(number)} for number in range(offset, min(offset + _PAGE, n))]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "link": link, "entry": entries}).encode()


def _patient(number: int) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "meta": {"lastUpdated": f"2026-03-01T10:{number // 60 % 60:02}:{number % 60:02}.000Z"},
        "name": [{"family": "Kestrel", "given": ["Ann"]}],
        "birthDate": "1960-05-04",
        "address": [{"line": ["1 Main St"], "city": "Albany", "state": "NY", "postalCode": "12207"}],
    }
