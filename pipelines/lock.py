"""One writer: while a run writes to a home, no other run can start."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.errors import EnvironmentNotReady
from pipelines.home import Home


@contextmanager
def only_writer(home: Home) -> Iterator[None]:
    """Hold the home's lock. The kernel releases it when the process ends, however it ends.

    Raises `EnvironmentNotReady` if another run holds it.
    """
    with (home.root / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise EnvironmentNotReady(f"{home.root}: another run is writing here. Wait until it ends, then try again.") from None
        yield
