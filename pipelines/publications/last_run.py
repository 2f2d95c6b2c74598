"""Records how the last run ended, so that readers of an old publication see why it is old.

published/last_run.json   {"ended_at": …, "status": "published" | "failed", "reason": …, "number": of the newest publication then}
published/.space          space reserved for last_run.json, so that a full disk is reported as well
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pipelines.clock import now
from pipelines.disk import disk_full
from pipelines.durable import write_durably
from pipelines.errors import CaregapError, HomeBusy
from pipelines.home import Home
from pipelines.publications.store import publications

FILE = "last_run.json"
SPACE = ".space"
_SPACE_BYTES = 65_536


@contextmanager
def recorded_last_run(home: Home) -> Iterator[None]:
    """Record how the body ends; a full disk is raised as `DiskFull`. A run that was turned away is none, and records nothing."""
    keep_space(home)
    try:
        yield
    except HomeBusy:
        raise
    except BaseException as error:
        full = disk_full(error, home)
        record_failed(home, full or error)
        if full:
            raise full from error
        raise
    tell_published(home)


def last_run(home: Home) -> dict[str, Any] | None:
    """How the last run ended: `ended_at`, `status`, `reason`, `number`; None where that is not known."""
    try:
        return json.loads((home.published / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def keep_space(home: Home) -> None:
    """Keep the space for the next record, where it is not kept yet; its bytes are random, since a disk may compress others."""
    path = home.published / SPACE
    with suppress(OSError):
        if not path.exists() or path.stat().st_size < _SPACE_BYTES:
            home.published.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_bytes(os.urandom(_SPACE_BYTES))


def tell_published(home: Home) -> None:
    _record(home, "published", None)


def record_failed(home: Home, error: BaseException) -> None:
    """Record a failure with its reason: the text of our own errors, which contain no patient data; of others only the name."""
    error = disk_full(error, home) or error
    _record(home, "failed", str(error) if isinstance(error, CaregapError) else f"It ended with {type(error).__name__}.")


def _record(home: Home, status: str, reason: str | None) -> None:
    home.published.mkdir(parents=True, exist_ok=True, mode=0o700)
    newest = max((one.number for one in publications(home)), default=0)
    outcome = json.dumps({"ended_at": now().isoformat(timespec="seconds"), "status": status, "reason": reason, "number": newest})
    try:
        write_durably(home.published / FILE, outcome, "last_run")
    except OSError:
        (home.published / SPACE).unlink(missing_ok=True)
        write_durably(home.published / FILE, outcome, "last_run.in_kept_space")
    keep_space(home)
