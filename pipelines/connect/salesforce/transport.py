"""Carries what simple-salesforce asks for through the one client of all connections (`pipelines/connect/http.py`).

The library knows Salesforce's addresses and forms, and neither waits for a busy org nor limits how long an answer may take; its
exceptions quote addresses and bodies. So the library says what is asked, and `Http` asks: sign-in, pace, `Retry-After`, size and
time of an answer, silence about what it holds.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from pipelines.connect.http import Http, TooBusy

ANSWERED = (400, 403, 404, 500)
"""Statuses that the library judges; all others raise a `ConnectionFailed` on the way."""


class Transport(BaseAdapter):
    """What requests sends with. Only the path and query of an address count: the host is that of the settings."""

    def __init__(self, http: Http) -> None:
        super().__init__()
        self._http = http
        self._until: float | None = None

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """The answer, whole. What changes something is not sent again unasked. Raises `ConnectionFailed`."""
        if self._until is not None and self._http.clock() > self._until:
            raise TooBusy(f"{self._http.name}: Salesforce needs longer than the minutes of wait_minutes. Try again later.")
        method, parts, body = request.method or "GET", urlsplit(request.url or ""), request.body
        answer = self._http.request(
            method,
            parts.path,
            params=dict(parse_qsl(str(parts.query), keep_blank_values=True)) or None,
            content=body.encode() if isinstance(body, str) else cast("bytes | None", body),
            headers={name: cast("str", request.headers[name]) for name in ("content-type", "accept") if name in request.headers},
            accept=ANSWERED,
            may_repeat=method == "GET",
        )
        response = requests.Response()
        response.status_code, response.headers = answer.status, CaseInsensitiveDict(answer.headers)
        response.encoding, response.raw = "utf-8", io.BytesIO(answer.content)
        response.request, response.url = request, answer.place
        return response

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Refuse what is asked after so many seconds: the library would ask about a job for a day."""
        self._until = self._http.clock() + seconds
        try:
            yield
        finally:
            self._until = None

    def close(self) -> None:
        """`Http` is closed by whoever opened it."""


def session(transport: Transport) -> requests.Session:
    """A session that knows no other way out, and nothing of this machine's proxies and passwords."""
    found = requests.Session()
    found.trust_env = False
    found.adapters.clear()
    found.mount("https://", transport)
    return found
