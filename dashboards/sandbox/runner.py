"""Runs an analyst's query in a process of its own that can be stopped at any time (`dashboards/sandbox/child.py`)."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from models.home_keys.statements import attach, cipher
from models.home_keys.store import key_of
from models.home_keys.wrapping import DataKey

RESULT = "result.duckdb"
"""The rows of an answer; where the published file is encrypted, by a key that this process alone holds."""
CHILD = Path(__file__).with_name("child.py")
MAX_ROWS = 10_000
MAX_SECONDS = 30
MAX_MEGABYTES = 1024
MAX_BYTES = 50 * 2**20
MAX_RUNNING, MAX_OF_ONE = 3, 1
"""Concurrent queries on the server and per person: a query may take two cores and a gigabyte, and pages must stay usable."""


class Busy(Exception):
    """The limit of running queries is reached; the text says so."""


@dataclass
class Answer:
    """The result of a query: rows, or a problem in words. `tables` are those that it read; `is_cut`: there were more rows.

    `is_forbidden`: the query asked for what no query may do; other problems are mistakes, or a limit.
    `unknown`: the name that is no published table, where that is the problem; `unknown_column`: that which none of `tables` has.
    """

    rows: pl.DataFrame | None = None
    problem: str = ""
    tables: tuple[str, ...] = ()
    is_cut: bool = False
    is_forbidden: bool = False
    unknown: str = ""
    unknown_column: str = ""
    seconds: float = 0.0


_running: set["Query"] = set()
_lock = threading.Lock()


@dataclass(eq=False)
class Query:
    """A running query; `answer()` when it has ended, `stop()` before that."""

    process: subprocess.Popen[bytes]
    folder: Path
    max_seconds: int
    user_id: str
    key: DataKey | None = None
    started: float = field(default_factory=time.monotonic)
    _stopped: str = ""
    _answer: Answer | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    def wait(self, seconds: float) -> bool:
        """Wait at most so many seconds; returns whether it has ended."""
        if self._answer is not None:
            return True
        left = self.max_seconds + 1 - self.seconds
        try:
            self.process.wait(max(0.0, min(seconds, left)))
        except subprocess.TimeoutExpired:
            if seconds < left:
                return False
            self.stop(f"The query was stopped after {self.max_seconds} seconds, the limit of a query.")
        return True

    def stop(self, why: str = "The query was stopped.") -> None:
        """Kill the query now."""
        self._stopped = self._stopped or why
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def answer(self) -> Answer:
        """The result; call only after `wait` returned true."""
        if self._answer is None:
            self._answer = self._read()
            self._answer.seconds = self.seconds
            self.forget()
        return self._answer

    def forget(self) -> None:
        """Stop the query if it still runs, and remove its files."""
        if self.process.poll() is None:
            self.stop()
        with _lock:
            _running.discard(self)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self) -> Answer:
        assert self.process.stdout is not None
        said = self.process.stdout.read(1_000_000)
        self.process.stdout.close()
        if self._stopped:
            return Answer(problem=self._stopped)
        try:
            answer = json.loads(said)
        except ValueError:
            why = "took too long" if self.process.returncode in (-signal.SIGALRM, -signal.SIGXCPU) else "grew too large"
            return Answer(problem=f"The query {why}, and was ended.")
        if "problem" in answer:
            return Answer(
                problem=answer["problem"],
                tables=tuple(answer.get("tables", ())),
                is_forbidden=answer.get("is_forbidden", False),
                unknown=answer.get("unknown", ""),
                unknown_column=answer.get("unknown_column", ""),
            )
        with duckdb.connect(":memory:") as connection:
            for statement in (*(cipher() if self.key else ()), attach(self.folder / RESULT, "result", self.key, read_only=True)):
                connection.execute(statement)
            connection.execute("set TimeZone = 'UTC'")
            rows = connection.sql(f"select * from result.rows limit {int(answer['n_rows'])}").pl()
        return Answer(rows=rows, tables=tuple(answer["tables"]), is_cut=answer["is_cut"])


def start(
    file: Path,
    query: str,
    *,
    user_id: str = "",
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
    max_seconds: int = MAX_SECONDS,
    max_megabytes: int = MAX_MEGABYTES,
    beside: Path | None = None,
) -> Query:
    """Start `query` on the published `file`; its rows are written to a folder in `beside` until they are read.

    Raises `Busy` if the person already runs `MAX_OF_ONE` queries, or everybody together `MAX_RUNNING`.
    """
    published_key = key_of(file)
    with _lock:
        for old in list(_running):  # left by a page that was closed
            if old.process.poll() is not None and time.monotonic() - old.started > 10 * MAX_SECONDS:
                _running.discard(old)
                shutil.rmtree(old.folder, ignore_errors=True)
        alive = [query for query in _running if query.process.poll() is None]
        if sum(query.user_id == user_id for query in alive) >= MAX_OF_ONE:
            raise Busy("You are running a query already. Stop it, or wait until it has ended.")
        if len(alive) >= MAX_RUNNING:
            raise Busy("Others are running queries. Try again in a few seconds.")
        folder = Path(tempfile.mkdtemp(prefix="query-", dir=beside))
        process = subprocess.Popen(
            [sys.executable, "-I", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
            start_new_session=True,
        )
        running = Query(process, folder, max_seconds, user_id, DataKey.new(RESULT) if published_key else None)
        _running.add(running)
    asked = {
        "opening": [
            *(cipher() if published_key else ()),
            attach(file, "published", published_key, read_only=True),
            attach(folder / RESULT, "result", running.key),
        ],
        "query": query,
        "n_rows": max_rows,
        "n_bytes": max_bytes,
        "seconds": max_seconds,
        "megabytes": max_megabytes,
    }
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(json.dumps(asked).encode())
        process.stdin.close()
    return running
