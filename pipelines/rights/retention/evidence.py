"""Refuses to dispose of anything by a clock that is ahead of all that the home knows of time.

A clock that was set forward, by mistake or on purpose, makes everything look old. The home has two witnesses: when the last
publication was made, and the last line of the audit log. A home that nobody has used for days looks the same: then a person says
that the clock is right.
"""

from datetime import datetime, timedelta

from pipelines.audit_log import log_of
from pipelines.clock import now
from pipelines.errors import UsageError
from pipelines.home import Home
from pipelines.publications.store import publications

_AHEAD = timedelta(days=2)
"""A home with a nightly run has evidence of yesterday; one night may fail."""


def refuse_if_clock_is_ahead(home: Home) -> None:
    """Raise `UsageError` where the machine's time is more than two days after the newest evidence of time in the home."""
    seen = newest_evidence(home)
    if seen and now() - seen > _AHEAD:
        raise UsageError(
            f"The machine's clock says {now():%Y-%m-%d %H:%M} UTC, and the newest publication or line of the audit log is of "
            f"{seen:%Y-%m-%d %H:%M}. If the clock is ahead, what is not due would go for good: correct it. If it is right, add "
            "--clock-is-right, or run first (`caregap run`)."
        )


def newest_evidence(home: Home) -> datetime | None:
    """The latest time that the home's publications and audit log state; None in a home that has neither."""
    stated = [one.published_at for one in publications(home)]
    stated += [str(entry["at"]) for entry in log_of(home).entries() if "at" in entry]
    return max(map(datetime.fromisoformat, stated), default=None)
