"""Shares out what is to be read among processes, on one machine or on several that share the home.

A landing opens a round of reading, which other processes may join until it ends. Each content is read by whoever holds the lock
on it. All locks are of bytes of one file, `landing/<practice>/.readers`, which NFS has, too: the kernel, or the file server,
frees them when a process ends, however that ends.

    byte 0    held while the round is open, by the process that has the home's lock
    byte 1    shared by all that have joined: while one of them reads on, nobody else writes to the home
    byte n    held by whoever reads the content whose name has this number

The file says by which rules the round reads.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.errors import HomeBusy, UsageError

FILE = ".readers"
_ROUND, _JOINED, _FIRST = 0, 1, 2
_PAUSE = 0.1
"""Seconds between two looks at a round that may open, or have more to read."""


class Readers:
    """The readers of one practice's landing (`root`). `rules`: a text that is the same where the same rows would be read."""

    def __init__(self, root: Path, rules: str) -> None:
        self._path, self._rules = root / FILE, rules
        self._handle = -1

    @contextmanager
    def opened(self) -> Iterator[None]:
        """A round, which ends when all that joined have left; where it ends with an error, they leave by themselves."""
        with self._file():
            fcntl.lockf(self._handle, fcntl.LOCK_EX, 1, _ROUND)
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, self._rules.encode(), 0)
            yield
            fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, _ROUND)
            fcntl.lockf(self._handle, fcntl.LOCK_EX, 1, _JOINED)

    @contextmanager
    def joined(self, patience: float) -> Iterator[bool]:
        """Be one of a round's readers; False where none opens for `patience` seconds. Raises `UsageError` where it reads by
        other rules."""
        with self._file():
            end = time.monotonic() + patience
            while not (is_joined := self._joins()) and time.monotonic() < end:
                time.sleep(_PAUSE)
            if is_joined and os.pread(self._handle, 1000, 0).decode() != self._rules:
                raise UsageError(
                    f"{self._path.parent}: the ingest that goes on here reads by other rules. Give both the same practice.toml "
                    "and the same version of Caregap."
                )
            yield is_joined

    def is_open(self) -> bool:
        """Whether the round that this process joined goes on; waits a moment before it answers."""
        time.sleep(_PAUSE)
        return not self._is_free(_ROUND)

    @contextmanager
    def alone(self, name: str, *, waits: bool = False) -> Iterator[bool]:
        """Be the one that reads the content of this name; False where another process is. `waits`: wait until that has ended."""
        byte = _FIRST + int(hashlib.sha256(name.encode()).hexdigest()[:15], 16)
        try:
            fcntl.lockf(self._handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB), 1, byte)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, byte)

    @contextmanager
    def _file(self) -> Iterator[None]:
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield
        finally:
            os.close(self._handle)

    def _joins(self) -> bool:
        """Join the round, unless it is not open, or ends while we do."""
        if self._is_free(_ROUND):
            return False
        fcntl.lockf(self._handle, fcntl.LOCK_SH, 1, _JOINED)
        if self._is_free(_ROUND):
            fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, _JOINED)
            return False
        return True

    def _is_free(self, byte: int) -> bool:
        try:
            fcntl.lockf(self._handle, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, byte)
        except BlockingIOError:
            return False
        fcntl.lockf(self._handle, fcntl.LOCK_UN, 1, byte)
        return True


def refuse_readers(landing: Path) -> None:
    """Raise `HomeBusy` where a process still reads whose round was stopped. For the holder of the home's lock."""
    for path in landing.glob(f"*/{FILE}"):
        handle = os.open(path, os.O_RDWR)
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _JOINED)
        except BlockingIOError:
            raise HomeBusy(
                f"{path.parent}: a process that helped an ingest which was stopped is still reading its file, so nothing was "
                "done; try again when it has ended."
            ) from None
        finally:
            os.close(handle)
