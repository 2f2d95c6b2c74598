"""Who is told of what, by a real mail server and a real webhook on this machine."""

import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from socket import socket
from threading import Thread

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dashboards.access.roles import Viewer
from dashboards.alerts.subscriptions import Wanted, subscribe
from models.settings.notices import Mail, NoticeSettings, Subscription, Webhook
from models.settings.toml_schema import SettingsRefused, read_settings
from pipelines.alerts import telling
from pipelines.alerts.mail import send_mail
from pipelines.alerts.telling import notice_settings, tell
from pipelines.alerts.watches import Facts, alerts, digest, facts_of
from pipelines.alerts.webhook import post
from pipelines.errors import ConnectionFailed
from pipelines.home import Home
from pipelines.publications.store import Publication, current
from pipelines.sql.connection import open_file

PUBLICATION = Publication(
    id="p-1", practice_id="p", practice_name="Lakeside", is_synthetic=True, time_zone="UTC", as_of_on="2026-11-01",
    build_id="b", fingerprint="f", published_at="2026-11-01T00:00:00+00:00", n_rows={}, number=7,
)  # fmt: skip
NO_SHOWS = {
    "kpi_code": "no_show_rate", "kpi_name": "No-show rate", "unit": "share", "is_headline": True, "value": 0.12,
    "before_value": 0.1,
    "target": 0.05, "target_status": "missed", "first_month_on": date(2026, 8, 1), "last_month_on": date(2026, 10, 1),
}  # fmt: skip
FACTS = Facts(
    PUBLICATION,
    [NO_SHOWS],
    [{"source_system": "crm", "extract": "contacts", "n_refused": 1, "n_quarantined": 2}],
    [{"check_name": "drift", "subject": "portal_logins", "status": "warn"}],
)


