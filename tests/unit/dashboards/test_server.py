"""What the server adds to Streamlit, and where it refuses to start."""

import asyncio
import tomllib

import pytest

from dashboards.server import serve

ACCESS = """
[sign_in]
issuer = "https://id.example.org"
client_id = "caregap"
redirect_uri = "https://caregap.example.org/oauth2callback"
"""


@pytest.fixture
def hardened(tmp_path, monkeypatch):
    """`hardened(path, cookie, is_https=…)` is the headers of an answer that sets this cookie."""
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))
    from dashboards.server.hardening import Hardened

    def answered(path: str, cookie: str, *, is_https: bool) -> dict[str, str]:
        async def inner(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": [(b"set-cookie", cookie.encode())]})

        sent = []

        async def send(message):
            sent.append(message)

        asyncio.run(Hardened(inner, is_https=is_https)({"type": "http", "path": path}, None, send))
        return {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}

    return answered


def test_the_identity_cookie_ends_with_the_browser_and_is_secure_behind_https(hardened):
    cookie = "_streamlit_user=x; HttpOnly; Max-Age=2592000; Path=/; SameSite=lax"
    assert hardened("/", cookie, is_https=True)["set-cookie"] == "_streamlit_user=x; HttpOnly; Path=/; SameSite=lax; Secure"
    assert hardened("/", cookie, is_https=False)["set-cookie"] == "_streamlit_user=x; HttpOnly; Path=/; SameSite=lax"


def test_a_cookie_that_is_taken_back_stays_so(hardened):
    cookie = '_streamlit_user=""; Max-Age=0; Path=/'
    assert hardened("/", cookie, is_https=True)["set-cookie"] == cookie


def test_no_page_may_frame_the_dashboards_and_no_cache_keeps_an_export(hardened):
    headers = hardened("/media/abc.csv", "a=b", is_https=True)
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" in headers
    assert "cache-control" not in hardened("/static/app.js", "a=b", is_https=True)


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.7", "caregap.example.org", ""])  # noqa: S104
def test_without_sign_in_no_other_address_than_loopback_is_served(tmp_path, monkeypatch, capsys, address):
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))
    monkeypatch.setattr(serve.os, "execv", lambda *_: pytest.fail("it started"))
    with pytest.raises(SystemExit) as ended:
        serve.main("8501", address)
    assert ended.value.code == 2
    assert "this machine only" in capsys.readouterr().err


def test_the_secret_reaches_streamlit_in_a_private_file_and_never_on_the_command_line(tmp_path, monkeypatch):
    (tmp_path / "access.toml").write_text(ACCESS)
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))
    monkeypatch.setenv("CAREGAP_CLIENT_SECRET", 's3"cr\\et')
    started = []
    monkeypatch.setattr(serve.os, "execv", lambda _, command: started.append(command))
    serve.main("8501", "0.0.0.0")  # noqa: S104
    serve.main("8501", "0.0.0.0")  # noqa: S104
    path = tmp_path / "access" / "streamlit_secrets.toml"
    shared = tomllib.loads(path.read_text())["auth"]
    provider = shared["practice"]
    assert shared["expose_tokens"] == ["access"]
    assert provider["client_secret"] == 's3"cr\\et'
    assert provider["client_kwargs"]["prompt"] == "login"
    assert path.stat().st_mode & 0o777 == 0o600
    assert not any("s3" in word for word in started[0])
    assert str(path) in started[0]
    assert "client.disableDataExport" in " ".join(started[0])


def test_sign_in_without_its_secret_does_not_start(tmp_path, monkeypatch, capsys):
    (tmp_path / "access.toml").write_text(ACCESS)
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))
    monkeypatch.delenv("CAREGAP_CLIENT_SECRET", raising=False)
    with pytest.raises(SystemExit):
        serve.main("8501", "127.0.0.1")
    assert "CAREGAP_CLIENT_SECRET" in capsys.readouterr().err


def test_scopes_and_the_strength_of_sign_in_are_requested_as_set_in_the_file(tmp_path, monkeypatch):
    (tmp_path / "access.toml").write_text(ACCESS + 'scopes = ["openid", "groups"]\nacr_values = ["mfa", "phr"]\n')
    monkeypatch.setenv("CAREGAP_HOME", str(tmp_path))
    monkeypatch.setenv("CAREGAP_CLIENT_SECRET", "s3cret")
    monkeypatch.setattr(serve.os, "execv", lambda *_: None)
    serve.main("8501", "127.0.0.1")
    provider = tomllib.loads((tmp_path / "access" / "streamlit_secrets.toml").read_text())["auth"]["practice"]
    assert provider["client_kwargs"]["scope"] == "openid groups"
    assert provider["authorize_params"] == {"acr_values": "mfa phr"}


def test_no_script_runs_but_our_own_and_nothing_is_fetched_or_sent_elsewhere(hardened):
    said = hardened("/", "a=b", is_https=True)["content-security-policy"]
    policy = dict(part.strip().split(" ", 1) for part in said.split(";"))
    assert policy["default-src"] == "'self'" and policy["connect-src"] == "'self'"
    scripts = policy["script-src"].split()
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*"} & set(scripts)
    assert len([one for one in scripts if one.startswith("'sha256-")]) >= 2
