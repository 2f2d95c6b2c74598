"""Master keys, which wrap, and data keys, which encrypt what lies in one folder of a home.

A data key is 256 random bits, wrapped by AES-GCM under a master key, with the folder's name as associated data: a wrapped key
that is moved to another folder does not open. Destroying it disposes of what it encrypts (NIST SP 800-88r1, cryptographic erase).
"""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SHORTEST = 32
"""Minimum characters of a master key: 128 bits in hexadecimal digits."""
_NONCE = 12


class KeysRefused(Exception):
    """A key is missing, wrong or destroyed. The text says what to do, and contains no key."""


class DataKey:
    """Encrypts what lies in one folder; a key of its own for each use (HMAC as a key derivation function, NIST SP 800-108)."""

    def __init__(self, place: str, secret: bytes):
        self.place = place
        self._secret = secret

    @classmethod
    def new(cls, place: str) -> "DataKey":
        return cls(place, secrets.token_bytes(32))

    def derived(self, use: str) -> bytes:
        """256 bits for one use: `duckdb`, `parquet`, `text`."""
        return hmac.new(self._secret, f"caregap {use}".encode(), hashlib.sha256).digest()

    def wrapped(self, master: "Master") -> dict[str, str]:
        """What is kept of the key: `master`, the id of what wraps it, and `wrapped`."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + master.cipher.encrypt(nonce, self._secret, self.place.encode())
        return {"master": master.id, "wrapped": b64encode(sealed).decode()}


class Master:
    """One master key. `id` names it in wrapped keys and gives nothing of it away."""

    def __init__(self, secret: str):
        self.id = _derived(secret, "id").hex()[:8]
        self.cipher = AESGCM(_derived(secret, "wrap"))


class Masters:
    """All master keys that are given: the first wraps, the others, of earlier times, still open what they wrapped.

    `source` says where they are from. Raises `KeysRefused` where there is none, and for one that is too short or no text.
    """

    def __init__(self, given: Sequence[str], source: str):
        if not given:
            raise KeysRefused(f"{source}: holds no key. `caregap keys init --to FILE` makes one.")
        if any("\ud800" <= letter <= "\udfff" for secret in given for letter in secret):
            raise KeysRefused(f"{source}: a key is text in UTF-8. `caregap keys init --to FILE` makes one.")
        if any(len(secret) < SHORTEST for secret in given):
            raise KeysRefused(f"{source}: a key has at least {SHORTEST} characters. `caregap keys init --to FILE` makes one.")
        self.source = source
        self._by_id = {master.id: master for master in map(Master, given)}

    @property
    def wrapping(self) -> Master:
        return next(iter(self._by_id.values()))

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._by_id)

    def unwrapped(self, place: str, kept: Mapping[str, Any]) -> DataKey:
        """The data key of a place. Raises `KeysRefused` where none of the master keys wrapped it, or where it was changed."""
        master = self._by_id.get(str(kept.get("master")))
        if master is None:
            given = ", ".join(self._by_id)
            raise KeysRefused(
                f"Wrong key: {place} was encrypted under the key {kept.get('master')}, and {self.source} holds {given}. "
                "Give the right one."
            )
        try:
            sealed = b64decode(str(kept.get("wrapped")), validate=True)
            return DataKey(place, master.cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode()))
        except (InvalidTag, ValueError):
            raise KeysRefused(f"The wrapped key of {place} is damaged. Restore the home's keys/ from a backup.") from None


def _derived(secret: str, use: str) -> bytes:
    return hmac.new(secret.encode(), f"caregap home {use}".encode(), hashlib.sha256).digest()
