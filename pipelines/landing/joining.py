"""Reads beside a landing that goes on in the same home: `caregap ingest --join`, and the processes of `--workers`."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from pipelines.extract.delivery import source_files
from pipelines.extract.preflight import LIMITS, Limits
from pipelines.home import CHECKOUT, Home
from pipelines.keys import check_keys
from pipelines.landing.folder import Landing, Pending, of_kind, rules_of
from pipelines.landing.journal import with_journals
from pipelines.landing.ledger import LEDGER, Ledger, stamp_of
from pipelines.practice import Practice
from pipelines.progress import Progress, silent
from pipelines.readers import Readers

PATIENCE = 60.0
"""Seconds for which a process waits for the landing that it is to join: all machines may have been told to begin at once."""


def join_landing(
    practice: Practice, home: Home, progress: Progress = silent, limits: Limits = LIMITS, patience: float = PATIENCE
) -> bool:
    """Read what the landing of this practice that goes on has not read, until it ends; whether there was one.

    The ledger is written by that landing alone. Raises `UsageError` where it reads by other rules than this process would.
    """
    check_keys(home.root)
    root, whole = home.landing(practice.id), with_journals(practice, home)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    readers, seen = Readers(root, rules_of(practice)), None
    with readers.joined(patience) as is_joined:
        if not is_joined:
            return False
        with Landing(root, whole, limits, is_alone=False) as landing:
            while readers.is_open():
                if (root / LEDGER).exists() and (state := stamp_of(root / LEDGER)) != seen:
                    landing.read_free(_known(whole, Ledger(root / LEDGER)), readers, progress)
                    seen = state
    return True


def _known(practice: Practice, ledger: Ledger) -> list[Pending]:
    """What the ledger has of the files in the source folders, the largest first."""
    found = [(delivery, entry) for delivery in source_files(practice).deliveries if (entry := ledger.of(delivery))]
    return sorted((of_kind(*one) for one in found), key=lambda one: -one[1].n_bytes)


@contextmanager
def joined_by(n_processes: int, practice: Practice, home: Home, limits: Limits = LIMITS) -> Iterator[None]:
    """While this is open, as many processes of this machine read beside the landing of this process. They end with it, also where
    it is killed: what they read from is closed then."""
    job = pickle.dumps((practice, home, limits))
    started = [
        subprocess.Popen(  # `close_fds`: a key may be given as an open descriptor
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=CHECKOUT, close_fds=False
        )
        for _ in range(n_processes)
    ]
    try:
        for process in started:
            assert process.stdin is not None
            with suppress(BrokenPipeError):  # killed already: the others read its share
                process.stdin.write(job)
                process.stdin.flush()
        yield
    finally:
        for process in started:
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                process.stdin.close()
        for process in started:
            process.wait()


def _read_beside() -> None:
    """What such a process does."""
    practice, home, limits = pickle.load(sys.stdin.buffer)  # noqa: S301 of the process that started this one
    Thread(target=_end_with_starter, daemon=True).start()
    with suppress(KeyboardInterrupt):
        join_landing(practice, home, limits=limits)


def _end_with_starter() -> None:
    """Wait until the process that started this one is through with it, or is gone; then stop as by Ctrl-C."""
    import _thread

    sys.stdin.buffer.read()
    _thread.interrupt_main()


if __name__ == "__main__":
    _read_beside()
