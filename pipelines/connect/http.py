"""The one way to a connected system: one HTTP client for all, patient with busy servers and silent about what it carries.

What a system answers may hold a patient's data, or a traceback with it (Odoo's HTTP 500): no error or log line has a body, a
header, or the values of an address. What is sent once must not be sent twice unasked: only what may be repeated is, after an
answer was lost.
"""

import json
import logging
import random
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from models.settings.connectors import Limits, is_loopback
from pipelines.clock import now
from pipelines.errors import ConnectionFailed

_BUSY = frozenset({429, 502, 503, 504})
_NOT_BEGUN = frozenset({429, 503})
"""Statuses by which a server says that it has not begun: what may not be repeated is sent again after these alone."""
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_ATTEMPTS = 6
_LONGEST_BACKOFF = 60.0
_REDIRECTS = 5
_PATIENCE = 5
_SLOWEST_BYTES_PER_SECOND = 500

for _name in ("httpx", "httpcore"):  # httpx logs whole addresses at INFO, httpcore the headers of answers at DEBUG
    logging.getLogger(_name).setLevel(logging.WARNING)


class SignIn(Protocol):
    """What signs a request in."""

    def headers(self) -> Mapping[str, str]:
        """The headers that identify the account; a token is fetched where none holds."""

    def renew(self) -> bool:
        """The server did not take the headers: forget the token. False where there is no other to try."""


@dataclass(frozen=True)
class Answer:
    """What a system answered. `content` is never shown: `repr` has the status alone."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    place: str

    def json(self) -> Any:
        """The content as JSON. Raises `ConnectionFailed` where it is not, without a word of it."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise ConnectionFailed(f"{self.place}: the answer (HTTP {self.status}) is not JSON. Check the address.") from None


class NoAnswer(ConnectionFailed):
    """No answer came, or not to its end: what was asked for may have been done."""


class TooBusy(ConnectionFailed):
    """The system asks to wait, or stays busy: nothing was done. `wait_seconds`: what it asked for, where it did."""

    def __init__(self, said: str, wait_seconds: float | None = None) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(said)


class Refused(ConnectionFailed):
    """The system answered with an error. `status` says which; its body is not kept."""

    def __init__(self, said: str, status: int) -> None:
        self.status = status
        super().__init__(said)


@cache
def _trusted(by_environment: bool) -> ssl.SSLContext:
    """Whom to trust; `by_environment`, too, whom the environment names. Read once: it takes 23 ms, and a push opens several."""
    return httpx.create_ssl_context(trust_env=by_environment)


