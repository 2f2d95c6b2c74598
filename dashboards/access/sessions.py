"""Tracks valid sign-ins. The browser's cookie is not enough: it lives 30 days, outlives its token, and a copy works after
sign-out. So the server records when each sign-in was last active, and which have ended.

All of it is in memory. A restart changes the key that cookies are signed with, so that none from before is read at all.
"""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CLOCK_SKEW_SECONDS = 120
"""Seconds that the identity provider's clock may be ahead of ours."""


@dataclass
class Sessions:
    """Sign-ins by id: when each was last active, and which have ended. Times are seconds since 1970."""

    idle_seconds: float = 0
    absolute_seconds: float = 0
    recheck_seconds: float = 0
    _active_at: dict[str, float] = field(default_factory=dict)
    _ended: dict[str, tuple[float, str]] = field(default_factory=dict)
    _begun: dict[str, float] = field(default_factory=dict)
    _confirmed: dict[str, tuple[float, Mapping[str, Any]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ended_because(self, claims: Mapping[str, Any], now: float) -> str:
        """Why the sign-in with these claims is no longer valid; empty if it is."""
        id, issued_at = sign_in_id(claims), claims.get("iat")
        if not isinstance(issued_at, int | float) or issued_at > now + CLOCK_SKEW_SECONDS:
            return "its time of issue cannot be"
        if id in self._ended:
            return self._ended[id][1]
        if now - issued_at > self.absolute_seconds:
            return "it is too old"
        # A cookie that nobody here has seen active since its issue, such as a stolen copy, is as old as its issue.
        if now - self._active_at.get(id, issued_at) > self.idle_seconds:
            return "it was idle"
        return ""

    def seconds_left(self, claims: Mapping[str, Any], now: float) -> float:
        """Seconds until the sign-in ends without activity."""
        issued_at = claims["iat"]
        idle = self._active_at.get(sign_in_id(claims), issued_at) + self.idle_seconds
        return min(idle, issued_at + self.absolute_seconds) - now

    def begin(self, claims: Mapping[str, Any], now: float) -> bool:
        """Register the sign-in. Returns whether it is new."""
        with self._lock:
            return self._begun.setdefault(sign_in_id(claims), now) == now

    def touch(self, claims: Mapping[str, Any], now: float) -> None:
        """Record activity; this does not revive an ended sign-in."""
        if self.ended_because(claims, now):
            return
        with self._lock:
            self._active_at[sign_in_id(claims)] = now
            self._forget(now)

    def is_to_be_confirmed(self, claims: Mapping[str, Any], now: float) -> bool:
        """Whether the provider's last confirmation, at sign-in or later, is too old."""
        asked_at, _ = self._confirmed.get(sign_in_id(claims), (claims["iat"], {}))
        return now - asked_at > self.recheck_seconds

    def confirm(self, claims: Mapping[str, Any], confirmed: Mapping[str, Any], now: float) -> None:
        """Keep the claims that the provider has just confirmed."""
        with self._lock:
            self._confirmed[sign_in_id(claims)] = (now, dict(confirmed))

    def claims_now(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """The sign-in's claims, updated with the claims that the provider confirmed since."""
        _, confirmed = self._confirmed.get(sign_in_id(claims), (0, {}))
        return {**claims, **confirmed}

    def end(self, claims: Mapping[str, Any], now: float, why: str = "it was signed out") -> bool:
        """End the sign-in on all devices. Returns whether it was valid until now."""
        with self._lock:
            id = sign_in_id(claims)
            is_new = id not in self._ended
            self._ended.setdefault(id, (now, why))
            return is_new

    def _forget(self, now: float) -> None:
        """Drop ended sign-ins that their age alone refuses."""
        oldest = now - self.absolute_seconds - CLOCK_SKEW_SECONDS
        self._ended = {id: (at, why) for id, (at, why) in self._ended.items() if at > oldest}
        self._active_at = {id: at for id, at in self._active_at.items() if at > oldest}
        self._begun = {id: at for id, at in self._begun.items() if at > oldest}
        self._confirmed = {id: (at, confirmed) for id, (at, confirmed) in self._confirmed.items() if at > oldest}


SESSIONS = Sessions()
"""The server's only instance, with the limits of access.toml."""


def sign_in_id(claims: Mapping[str, Any]) -> str:
    """The id of a sign-in: the same for every tab and copy of its cookie, and new after signing in again."""
    identifying = [str(claims.get(name, "")) for name in ("iss", "sub", "iat", "nonce", "at_hash", "jti", "sid")]
    return hashlib.sha256("\n".join(identifying).encode()).hexdigest()
