"""How much of this machine's memory DuckDB may take.

By itself it takes four fifths, and Python trains the models in the same process.
"""

import os
from pathlib import Path

SHARE = 2
"""One in so many bytes: the other half is for Python, for blocks that the system keeps, and for the dashboards."""
_GROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def memory_limit() -> str:
    """What DuckDB takes for its setting `memory_limit`: half of what the machine or the container has. What does not fit is
    written beside the file that is worked on."""
    return f"{_available() // SHARE // 10**6}MB"


def _available() -> int:
    """Bytes of memory that this process can have: those of the machine, or of the smallest control group that it is in."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_of_groups()])


def _of_groups() -> list[int]:
    """The limits of this process's control groups (version 2), from its own to the root's; none where there are no groups."""
    try:
        own = next(line[3:].strip() for line in _OWN.read_text(encoding="utf-8").splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return []
    folder = _GROUPS / own.lstrip("/")
    files = [place / "memory.max" for place in (folder, *folder.parents) if place.is_relative_to(_GROUPS)]
    found = [path.read_text(encoding="ascii").strip() for path in files if path.is_file()]
    return [int(limit) for limit in found if limit.isdecimal()]
