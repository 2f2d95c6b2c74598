"""How the last run ended, told beside the publications: readers of an old publication learn why it is old.

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
def told_last_run(home: Home) -> Iterator[None]:
    """Write down how the body ended."""
    try:
        yield
    except BaseException as error:
        tell_failed(home, error)
        raise
    tell_published(home)


def tell_published(home: Home) -> None:
    _tell(home, "published", None)


def tell_failed(home: Home, error: BaseException) -> None:
    """With the reason: the text of our own errors, which hold no patient data, and of any other its name alone."""
    _tell(home, "failed", str(error) if isinstance(error, CaregapError) else f"It ended with {type(error).__name__}.")


def _tell(home: Home, status: str, reason: str | None) -> None:
    home.published.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = home.published / f".{FILE}"
    told = {"ended_at": datetime.now(UTC).isoformat(timespec="seconds"), "status": status, "reason": reason}
    beside.write_text(json.dumps(told), encoding="utf-8")
    beside.replace(home.published / FILE)