@dataclass
class Http:
    """A client for the system at `address`, which the errors call `name`. Use as a context.

    `sleep` and `clock` are for tests. `waited` is called with the seconds of each wait before it begins.
    """

    name: str
    address: str
    limits: Limits = field(default_factory=Limits)
    sign_in: SignIn | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    waited: Callable[[float], None] = lambda seconds: None

    def __post_init__(self) -> None:
        timeout = httpx.Timeout(self.limits.timeout_seconds, connect=min(15, self.limits.timeout_seconds))
        # Proxies and certificates of the environment hold: many practices reach the world by them. What is on this machine, and
        # may go unencrypted, is reached by none.
        is_here = is_loopback(urlsplit(self.address).hostname or "")
        self._client = httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            verify=_trusted(not is_here),
            trust_env=not is_here,
            headers={"user-agent": "caregap"},
        )
        self._next_at = 0.0
        self._time_left = self.limits.wait_minutes * 60.0

    def __enter__(self) -> "Http":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def url(self, place: str) -> str:
        """The whole address of a place below the system's own; one that is whole already stays as it is."""
        return place if "://" in place else f"{self.address}/{place.lstrip('/')}"

    def joined(self, place: str, link: str) -> str:
        """The whole address that a link of an answer leads to. Raises `ConnectionFailed` where it is no address."""
        try:
            target = urljoin(self.url(place), link)
            _ = urlsplit(target).port
        except ValueError:
            raise ConnectionFailed(f"{self.name}: an answer has a link that is no address. Ask its vendor.") from None
        return target

    def is_own(self, url: str) -> bool:
        """Whether the address is on the system's own host: only there do credentials go."""
        return _origin(url) == _origin(self.address)

    def request(
        self,
        method: str,
        place: str,
        *,
        params: Mapping[str, str] | None = None,
        json: object = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
        may_repeat: bool | None = None,
        is_signed: bool = True,
    ) -> Answer:
        """The answer to one request, at most `answer_megabytes` large.

        `accept`: statuses from 300 on that the caller treats itself; all others raise. `may_repeat`: whether the request may
        be sent again where the answer was lost; by default what HTTP calls idempotent.

        Raises `NoAnswer`, `TooBusy` or `Refused`, each a `ConnectionFailed`.
        """
        body = {"json": json, "data": form, "content": content}
        asked = _Asked(
            method, self.url(place), params, {k: v for k, v in body.items() if v is not None}, headers or {}, is_signed
        )
        with self._opened(asked, accept, may_repeat, is_whole=True) as (response, content_read):
            return Answer(response.status_code, _plain(response.headers), content_read, asked.place(self.name))

    @contextmanager
    def stream(
        self,
        place: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
        is_signed: bool = True,
    ) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """An answer to GET with its content in pieces, decoded, at most `delivery_gigabytes` in all.

        Raises as `request` does, while it is read too.
        """
        asked = _Asked("GET", self.url(place), params, {}, headers or {}, is_signed)
        with self._opened(asked, accept, True, is_whole=False) as (response, _):
            answer = Answer(response.status_code, _plain(response.headers), b"", asked.place(self.name))
            yield answer, self._pieces(response, self.limits.delivery_gigabytes * 2**30, asked)

    @contextmanager
    def _opened(
        self, asked: "_Asked", accept: Collection[int], may_repeat: bool | None, *, is_whole: bool
    ) -> Iterator[tuple[httpx.Response, bytes]]:
        """The first answer that is neither busy nor lost, as far as it may be asked for again."""
        repeats = asked.method in _REPEATABLE if may_repeat is None else may_repeat
        is_renewed = False
        for attempt in range(1, _ATTEMPTS + 1):
            wait = _backoff(attempt)
            is_last = attempt == _ATTEMPTS or wait > self._time_left
            signed = self._signed(asked)
            self._keep_pace()
            response: httpx.Response | None = None
            try:
                response = self._send(asked, signed)
                status = response.status_code
                if status == 401 and 401 not in accept and not is_renewed and asked.is_signed and self.sign_in:
                    is_renewed = True
                    if not is_last and self.sign_in.renew():
                        continue
                if status in _BUSY and status not in accept and not is_last and (repeats or status in _NOT_BEGUN):
                    self._wait(_retry_after(response.headers.get("retry-after")) or wait, asked)
                    continue
                self._judge(status, response, asked, accept)
                content = b"".join(self._pieces(response, self.limits.answer_megabytes * 2**20, asked)) if is_whole else b""
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                if is_last:
                    raise NoAnswer(f"{asked.place(self.name)} cannot be reached ({_kind(error)}). Is it running?") from None
                self._wait(wait, asked)
                continue
            except (httpx.HTTPError, httpx.InvalidURL, NoAnswer) as error:
                if is_last or not repeats or isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
                    raise NoAnswer(f"{asked.place(self.name)} gave no whole answer ({_kind(error)}). Try again later.") from None
                self._wait(wait, asked)
                continue
            else:
                yield response, content
                return
            finally:
                if response is not None:
                    response.close()

    def _signed(self, asked: "_Asked") -> Mapping[str, str]:
        """The headers that sign a request in: none where it goes to another host."""
        return self.sign_in.headers() if asked.is_signed and self.sign_in and self.is_own(asked.url) else {}

    def _send(self, asked: "_Asked", signed: Mapping[str, str]) -> httpx.Response:
        """The opened answer, after redirects within the same host."""
        url, params = asked.url, asked.params
        for _ in range(_REDIRECTS + 1):
            request = self._client.build_request(
                asked.method, url, params=params, headers={**asked.headers, **signed}, **asked.body
            )
            response = self._client.send(request, stream=True)
            if not response.has_redirect_location or asked.method not in ("GET", "HEAD"):
                return response
            response.close()
            target = self.joined(url, response.headers["location"])
            if _origin(target) != _origin(url):
                raise Refused(f"{asked.place(self.name)} leads to another host, which is not followed. Correct the address.", 302)
            url, params = target, None
        raise Refused(f"{asked.place(self.name)} leads from one address to the next. Correct the address.", 302)

    def _pieces(self, response: httpx.Response, most: int, asked: "_Asked") -> Iterator[bytes]:
        """The decoded content, while it stays within `most` bytes, and does not come byte by byte."""
        n_bytes, began = 0, self.clock()
        try:
            for piece in response.iter_bytes(64 * 1024):
                n_bytes += len(piece)
                if n_bytes > most:
                    raise Refused(
                        f"{asked.place(self.name)}: the answer is larger than {most // 2**20:,} MB. Ask for less, or raise the "
                        "limit in connectors.toml.",
                        response.status_code,
                    )
                seconds = self.clock() - began
                if seconds > self.limits.timeout_seconds * _PATIENCE and n_bytes < seconds * _SLOWEST_BYTES_PER_SECOND:
                    raise httpx.ReadTimeout("too slow")
                yield piece
        except httpx.HTTPError as error:
            raise NoAnswer(f"{asked.place(self.name)}: the answer broke off ({_kind(error)}). Try again.") from None

    def _judge(self, status: int, response: httpx.Response, asked: "_Asked", accept: Collection[int]) -> None:
        if status < 300 or status in accept:
            return
        place = asked.place(self.name)
        if status in _BUSY:
            raise TooBusy(
                f"{place} is too busy (HTTP {status}). Try again later.", _retry_after(response.headers.get("retry-after"))
            )
        match status:
            case 401:
                raise Refused(f"{place} refuses the account (HTTP 401). Check sign_in in connectors.toml.", status)
            case 403:
                raise Refused(f"{place} is not permitted to this account (HTTP 403). Give it the right, or ask for less.", status)
            case 404:
                raise Refused(f"{place} is not there (HTTP 404). Check the address.", status)
            case _:
                raise Refused(f"{place} answered HTTP {status}.", status)

    def _keep_pace(self) -> None:
        """Let requests be at least 60 ÷ `requests_per_minute` seconds apart."""
        wait = self._next_at - self.clock()
        if wait > 0:
            self.sleep(wait)
        self._next_at = max(self.clock(), self._next_at) + 60 / self.limits.requests_per_minute

    def pause(self, seconds: float, place: str = "") -> None:
        """Wait because the system asked for it. Raises `TooBusy` where all waits together would exceed `wait_minutes`."""
        if seconds > self._time_left:
            minutes = self.limits.wait_minutes
            raise TooBusy(
                f"{place or self.name} asks to wait longer than the {minutes} minutes of wait_minutes. Try again later.", seconds
            )
        self._time_left -= seconds
        self.waited(seconds)
        self.sleep(seconds)

    def _wait(self, seconds: float, asked: "_Asked") -> None:
        self.pause(seconds, asked.place(self.name))


