"""A server before another one, which fails as a test tells it to: busy, gone, or silent after the write."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from tests.connect.conftest import Reply, Request

SILENT = Reply(content=b"cut off", cut=0)


@dataclass
class FailingDoor:
    """Hands every request on to `address`, unless a failure is due; failures meet those alone that write."""

    address: str
    writes: Callable[[Request], bool]
    limit: Reply = field(default_factory=lambda: Reply(429))
    failures: list[str] = field(default_factory=list)
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=120, verify=False))  # noqa: S501 (loopback)

    def __call__(self, request: Request) -> Reply:
        failure = self.failures.pop(0) if self.failures and self.writes(request) else None
        match failure:
            case "503" | "429":
                return Reply(int(failure))
            case "limit":
                return self.limit
            case "down":
                return SILENT
        reply = self._handed_on(request)
        return SILENT if failure == "timeout_after_write" else reply

    def _handed_on(self, request: Request) -> Reply:
        kept = {name: value for name, value in request.headers.items() if name not in ("host", "content-length", "connection")}
        url = self.address + request.path
        answer = self.client.request(request.method, url, params=request.query, headers=kept, content=request.body)
        return Reply(answer.status_code, answer.content, {"content-type": answer.headers.get("content-type", "")})
