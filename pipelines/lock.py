"""One writer: while a command writes to a home, no other can start.

Every command that writes takes the lock before anything else and keeps it to its end, and so does every run of Dagster's.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.clock import now
from pipelines.disk import disk_full
from pipelines.errors import EnvironmentNotReady, HomeBusy
from pipelines.home import Home
from pipelines.readers import refuse_readers
from pipelines.scratch import sweep

FILE = "lock"
RESTORING = "restoring"
"""In a home whose restore has begun and not ended: nothing else writes there."""


@contextmanager
def only_writer(home: Home, *, is_restoring: bool = False, waits: bool = False) -> Iterator[None]:
    """Hold the home's lock, and remove first what killed runs have left. The kernel releases it when the process ends, however
    it ends. `waits`: until who holds it has ended.

    Raises `HomeBusy` if another run holds it, or a process that helped one that was stopped still reads: nothing was touched
    then. Raises `EnvironmentNotReady` where it cannot be taken, and `DiskFull` where the body met a full disk, whatever error
    that was.
    """
    path = home.root / FILE
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EnvironmentNotReady(
            f"{path}: cannot be opened ({error.strerror}). Set CAREGAP_HOME to a folder of your own."
        ) from None
    try:
        _take(handle, path, waits=waits)
        with suppress(OSError):  # a full disk: who holds it is then not told, and nothing else depends on it
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} since {now():%Y-%m-%d %H:%M:%S} UTC".encode(), 0)
        if (home.root / RESTORING).exists() and not is_restoring:
            raise EnvironmentNotReady(f"{home.root}: a restore was not finished. Run `caregap restore` again, to its end.")
        refuse_readers(home.root / "landing")
        sweep(home)
        yield
    except Exception as error:
        if full := disk_full(error, home):
            raise full from error
        raise
    finally:
        os.close(handle)


def is_held(home: Home) -> bool:
    """Whether another process is writing to the home now."""
    try:
        handle = os.open(home.root / FILE, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _take(handle: int, path: Path, *, waits: bool) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        holder = os.pread(handle, 200, 0).decode(errors="replace") or "another process"
        raise HomeBusy(
            f"{path.parent}: another run is writing here ({holder}), so nothing was done; try again when it has ended."
        ) from None
    except OSError as error:
        raise EnvironmentNotReady(
            f"{path}: this file system has no locks ({error.strerror}). Set CAREGAP_HOME to a folder on a local disk."
        ) from None
