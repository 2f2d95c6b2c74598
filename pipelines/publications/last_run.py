"""Records how the last run ended, so that readers of an old publication see why it is old.

published/last_run.json     {"ended_at": …, "status": "published" | "failed", "reason": …}
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from pipelines.errors import CaregapError
from pipelines.home import Home

FILE = "last_run.json"


@contextmanager
def recorded_last_run(home: Home) -> Iterator[None]:
    """Record how the body ends."""
    try:
        yield
    except BaseException as error:
        record_failed(home, error)
        raise
    tell_published(home)


def tell_published(home: Home) -> None:
    _record(home, "published", None)


def record_failed(home: Home, error: BaseException) -> None:
    """Record a failure with its reason: the text of our own errors, which contain no patient data; of others only the name."""
    _record(home, "failed", str(error) if isinstance(error, CaregapError) else f"It ended with {type(error).__name__}.")


def _record(home: Home, status: str, reason: str | None) -> None:
    home.published.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = home.published / f".{FILE}"
    told = {"ended_at": datetime.now(UTC).isoformat(timespec="seconds"), "status": status, "reason": reason}
    beside.write_text(json.dumps(told), encoding="utf-8")
    beside.replace(home.published / FILE)