class Postbox:
    """Keeps the messages that a mail server takes: to whom, and what."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], Message]] = []

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 (aiosmtpd calls it so)
        self.taken.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"


@contextmanager
def mail_server(**settings) -> Iterator[tuple[Postbox, int]]:
    box = Postbox()
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port, **settings)
    server.start()
    try:
        yield box, port
    finally:
        server.stop()


@contextmanager
def web_server(status: int = 204) -> Iterator[tuple[list[tuple[dict, bytes]], str]]:
    taken: list[tuple[dict, bytes]] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Taking)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield taken, f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Home:
    monkeypatch.setattr(telling, "facts_of", lambda home, publication, signs=(): FACTS)
    return Home(tmp_path)


def configure(home: Home, port: int, *rest: str) -> None:
    mail = f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "caregap@example.org"\n'
    (home.root / "alerts.toml").write_text("\n".join([mail, *rest]))


MAIL = {"host": "127.0.0.1", "security": "none", "sender": "caregap@example.org"}
LEADERS = """
[[subscriptions]]
who = "Leadership"
mail = ["ann@example.org", "cy@example.org"]
digest = true
kpis = { no_show_rate = { above = 0.1 } }
"""


def test_an_alert_and_a_digest_reach_each_recipient_once_by_a_real_mail_server(home: Home):
    with mail_server() as (box, port):
        configure(home, port, LEADERS)
        assert tell(home, PUBLICATION).n_sent == 1
        assert tell(home, PUBLICATION).n_sent == 0
    [(to, message)] = box.taken
    assert to == ["ann@example.org", "cy@example.org"] and "ann" not in message["To"]
    assert message["Subject"] == "Caregap: 1 alert and digest"
    text = message.get_payload(decode=True).decode()
    assert "- No-show rate was 12.0 % in Aug to Oct 2026, above 10.0 %." in text
    assert "No-show rate, Aug to Oct 2026: 12.0 %, 10.0 % in the quarter before; target 5.0 % missed" in text


def test_what_a_server_did_not_take_is_sent_the_next_time(home: Home):
    configure(home, 1, LEADERS)
    told = tell(home, PUBLICATION)
    assert told.n_sent == 0 and "Leadership was not told: Mail server 127.0.0.1:1" in told.failed[0]
    with mail_server() as (box, port):
        configure(home, port, LEADERS)
        assert tell(home, PUBLICATION).n_sent == 1
    assert len(box.taken) == 1


def test_an_alert_that_ended_and_comes_again_is_told_again(home: Home, monkeypatch):
    calm = Facts(PUBLICATION, [NO_SHOWS | {"value": 0.09}], [], [])
    both = LEADERS + '\n[[subscriptions]]\nwho = "Steward"\nmail = ["di@example.org"]\ndata_health = true\n'
    with mail_server() as (box, port):
        configure(home, port, both)
        tell(home, PUBLICATION)
        monkeypatch.setattr(telling, "facts_of", lambda *_: calm)
        tell(home, PUBLICATION)
        monkeypatch.setattr(telling, "facts_of", lambda *_: FACTS)
        tell(home, PUBLICATION)
    assert [message["Subject"] for _, message in box.taken].count("Caregap: 1 alert") == 3


PAGES = '[pages]\ndomains = ["example.org"]\n'
REVOKED = """
[sign_in]
issuer = "https://id.example.org"
client_id = "caregap"
redirect_uri = "https://caregap.example.org/oauth2callback"
revoked = ["ann"]
"""


def test_who_subscribed_on_the_page_is_told_at_allowed_addresses_until_their_access_is_revoked(home: Home):
    """Ann asked for two addresses, one of a domain that alerts.toml no longer allows."""
    wanted = Subscription.model_validate({"who": "page", "mail": ["ann@example.org", "ann@old.org"], "model": True})
    both = NoticeSettings.model_validate({"pages": {"domains": ["example.org", "old.org"]}, "mail": MAIL})
    subscribe(home.outcomes(PUBLICATION.practice_id), Viewer("ann", "leadership"), Wanted(wanted), both)
    with mail_server() as (box, port):
        configure(home, port)
        assert tell(home, PUBLICATION).n_sent == 0
        configure(home, port, PAGES)
        assert tell(home, PUBLICATION).n_sent == 1
        assert tell(home, PUBLICATION).n_sent == 0
        (home.root / "alerts" / "told.json").unlink()
        (home.root / "access.toml").write_text(REVOKED)
        assert tell(home, PUBLICATION).n_sent == 0
    assert [to for to, _ in box.taken] == [["ann@example.org"]]


def test_mail_is_encrypted_and_signed_in_where_the_server_asks_for_it(tmp_path: Path, monkeypatch):
    server_side = own_certificate(tmp_path)
    monkeypatch.setenv("SMTP_PASSWORD", "right")

    def known(server, session, envelope, mechanism, data) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"caregap", b"right")
        return AuthResult(success=is_right, handled=False)

    with mail_server(tls_context=server_side, require_starttls=True, authenticator=known, auth_required=True) as (box, port):
        said = {"host": "localhost", "port": port, "sender": "caregap@example.org", "user": "caregap", "ca_file": "ca.pem"}
        server = Mail.model_validate(said | {"password": {"env": "SMTP_PASSWORD"}})
        send_mail(server, tmp_path, ["ann@example.org"], "Hello", "text", ("report.html", b"<p>totals</p>"))
        monkeypatch.setenv("SMTP_PASSWORD", "wrong")
        with pytest.raises(ConnectionFailed, match="SMTPAuthenticationError 535"):
            send_mail(server, tmp_path, ["ann@example.org"], "Hello", "text")
        with pytest.raises(ConnectionFailed, match="SSLCertVerificationError"):
            send_mail(server.model_copy(update={"ca_file": ""}), tmp_path, ["ann@example.org"], "Hello", "text")
    [(_, message)] = box.taken
    assert [part.get_filename() for part in message.walk()][-1] == "report.html"


def own_certificate(folder: Path) -> ssl.SSLContext:
    """A server's certificate of its own authority, written into the folder as `ca.pem`."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = made.add_extension(names, False).sign(key, hashes.SHA256())
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context


