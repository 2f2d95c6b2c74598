"""The keys that vouch for the log: a MAC on every line and on the head, and the seal on a query's text.

Without a key, whoever may write to the home can write the whole log anew; with one, they need the key as well, which therefore
never lies in the home. The first key signs; the others, of earlier times, still vouch for what they signed.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

SHORTEST = 32
"""Minimum characters of a key: 128 bits in hexadecimal digits."""


class AuditRefused(Exception):
    """The log cannot be written or read. The text says what to set, and contains no key."""


class Key:
    """One secret. `id` names it in lines and gives nothing of it away."""

    def __init__(self, secret: str):
        self._secret = secret.encode()
        self.id = self._derived("id").hex()[:8]

    def mac(self, text: str) -> str:
        return hmac.new(self._derived("mac"), text.encode(), hashlib.sha256).hexdigest()

    def sealed(self, text: str) -> str:
        return self._cipher().encrypt(text.encode()).decode()

    def opened(self, sealed: str) -> str | None:
        """The text; None where another key sealed it."""
        try:
            return self._cipher().decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def _cipher(self) -> Fernet:
        return Fernet(urlsafe_b64encode(self._derived("seal")))

    def _derived(self, purpose: str) -> bytes:
        """A key for one purpose: HMAC as a key derivation function (NIST SP 800-108), since the secret serves three."""
        return hmac.new(self._secret, f"caregap audit {purpose}".encode(), hashlib.sha256).digest()


class Keys:
    """All keys that are given, none or more."""

    def __init__(self, secrets: Sequence[str] = ()):
        if any(len(secret) < SHORTEST for secret in secrets):
            raise AuditRefused(f"A key of the audit log has at least {SHORTEST} characters: `openssl rand -hex 32` makes one.")
        self._by_id = {key.id: key for key in map(Key, secrets)}

    def __bool__(self) -> bool:
        return bool(self._by_id)

    @property
    def signing(self) -> Key | None:
        return next(iter(self._by_id.values()), None)

    def signature(self, hash: str) -> dict[str, str]:
        """`key` and `mac` for what has this hash; nothing without a key."""
        return {"key": self.signing.id, "mac": self.signing.mac(hash)} if self.signing else {}

    def vouch_for(self, signed: Mapping[str, Any], hash: str) -> bool:
        """Whether one of the keys signed this hash."""
        key = self._by_id.get(str(signed.get("key")))
        return key is not None and hmac.compare_digest(key.mac(hash), str(signed.get("mac")))

    def opened(self, sealed: str) -> str | None:
        """A sealed text; None where none of the keys sealed it."""
        return next((text for key in self._by_id.values() if (text := key.opened(sealed)) is not None), None)
