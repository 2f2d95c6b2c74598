"""Looks at everything that is kept, and disposes of what is over, each with a line of the audit log before it goes."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.audit_log import record
from pipelines.clock import now
from pipelines.faults import passing
from pipelines.home import Home
from pipelines.practice import Practice
from pipelines.privacy import profile
from pipelines.rights.retention.files import file_holdings
from pipelines.rights.retention.holding import Holding
from pipelines.rights.retention.rows import row_holdings


def holdings(home: Home, practice: Practice, backups: Sequence[Path] = ()) -> list[Holding]:
    """Everything that is kept, with how much of it is due today. Changes nothing. For the holder of the home's lock."""
    retention, today = profile(practice.privacy).months(practice.retention), now().date()
    return [
        *row_holdings(home, practice, retention, today),
        *file_holdings(home, practice, retention, backups, today),
    ]


def dispose_due(home: Home, found: Sequence[Holding]) -> int:
    """Dispose of what `holdings` found to be due; the number of rows and files. Can be done again where it was stopped.

    Raises `EnvironmentNotReady` where the audit log cannot be written: then what it would have said was not done.
    """
    due = [one for one in found if one.n_due]
    for one in due:
        record(home, "disposed", subject=f"{one.what}, {one.months} months: {one.unit}", n_rows=one.n_due)
        passing("retention.recorded", home.root)
        one.dispose()
        passing("retention.disposed", home.root)
    return sum(one.n_due for one in due)
