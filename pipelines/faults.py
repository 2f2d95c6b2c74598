"""Named points that a run passes, at which a test stops it, to prove that the next run makes it good.

Heeded only where CAREGAP_TESTING is set:

CAREGAP_FAULT=landing.folder.placed:kill     dies there as by `kill -9`
CAREGAP_FAULT=landing.folder.placed:term     is asked to end there (SIGTERM), as a service is that is stopped
CAREGAP_FAULT=landing.folder.placed:enospc   meets a full disk there
CAREGAP_FAULT=landing.folder.placed:error    meets an error there that nobody expected
CAREGAP_FAULT=landing.folder.placed:stop     waits there until it is told to go on (SIGCONT)
CAREGAP_FAULT=landing.folder.placed#3:kill   the third time that it comes there
CAREGAP_POINTS=FILE                          adds the name of every point that it passes to FILE
"""

import errno
import os
import signal
from collections import Counter
from pathlib import Path

TESTING, FAULT, POINTS = "CAREGAP_TESTING", "CAREGAP_FAULT", "CAREGAP_POINTS"
_passed: Counter[str] = Counter()


def passing(point: str, place: Path | None = None) -> None:
    """Say that the run is at this point; `place` is what it is about to write or has written there."""
    if not os.environ.get(TESTING):
        return
    _passed[point] += 1
    if points := os.environ.get(POINTS):
        with Path(points).open("a", encoding="utf-8") as told:
            told.write(f"{point}\n")
    wanted, _, fault = os.environ.get(FAULT, "").rpartition(":")
    name, _, time = wanted.partition("#")
    if name != point or _passed[point] != int(time or 1):
        return
    match fault:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "term":
            os.kill(os.getpid(), signal.SIGTERM)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "enospc":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place or point))
        case "error":
            raise RuntimeError(f"a test stops the run at {point}")
        case _:
            raise ValueError(f"{FAULT}: {fault} is none of kill, term, stop, enospc, error")
