"""The HTTP client: patient with a busy server, silent about what it carries, credentials for one host alone."""

import gzip
import logging
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import pytest

from models.settings.connectors import Limits
from pipelines.clock import now
from pipelines.connect.http import Http, NoAnswer, Refused, TooBusy
from pipelines.connect.secrets import Hidden
from pipelines.connect.sign_in import Bearer
from tests.connect.conftest import Reply, Request, Server

Serve = Callable[[Callable[[Request], Reply]], Server]


def client(server: Server, **limits: int) -> tuple[Http, list[float]]:
    """A client that does not wait but notes for how long it would have."""
    waits: list[float] = []
    settings = Limits(**{"requests_per_minute": 60_000, "timeout_seconds": 5} | limits)
    http = Http("hub", server.address, settings, Bearer(Hidden("s3cr3t"), "hub"), sleep=lambda _: None, waited=waits.append)
    return http, waits


def in_turn(*replies: Reply) -> Callable[[Request], Reply]:
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_asked_again_after_the_seconds_that_it_names(serve: Serve, status: int):
    http, waits = client(serve(in_turn(Reply(status, headers={"Retry-After": "7"}), Reply(200, {"a": 1}))))
    assert http.request("GET", "x").json() == {"a": 1}
    assert waits == [7]


def test_retry_after_may_be_a_date(serve: Serve):
    date = format_datetime(now() + timedelta(seconds=30), usegmt=True)
    http, waits = client(serve(in_turn(Reply(503, headers={"Retry-After": date}), Reply(200))))
    http.request("GET", "x")
    assert 27 <= waits[0] <= 30


def test_without_retry_after_each_wait_is_about_twice_the_one_before(serve: Serve):
    server = serve(in_turn(Reply(503)))
    http, waits = client(server)
    with pytest.raises(TooBusy, match=r"hub \(127.0.0.1\) is too busy \(HTTP 503\)"):
        http.request("GET", "x")
    assert len(server.requests) == 6
    assert all(least <= wait <= 2 * least for wait, least in zip(waits, [0.5, 1, 2, 4, 8], strict=True))


def test_a_wait_longer_than_the_limit_ends_the_command_instead(serve: Serve):
    http, waits = client(serve(in_turn(Reply(429, headers={"Retry-After": "90000"}))), wait_minutes=10)
    with pytest.raises(TooBusy, match="longer than the 10 minutes") as error:
        http.request("GET", "x")
    assert (waits, error.value.wait_seconds) == ([], 90_000)


def test_what_may_not_be_repeated_is_sent_again_only_if_the_server_had_not_begun(serve: Serve):
    server = serve(in_turn(Reply(429), Reply(503), Reply(504)))
    http, _ = client(server)
    with pytest.raises(TooBusy, match="504"):
        http.request("POST", "x", json={})
    assert len(server.requests) == 3
    lost = serve(in_turn(Reply(200, b"x" * 100, cut=10)))
    http, _ = client(lost)
    with pytest.raises(NoAnswer):
        http.request("POST", "x", json={})
    assert len(lost.requests) == 1


def test_an_answer_that_breaks_off_is_asked_for_again(serve: Serve):
    http, _ = client(serve(in_turn(Reply(200, b"whole", cut=2), Reply(200, b"whole"))))
    assert http.request("GET", "x").content == b"whole"


def test_no_error_holds_a_body_a_query_or_a_header(serve: Serve, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    for status in (400, 401, 403, 404, 500):
        http, _ = client(serve(in_turn(Reply(status, b"Traceback: Maria Lopez", {"X-Maria": "Lopez"}))))
        with pytest.raises(Refused) as error:
            http.request("GET", "Patient/Maria", params={"name": "Maria"})
        assert error.value.status == status
        assert "Maria" not in f"{error.value!r} {error.value.__dict__}"
    http, _ = client(serve(in_turn(Reply(200, b"<html>Maria</html>"))))
    answer = http.request("GET", "x", params={"name": "Maria"})
    with pytest.raises(Refused.__base__, match="is not JSON") as not_json:
        answer.json()
    assert "Maria" not in f"{answer!r} {not_json.value}"
    assert "Maria" not in caplog.text
    assert "s3cr3t" not in caplog.text


def test_a_redirect_to_another_host_is_not_followed(serve: Serve):
    other = serve(in_turn(Reply(200)))
    http, _ = client(serve(in_turn(Reply(302, headers={"Location": other.address}))))
    with pytest.raises(Refused, match="leads to another host"):
        http.request("GET", "x")
    assert other.requests == []


def test_a_redirect_on_the_same_host_is_followed_and_a_circle_is_not(serve: Serve):
    http, _ = client(serve(lambda asked: Reply(307, headers={"Location": "/b"}) if asked.path == "/a" else Reply(200, b"b")))
    assert http.request("GET", "a").content == b"b"
    http, _ = client(serve(in_turn(Reply(302, headers={"Location": "/a"}))))
    with pytest.raises(Refused, match="from one address to the next"):
        http.request("GET", "a")


def test_another_host_gets_no_credentials(serve: Serve):
    own, other = serve(in_turn(Reply(200))), serve(in_turn(Reply(200)))
    http, _ = client(own)
    http.request("GET", "x")
    http.request("GET", other.address + "/file")
    assert own.requests[0].headers["authorization"] == "Bearer s3cr3t"
    assert "authorization" not in other.requests[0].headers


def test_an_answer_that_comes_byte_by_byte_is_given_up(serve: Serve):
    http, _ = client(serve(in_turn(Reply(200, b"0" * 200_000))))
    began = iter(range(0, 10_000_000, 1_000))
    http.clock = lambda: float(next(began))
    with pytest.raises(NoAnswer, match="gave no whole answer"):
        http.request("GET", "x")


@pytest.mark.parametrize("is_zipped", [False, True])
def test_an_answer_larger_than_the_limit_is_not_read_to_its_end(serve: Serve, is_zipped: bool):
    big = b"0" * (3 * 2**20)
    reply = Reply(200, gzip.compress(big), {"Content-Encoding": "gzip"}) if is_zipped else Reply(200, big)
    http, _ = client(serve(in_turn(reply)), answer_megabytes=1)
    with pytest.raises(Refused, match="larger than 1 MB"):
        http.request("GET", "x")


def test_what_is_on_this_machine_is_reached_by_no_proxy(serve: Serve, monkeypatch: pytest.MonkeyPatch):
    proxy = serve(in_turn(Reply(200, b"proxy")))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.address)
    http, _ = client(serve(in_turn(Reply(200, b"own"))))
    assert http.request("GET", "x").content == b"own"
    assert proxy.requests == []


def test_requests_keep_their_distance(serve: Serve):
    slept: list[float] = []
    address = serve(in_turn(Reply(200))).address
    http = Http("hub", address, Limits(requests_per_minute=6), sleep=slept.append, clock=lambda: sum(slept))
    for _ in range(3):
        http.request("GET", "x")
    assert slept == [10, 10]


def test_a_server_that_is_not_there_is_said_to_be_so(serve: Serve):
    http, waits = client(Server("http://127.0.0.1:9", lambda _: Reply()))
    with pytest.raises(NoAnswer, match=r"hub \(127.0.0.1\) cannot be reached"):
        http.request("GET", "x")
    assert len(waits) == 5
