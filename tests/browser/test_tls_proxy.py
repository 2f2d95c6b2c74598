"""The sample configurations of Caddy and nginx, run as they stand, before the real dashboards that ask for sign-in."""

import http.client
import shutil
import socket
import ssl
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from models.audit_log.store import audit_log
from pipelines.home import CHECKOUT
from tests.browser.conftest import ACCESS

pytestmark = pytest.mark.browser

NAME = "caregap.example.org"
CADDY, NGINX = CHECKOUT / "deploy/caddy/Caddyfile", CHECKOUT / "deploy/nginx/caregap.conf"
MODULE = Path("/usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so")
MAIN = """{load}daemon off; pid {folder}/pid; error_log {folder}/errors;
events {{}}
http {{ {paths} include {folder}/site.conf; }}
"""
HTTPS, HTTP = 0, 1
XSRF = "_streamlit_xsrf"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def cookies(self) -> dict[str, str]:
        """The cookies that it sets, each with its attributes as written."""
        return {line.partition("=")[0]: line for line in self.headers.get_all("Set-Cookie", [])}


@dataclass(frozen=True)
class Site:
    """The dashboards behind a proxy on this machine: its two ports, its certificate, and the home."""

    ports: tuple[int, int]
    certificate: Path
    home: Path

    @property
    def place(self) -> str:
        return f"{NAME}:{self.ports[HTTPS]}"

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    def connected(self, port: int = HTTPS) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports[port]), timeout=60)

    def get(self, path: str, port: int = HTTPS, **headers: str) -> Answer:
        """The answer to a request for `path`, under the site's own name unless `Host` says another."""
        asked = http.client.HTTPConnection(NAME, self.ports[port], timeout=60)
        asked.sock = self.connected(port)
        if port == HTTPS:
            asked.sock = self.trusted().wrap_socket(asked.sock, server_hostname=NAME)
        asked.request("GET", path, headers={"Host": self.place} | headers)
        answer = asked.getresponse()
        body = answer.read()
        asked.close()
        return Answer(answer.status, answer.headers, body)

    def stream(self, origin: str | None, token: str = "", **headers: str):
        """A page's WebSocket, opened from this origin; `token` is the one against cross-site requests."""
        return connect(
            f"wss://{self.place}/_stcore/stream",
            sock=self.connected(),
            ssl=self.trusted(),
            server_hostname=NAME,
            origin=origin,
            subprotocols=["streamlit", *([token] if token else [])],
            additional_headers=headers,
            compression=None,
            open_timeout=60,
        )


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate, with its key beside it."""
    folder = tmp_path_factory.mktemp("tls")
    made = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/fullchain.pem", "-addext", f"subjectAltName=DNS:{NAME}"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    subprocess.run(["openssl", "req", *kind, *made], check=True, capture_output=True)
    return folder / "fullchain.pem"


@pytest.fixture(scope="module")
def site(provider, own_home, serve, free_port, certificate) -> Iterator[Callable[[str], Site]]:
    """`site("caddy")`: one server of dashboards for both proxies, which take turns before it under one port."""
    home, port, ports = own_home(), free_port(), (free_port(), free_port())
    access = ACCESS.format(issuer=provider, port=port, idle_minutes=15)
    own = f"http://localhost:{port}/oauth2callback"
    assert own in access
    (home / "access.toml").write_text(access.replace(own, f"https://{NAME}:{ports[HTTPS]}/oauth2callback"))
    serve(home, port, CAREGAP_CLIENT_SECRET="s3cret")
    started: dict[str, subprocess.Popen] = {}

    def before(proxy: str) -> Site:
        for other in [name for name in started if name != proxy]:
            _end(started.pop(other))
        if proxy not in started:
            started[proxy] = _proxy(proxy, certificate.parent, port, ports)
        return Site(ports, certificate, home)

    with ExitStack() as ending:
        ending.callback(lambda: [_end(process) for process in started.values()])
        yield before


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    process.wait(timeout=20)


def _proxy(name: str, folder: Path, port: int, ports: tuple[int, int]) -> subprocess.Popen:
    """Start the proxy by its sample configuration, with the paths and ports of this test in place of its own."""
    for program in ("openssl", name):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed: make setup-deploy")
    own = {"/etc/caregap/tls": str(folder), "127.0.0.1:8501": f"127.0.0.1:{port}"}
    if name == "caddy":
        own |= {"http_port 80": f"http_port {ports[HTTP]}", "https_port 443": f"https_port {ports[HTTPS]}"}
        file = folder / "Caddyfile"
        command = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
        file.write_text(_replaced(CADDY.read_text(), own))
    else:
        if not MODULE.exists():
            pytest.skip("nginx has no module headers-more: make setup-deploy")
        own["/var/log/nginx/caregap.log"] = f"{folder}/log"
        own |= {"listen 80": f"listen {ports[HTTP]}", "listen 443": f"listen {ports[HTTPS]}"}
        (folder / "site.conf").write_text(_replaced(NGINX.read_text(), own))
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        main = MAIN.format(load=f"load_module {MODULE};\n", folder=folder, paths=paths)
        (folder / "nginx.conf").write_text(main)
        command = ["nginx", "-c", str(folder / "nginx.conf"), "-e", f"{folder}/errors"]
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin"})
    for _ in range(120):
        try:
            for listening in ports:
                socket.create_connection(("127.0.0.1", listening), timeout=1).close()
            return process
        except OSError:
            assert process.poll() is None, (folder / f"{name}.log").read_text()
            time.sleep(0.25)
    raise AssertionError((folder / f"{name}.log").read_text())


def _replaced(text: str, own: dict[str, str]) -> str:
    for was, becomes in own.items():
        assert was in text, was
        text = text.replace(was, becomes)
    return text


PROXIES = pytest.mark.parametrize("proxy", ["caddy", "nginx"])


@PROXIES
def test_http_leads_to_https_under_the_sites_own_name(site, proxy):
    answer = site(proxy).get("/overview?x=1", HTTP, Host=NAME)
    assert answer.status in (301, 308)
    assert answer.headers["Location"] == f"https://{NAME}/overview?x=1"
    assert "Server" not in answer.headers


@PROXIES
def test_https_answers_with_the_dashboards_headers_each_once_and_says_nobodys_name(site, proxy):
    answer = site(proxy).get("/")
    assert answer.status == 200
    assert answer.headers.get_all("Strict-Transport-Security") == ["max-age=31536000"]
    assert len(answer.headers.get_all("Content-Security-Policy")) == 1
    assert not {"server", "via", "x-powered-by"} & {name.lower() for name in answer.headers}


@PROXIES
@pytest.mark.parametrize(("version", "is_served"), [("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
def test_tls_1_2_and_1_3_are_served_and_nothing_older(site, proxy, version, is_served):
    shown = site(proxy)
    context = shown.trusted()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else the client itself refuses 1.1
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with shown.connected() as plain:
        if is_served:
            with context.wrap_socket(plain, server_hostname=NAME) as encrypted:
                assert encrypted.version() == version.replace("_", ".")
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(plain, server_hostname=NAME)


@PROXIES
def test_another_name_another_sites_page_and_doors_without_a_page_are_refused_behind_the_proxy_too(site, proxy):
    shown = site(proxy)
    assert shown.get("/", Origin="https://evil.example.com").status == 403
    assert shown.get("/", Origin=f"https://{shown.place}").status == 200
    assert shown.get("/media/0123456789abcdef.csv").status == 403
    assert shown.get("/_stcore/metrics").status == 404
    assert _page_of_another_name(shown) == b""
    for origin in (None, "https://evil.example.com", f"http://{shown.place}.evil.example.com"):
        with pytest.raises(InvalidStatus), shown.stream(origin):
            pass


def _page_of_another_name(shown: Site) -> bytes:
    """Caddy answers a name that is not its own with nothing; nginx hangs up."""
    try:
        return shown.get("/", Host="evil.example.com").body
    except http.client.RemoteDisconnected:
        return b""


@PROXIES
def test_who_signs_in_through_the_proxy_has_guarded_cookies_a_live_page_and_their_own_address_in_the_log(site, proxy, provider):
    """The code flow of OpenID Connect, step by step; the browser claims to be elsewhere, which is not believed."""
    shown = site(proxy)
    asked = shown.get(f"/auth/login?provider={_login_token(shown.home)}")
    assert asked.status in (302, 307)
    held = asked.cookies()
    to = urlsplit(asked.headers["Location"])
    assert parse_qs(to.query)["redirect_uri"] == [f"https://{shown.place}/oauth2callback"]
    agreed = httpx.post(to.geturl(), data={"sub": "ann"}, follow_redirects=False)
    back = urlsplit(agreed.headers["Location"])
    answer = shown.get(f"{back.path}?{back.query}", Cookie=_sent(held))
    held |= answer.cookies() | shown.get("/_stcore/health").cookies()
    for name, written in held.items():
        flags = {part.strip().lower() for part in written.split(";")[1:]}
        assert {"secure", "samesite=lax"} <= flags, name
        assert ("httponly" in flags) is (name != XSRF), name  # the page itself hands that one over
        assert not any(flag.startswith(("max-age", "expires")) for flag in flags if "=0" not in flag), name
    assert any(name.startswith("_streamlit_user") for name in held)

    n_before = len(list(audit_log(shown.home).entries()))
    away = {"Cookie": _sent(held), "X-Forwarded-For": "203.0.113.9"}
    token = SimpleCookie(held[XSRF])[XSRF].coded_value.strip('"')
    with shown.stream(f"https://{shown.place}", token, **away) as page:
        said = BackMsg()
        said.rerun_script.query_string = ""
        page.send(said.SerializeToString())
        first = ForwardMsg.FromString(page.recv(timeout=60))
        assert first.WhichOneof("type") == "new_session"
        for _ in range(240):
            lines = list(audit_log(shown.home).entries())[n_before:]
            if lines:
                break
            time.sleep(0.25)
    assert (lines[0]["event"], lines[0]["who"], lines[0]["role"]) == ("signed_in", "ann", "leadership")
    assert lines[0]["address"].endswith(" for 127.0.0.1") and "203.0.113.9" not in lines[0]["address"]


def _login_token(home: Path) -> str:
    """What the button "Sign in" sends the browser with: Streamlit signs it with the key of its cookies."""
    secrets = tomllib.loads((home / "access" / "streamlit_secrets.toml").read_text())
    key = OctKey.import_key(secrets["auth"]["cookie_secret"])
    return jwt.encode({"alg": "HS256"}, {"provider": "practice", "exp": int(time.time()) + 120}, key)


def _sent(cookies: dict[str, str]) -> str:
    """The cookies as a browser sends them."""
    pairs = SimpleCookie()
    for line in cookies.values():
        pairs.load(line)
    return "; ".join(f"{name}={one.coded_value}" for name, one in pairs.items())


@PROXIES
def test_an_address_that_somebody_searched_by_is_in_no_log_of_the_proxy(site, proxy, certificate):
    site(proxy).get(f"/outreach?{urlencode({'who': 'Quenby'})}")
    time.sleep(0.5)
    logs = [path.read_text() for path in certificate.parent.iterdir() if path.suffix == ".log" or path.name == "log"]
    assert logs and not any("Quenby" in text for text in logs)