def test_a_webhook_gets_json_that_its_secret_signs(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOOK", "shared")
    with web_server() as (taken, url):
        hook = Webhook.model_validate({"url": url, "secret": {"env": "HOOK"}})
        post("oncall", hook, tmp_path, {"alerts": [{"id": "kpi:x", "text": "X"}]})
    [(headers, body)] = taken
    assert json.loads(body) == {"alerts": [{"id": "kpi:x", "text": "X"}]}
    assert headers["X-Caregap-Signature"] == f"sha256={hmac.new(b'shared', body, hashlib.sha256).hexdigest()}"
    with web_server(status=500) as (_, url), pytest.raises(ConnectionFailed):
        post("oncall", Webhook.model_validate({"url": url}), tmp_path, {})


def test_a_subscription_is_told_of_what_it_asked_for_alone():
    def texts(**wanted) -> list[str]:
        return [one.text for one in alerts(FACTS, Subscription.model_validate({"who": "x"} | wanted))]

    assert texts() == []
    assert texts(kpis={"no_show_rate": {"above": 0.12}}) == []
    assert texts(kpis={"no_show_rate": {"below": 0.2}}) == ["No-show rate was 12.0 % in Aug to Oct 2026, below 20.0 %."]
    assert texts(data_health=True) == [
        "crm contacts: 1 file refused, 2 rows quarantined. The page Data health has file, field and reason."
    ]
    assert texts(model=True) == ["Risk model, drift portal logins: beyond its threshold. See the page Risk model."]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[mail]\nhost = "smtp.example.org"\nsecurity = "none"\nsender = "a@b.org"', "leaves this machine encrypted"),
        ('[mail]\nhost = "h"\nsender = "a@b.org"\nuser = "u"', "belong together"),
        ('[mail]\nhost = "h"\nsender = "a@b.org\\nBcc: x@y.org"', "mail.sender"),
        ('[[subscriptions]]\nwho = "A"\nmail = ["a@b.org"]', "needs the table [mail]"),
        ('[pages]\ndomains = ["example.org"]', "needs the table [mail]"),
        ('[[subscriptions]]\nwho = "A"\nwebhooks = ["x"]', "names a webhook"),
        ('[[subscriptions]]\nwho = "A"\nkpis = { no_such = { above = 1.0 } }', "is no such KPI"),
        ('[[subscriptions]]\nwho = "A"\nkpis = { no_show_rate = {} }', "must have above or below"),
        ('[[subscriptions]]\nwho = "A"\nreport = true', "comes with the digest"),
        ('[[subscriptions]]\nwho = "A"\n[[subscriptions]]\nwho = "A"', "have one name twice"),
    ],
)
def test_a_wrong_alerts_toml_is_refused_with_what_to_write(text: str, said: str):
    with pytest.raises(SettingsRefused) as refused:
        read_settings(text.encode(), NoticeSettings, "alerts.toml", {"kpi_codes": frozenset({"no_show_rate"})})
    assert said in str(refused.value)


def test_without_the_file_nobody_is_told(home: Home):
    assert notice_settings(home) is None
    assert tell(home, PUBLICATION).n_sent == 0


def test_nothing_that_is_told_of_a_practice_names_a_patient(sample_home: Home):
    """Names, record numbers, telephone numbers and addresses of every patient of the sample against all that can be told."""
    publication = current(sample_home)
    facts = facts_of(sample_home, publication)
    codes = {row["kpi_code"]: {"above": -1e12} for row in facts.kpis}
    everything = Subscription.model_validate({"who": "x", "kpis": codes, "data_health": True, "model": True, "signs": True})
    told = " ".join([*(f"{one.id} {one.text}" for one in alerts(facts, everything)), *digest(facts)])
    assert len(alerts(facts, everything)) > 20 and len(digest(facts)) > 5
    with open_file(sample_home.published / publication.id / "warehouse.duckdb", read_only=True) as connection:
        query = "select mrn, phone, email, last_name, first_name || ' ' || last_name from marts.dim_patients"
        named = {value for row in connection.execute(query).fetchall() for value in row if value and len(value) > 4}
    assert not [value for value in named if f" {value} " in told]
