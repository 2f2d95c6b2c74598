"""A small file, or a line added to one, encrypted by AES-GCM: `caregap1:` and base64, a line a piece, so that more can be added.

A file whose lines do not begin so is read as it is: it was written before the home was encrypted, or in a home that is not.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.home_keys.wrapping import DataKey, KeysRefused

MARK = b"caregap1:"
_NONCE = 12


def sealed(key: DataKey, content: bytes) -> bytes:
    """One line that holds `content`, which may be added to a file of such lines."""
    nonce = secrets.token_bytes(_NONCE)
    cipher = AESGCM(key.derived("text"))
    return MARK + b64encode(nonce + cipher.encrypt(nonce, content, key.place.encode())) + b"\n"


def is_sealed(raw: bytes) -> bool:
    """Whether any line of these bytes is encrypted."""
    return raw.startswith(MARK) or b"\n" + MARK in raw


def opened(key: DataKey, raw: bytes) -> bytes:
    """What was sealed, piece after piece; lines that are not encrypted as they are. Raises `KeysRefused` for a damaged piece."""
    return b"".join(pieces(key, raw.splitlines(keepends=True)))


def pieces(key: DataKey, lines: Iterable[bytes]) -> Iterator[bytes]:
    """As `opened`, one piece after the other."""
    cipher = AESGCM(key.derived("text"))
    return (_opened(cipher, key, line) if line.startswith(MARK) else line for line in lines)


def _opened(cipher: AESGCM, key: DataKey, line: bytes) -> bytes:
    try:
        if not line.endswith(b"\n"):
            return b""  # cut off while it was written: what is not whole was never added
        piece = b64decode(line[len(MARK) :].strip(), validate=True)
        return cipher.decrypt(piece[:_NONCE], piece[_NONCE:], key.place.encode())
    except (InvalidTag, ValueError):
        raise KeysRefused(f"A file in {key.place} is damaged, or another key encrypted it. Restore it from a backup.") from None
