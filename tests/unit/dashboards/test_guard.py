"""What reaches Streamlit: known addresses, asked for by this site's own pages."""

import asyncio

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from dashboards.server.guard import Guard

HOST = "caregap.example.org"
SAME_SITE = {"host": HOST, "origin": f"https://{HOST}"}
OPENED = BackMsg(rerun_script=ClientState(page_name="overview")).SerializeToString()
BY_THE_CLOCK = BackMsg(rerun_script=ClientState(is_auto_rerun=True)).SerializeToString()


class Door:
    """A guard before an application that answers 200 with the request that it received."""

    def __init__(self, *, is_admitted: bool = False):
        self.is_signed_in, self.notes, self.left, self.heard = is_admitted, 0, [], []
        self.guard = Guard(self.app, hosts=frozenset({HOST, "localhost"}), visitors=self)

    def is_admitted(self, cookies):
        return self.is_signed_in

    def note(self, cookies):
        self.notes += 1

    def leave(self, cookies, address):
        self.left.append(address)

    async def app(self, scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body"})
            return
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.heard.append(message["bytes"])

    def ask(self, path: str, method: str = "GET", **headers: str) -> int:
        """The status of the answer."""
        sent: list[dict] = []

        async def send(message):
            sent.append(message)

        async def receive():
            return {"type": "http.request"}

        asyncio.run(self.guard(self._scope("http", path, headers) | {"method": method}, receive, send))
        return sent[0]["status"]

    def connect(self, path: str = "/_stcore/stream", frames: tuple[bytes, ...] = (), **headers: str) -> str:
        """How it ends: `accept` or `close`."""
        sent: list[dict] = []
        said = iter([{"type": "websocket.receive", "bytes": frame} for frame in frames])

        async def send(message):
            sent.append(message)

        async def receive():
            return next(said, {"type": "websocket.disconnect"})

        asyncio.run(self.guard(self._scope("websocket", path, headers), receive, send))
        return sent[0]["type"].partition(".")[2]

    def _scope(self, kind: str, path: str, headers: dict[str, str]) -> dict:
        told = [(name.replace("_", "-").encode(), value.encode()) for name, value in ({"host": HOST} | headers).items()]
        return {"type": kind, "path": path, "headers": told, "client": ("10.1.2.3", 1)}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/_stcore/upload_file/s/f"),
        ("DELETE", "/_stcore/upload_file/s/f"),
        ("OPTIONS", "/_stcore/upload_file/s/f"),
        ("GET", "/_stcore/upload_file/s/f"),
        ("PUT", "/overview/_stcore/upload_file/s/f"),
        ("PUT", "//_stcore/upload_file/s/f"),
        ("PUT", "/_STCORE/upload_file/s/f"),
        ("GET", "/_stcore/metrics"),
        ("GET", "/_stcore/script-health-check"),
        ("GET", "/_stcore/agent/openapi.json"),
        ("POST", "/_stcore/agent/interact"),
        ("GET", "/_stcore/bidi-components/x/y.js"),
        ("GET", "/component/x/index.html"),
        ("POST", "/"),
        ("TRACE", "/static/index.js"),
    ],
)
def test_endpoints_that_no_page_needs_are_absent_signed_in_or_not(method, path):
    assert Door().ask(path, method) == Door(is_admitted=True).ask(path, method) == 404


@pytest.mark.parametrize(
    "path", ["/", "/overview", "/static/js/index.js", "/_stcore/health", "/_stcore/host-config", "/auth/login"]
)
def test_pages_and_their_static_files_are_served(path):
    assert Door().ask(path) == 200


def test_an_exported_file_is_served_to_signed_in_viewers_only():
    assert Door().ask("/media/abc.csv") == 403
    assert Door().ask("//media/abc.csv") == 403
    assert Door(is_admitted=True).ask("/media/abc.csv") == 200


@pytest.mark.parametrize("host", ["evil.example.com", f"{HOST}.evil.example.com", "", "127.0.0.1.evil.example.com:8501", "[::1"])
def test_another_name_that_points_here_is_refused(host):
    assert Door().ask("/", host=host) == 403
    assert Door().connect(host=host, origin=f"https://{host}") == "close"


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", f"https://{HOST}.evil.example.com", f"https://x@{HOST}", ""]
)
def test_another_sites_page_is_refused(origin):
    assert Door().ask("/", origin=origin) == 403
    assert Door().connect(origin=origin) == "close"


def test_a_connection_that_does_not_say_where_its_page_comes_from_is_no_browsers():
    assert Door().connect() == "close"
    assert Door().connect(path="/overview/_stcore/stream", **SAME_SITE) == "close"
    assert Door().connect(**SAME_SITE) == "accept"


def test_no_visitor_clears_the_servers_caches_or_takes_it_down():
    orders = [
        BackMsg(clear_cache=True),
        BackMsg(debug_shutdown_runtime=True),
        BackMsg(set_run_on_save=True),
        BackMsg(load_git_info=True),
        BackMsg(),
    ]
    door = Door(is_admitted=True)
    door.connect(frames=(*(order.SerializeToString() for order in orders), b"\xff", OPENED), **SAME_SITE)
    assert door.heard == [OPENED]


def test_a_persons_action_is_activity_and_a_pages_own_message_is_not():
    door = Door(is_admitted=True)
    door.connect(frames=(OPENED, BY_THE_CLOCK, BackMsg(app_heartbeat=True).SerializeToString(), OPENED), **SAME_SITE)
    assert door.notes == 2
    door = Door(is_admitted=True)
    door.connect(frames=(OPENED, BY_THE_CLOCK), **SAME_SITE, sec_websocket_protocol="streamlit, token, session")
    assert door.notes == 0
    assert len(door.heard) == 2


def test_leaving_by_its_address_ends_the_sign_in_and_another_site_cannot_do_it():
    door = Door(is_admitted=True)
    assert door.ask("/auth/logout", sec_fetch_site="cross-site") == 403
    assert door.left == []
    assert door.ask("/auth/logout", sec_fetch_site="same-origin") == 200
    assert door.left == ["10.1.2.3"]
