"""Adds lines to the log and reads them: `audit.jsonl` and `head.json` in the home's folder `audit/`.

A line is on the disk, and in the second copy where one is set, when `append` returns. What cannot be recorded must not happen.

CAREGAP_AUDIT_KEY_FILE   a file outside the home with one key a line, the newest first; `/dev/fd/3` for an open descriptor
CAREGAP_AUDIT_KEY        or the key itself
CAREGAP_AUDIT_COPY       a second place for every line: a file, best on another host, or `syslog:/dev/log`, `syslog:host:514`
"""

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from logging import LogRecord
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Any, BinaryIO

from models.audit_log.chain import Verdict, following, head_of, walk
from models.audit_log.keys import AuditRefused, Keys
from models.audit_log.record import BROKEN, parsed

FILE, _HEAD = "audit.jsonl", "head.json"
KEY_FILE, KEY, COPY = "CAREGAP_AUDIT_KEY_FILE", "CAREGAP_AUDIT_KEY", "CAREGAP_AUDIT_COPY"
_BLOCK = 65_536
_NOT_IN_SYSLOG = ("patients", "sealed")
"""Too long for a datagram; the line's hash covers them."""


@dataclass(frozen=True)
class AuditLog:
    """The log in `folder`, with the keys that vouch for it and the place of its second copy (none: empty)."""

    folder: Path
    keys: Keys
    copy: str = ""

    def append(self, entry: dict[str, Any]) -> None:
        """Chain the entry to the log, one writer at a time. Raises `OSError` or `AuditRefused`: then nothing may happen."""
        with self._locked() as log:
            self._add(log, [entry])

    def entries(self) -> Iterator[dict[str, Any]]:
        """What the lines say, oldest first; `{}` for one that is damaged."""
        return (parsed(raw) or {} for raw in self._lines())

    def verify(self) -> Verdict:
        """Walk the chain from the first line to the last, and compare it with the head."""
        if not (self.folder / FILE).exists():
            return walk((), self._head(), self.keys)
        with (self.folder / FILE).open("rb") as log:
            fcntl.flock(log, fcntl.LOCK_SH)
            size, head = log.seek(0, os.SEEK_END), self._head()
        return walk(self._lines(size), head, self.keys)

    def repair(self, who: str) -> Verdict:
        """Record every unrecorded break, so that the chain continues from here. Returns the verdict."""
        with self._locked() as log:
            found = walk(self._lines(), self._head(), self.keys)
            if found.problems:
                broken = {"at": now(), "who": who, "role": "", "event": BROKEN, "subject": "; ".join(found.problems)[:2000]}
                self._add(log, [broken | {"faults": list(found.faults)}])
        return found

    def missing_from_copy(self) -> int | None:
        """Number of lines that the second copy has and the log lacks; None without a readable copy."""
        path = Path(self.copy)
        if not self.copy or self.copy.startswith("syslog:") or not path.is_file():
            return None
        here = {entry.get("hash") for entry in self.entries()}
        with path.open("rb") as copied:
            return sum((parsed(raw) or {}).get("hash") not in here for raw in copied)

    def _lines(self, size: int | None = None) -> Iterator[bytes]:
        """The log's lines as they are, oldest first, as far as its first `size` bytes go."""
        path = self.folder / FILE
        if path.exists():
            with path.open("rb") as log:
                for raw in log:
                    if size is not None and log.tell() > size:
                        return
                    yield raw

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(_private(self.folder / FILE, os.O_RDWR | os.O_APPEND), "a+b", buffering=0) as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            yield log

    def _add(self, log: BinaryIO, entries: list[dict[str, Any]]) -> None:
        end, size = _end(log)
        line_end = b"" if end.endswith(b"\n") or not end else b"\n"
        for line in following(end, size, self._head(), entries, self.keys):
            written = json.dumps(line).encode() + b"\n"
            whole = os.fstat(log.fileno()).st_size
            try:
                if log.write(line_end + written) != len(line_end + written):
                    raise OSError(errno.ENOSPC, "the disk took a part of the line")
                os.fsync(log.fileno())
            except OSError:
                os.ftruncate(log.fileno(), whole)  # half a line would be a break for ever
                raise
            self._put_head(head_of(line, self.keys))
            self._copy(line, written)
            line_end = b""

    def _head(self) -> dict[str, Any] | None:
        try:
            head = json.loads((self.folder / _HEAD).read_bytes())
        except (OSError, ValueError):
            return None
        is_head = isinstance(head, dict) and isinstance(head.get("number"), int) and isinstance(head.get("hash"), str)
        return head if is_head else None

    def _put_head(self, head: dict[str, Any]) -> None:
        beside = self.folder / f".{_HEAD}"
        with os.fdopen(_private(beside, os.O_WRONLY | os.O_TRUNC), "w") as file:
            json.dump(head, file)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(self.folder / _HEAD)
        folder = os.open(self.folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def _copy(self, line: dict[str, Any], written: bytes) -> None:
        if self.copy.startswith("syslog:"):
            _to_syslog(self.copy, {name: value for name, value in line.items() if name not in _NOT_IN_SYSLOG})
        elif self.copy:
            with os.fdopen(_private(Path(self.copy), os.O_WRONLY | os.O_APPEND), "ab") as copied:
                copied.write(written)
                copied.flush()
                os.fsync(copied.fileno())


def audit_log(home: Path, environment: Mapping[str, str] = os.environ) -> AuditLog:
    """The log of a home, with the keys and the second copy that the environment names. Raises `AuditRefused`."""
    path = environment.get(KEY_FILE, "")
    if path and Path(path).resolve().is_relative_to(home.resolve()):
        raise AuditRefused(f"{KEY_FILE}: {path} lies in the home, where whoever forges the log could sign it. Keep it elsewhere.")
    return AuditLog(home / "audit", _keys(path, environment.get(KEY, "")), environment.get(COPY, ""))


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@cache
def _keys(path: str, key: str) -> Keys:
    """Read once per process: a descriptor can be read only once."""
    try:
        text = Path(path).read_text(encoding="utf-8") if path else key
    except (OSError, UnicodeDecodeError) as error:
        raise AuditRefused(f"{KEY_FILE}: {path} cannot be read ({type(error).__name__}).") from None
    if path and not text.split():
        raise AuditRefused(f"{KEY_FILE}: {path} holds no key.")
    return Keys(tuple(text.split()))


def _end(log: BinaryIO) -> tuple[bytes, int]:
    """The last bytes of the log, from the beginning of its last whole line or earlier, and its size: it is never read whole."""
    size = log.seek(0, os.SEEK_END)
    block = _BLOCK
    while True:
        log.seek(max(0, size - block))
        end = log.read(block)
        if block >= size or end.count(b"\n") >= 2:
            return end, size
        block *= 2


def _to_syslog(address: str, line: dict[str, Any]) -> None:
    """Send one message of facility `authpriv`. Raises `OSError` if nothing receives it."""
    _, place, port = (*address.split(":"), "514")[:3]
    handler = _Strict(place if place.startswith("/") else (place, int(port)), SysLogHandler.LOG_AUTHPRIV)
    try:
        handler.emit(LogRecord("caregap", 20, "", 0, "caregap audit %s", (json.dumps(line),), None))
    finally:
        handler.close()


class _Strict(SysLogHandler):
    """Python's own prints what goes wrong, and goes on."""

    def handleError(self, record: LogRecord) -> None:  # noqa: N802
        raise


def _private(path: Path, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o600)