@dataclass(frozen=True)
class _Asked:
    method: str
    url: str
    params: Mapping[str, str] | None
    body: dict[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    is_signed: bool

    def place(self, name: str) -> str:
        """What an error calls it: the connector and host. A path may hold a patient's id, a query their name."""
        return f"{name} ({urlsplit(self.url).hostname or 'no host'})"


def retry_after(answer: Answer, otherwise: float) -> float:
    """The seconds that an answer asks to wait: `Retry-After` as seconds or as a date; `otherwise` where it does not say."""
    found = _retry_after(answer.headers.get("retry-after"))
    return otherwise if found is None else found


def _retry_after(said: str | None) -> float | None:
    if said is None:
        return None
    with suppress(ValueError, OverflowError, TypeError):
        seconds = float(said) if said.strip().replace(".", "", 1).isdigit() else _until(said)
        return max(0.0, seconds)
    return None


def _until(date: str) -> float:
    at = parsedate_to_datetime(date)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now().timestamp()


def _backoff(attempt: int) -> float:
    """1, 2, 4 … seconds, up to a minute, each shortened by chance by up to a half, so that many clients do not come at once."""
    return min(_LONGEST_BACKOFF, 2.0 ** (attempt - 1)) * random.uniform(0.5, 1)  # noqa: S311


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return "", None, None


def _plain(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _kind(error: Exception) -> str:
    """What kind of error it is: its text may hold an address."""
    return type(error).__name__
