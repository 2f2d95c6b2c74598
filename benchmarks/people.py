"""Ten concurrent users on the current publication in `$CAREGAP_HOME`, through the real server.

Ten people, the roles in turn, open all their pages one after another, each starting with another page: first with empty
caches, then again. `--scale` has no effect: publish a larger practice to measure one.
"""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from urllib.request import urlopen

from benchmarks.practices import scratch
from benchmarks.result import Result
from benchmarks.visitor import visiting
from dashboards.access.roles import PAGES, ROLES
from dashboards.home import home

N_PEOPLE = 10
START_SECONDS = 60


def run(scale: int) -> list[Result]:
    """Seconds of a page, as slowest, 95th percentile and median of all that were opened; the server's CPU seconds a page, which
    other work on the machine hardly changes; failures; the server's peak memory."""
    if not (home() / "published" / "current").exists():
        return [Result("nothing is published", 0, "people", note="run `make run` first, or set CAREGAP_HOME")]
    own = scratch() / "people"  # what is looked at is audited, and not in the home that is measured
    own.mkdir()
    (own / "published").symlink_to((home() / "published").resolve())
    results, roles = [], [role for role, _ in zip(cycle(ROLES), range(N_PEOPLE), strict=False)]
    used: list[float] = []
    with _served(own, used) as (address, pid), ThreadPoolExecutor(N_PEOPLE) as people:
        with visiting(address, roles[0]) as first:  # imports
            first.open(PAGES[0].name)
            first.empty_caches()
        for state in ("cold", "warm"):
            began = _cpu_seconds(pid)
            opened = [page for pages in people.map(lambda n: _walk(address, roles[n], n), range(N_PEOPLE)) for page in pages]
            seconds, page, role, _ = max(opened)
            results.append(Result(f"ten at once, {state}: slowest page", seconds, "s", note=f"{page} as {role}"))
            taken = sorted(taken for taken, *_ in opened)
            results.append(Result(f"ten at once, {state}: p95", taken[int(0.95 * (len(taken) - 1))], "s", "< 3"))
            results.append(Result(f"ten at once, {state}: median page", statistics.median(taken), "s"))
            results.append(Result(f"ten at once, {state}: CPU a page", (_cpu_seconds(pid) - began) / len(opened), "s"))
            failed = [f"{page} as {role}: {errors[0]}" for _, page, role, errors in opened if errors]
            results.append(
                Result(f"ten at once, {state}: failures", len(failed), f"of {len(opened)} pages", "0", "; ".join(failed))
            )
    return [*results, Result("server's peak memory", used[0], "GB")]


def _walk(address: str, role: str, number: int) -> list[tuple[float, str, str, list[str]]]:
    """Open every page of the role: seconds, page, role and errors of each."""
    pages = [page.name for page in PAGES if role in page.roles]
    start = number % len(pages)
    with visiting(address, role) as visitor:
        drawn = [(page, visitor.open(page)) for page in pages[start:] + pages[:start]]
    return [(one.seconds, page, role, one.errors) for page, one in drawn]


@contextmanager
def _served(own: Path, used: list[float]) -> Iterator[tuple[str, int]]:
    """The dashboards on that home, at `host:port`, and their process; their peak memory in GB is put into `used` when they have
    ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("caregap")), "dashboard", "--port", str(port)]
    server = subprocess.Popen(command, env={**os.environ, "CAREGAP_HOME": str(own)}, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            if time.monotonic() > deadline or server.poll() is not None:
                raise RuntimeError(f"the dashboards did not start within {START_SECONDS} seconds")
            time.sleep(0.2)
        yield f"localhost:{port}", server.pid
    finally:
        server.terminate()
        _, status, usage = os.wait4(server.pid, 0)
        server.returncode = os.waitstatus_to_exitcode(status)
        used.append(usage.ru_maxrss / 1e6)


def _cpu_seconds(pid: int) -> float:
    """User and system seconds of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _answers(port: int) -> bool:
    try:
        urlopen(f"http://localhost:{port}/_stcore/health", timeout=1).close()
    except OSError:
        return False
    return True
