"""What time it is. The time is shown and never orders anything: numbers do (`pipelines/numbering.py`)."""

from datetime import UTC, datetime


def now() -> datetime:
    """The machine's time in UTC; the one place that asks for it."""
    return datetime.now(UTC)
