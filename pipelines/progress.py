"""Reports what a run is doing, independent of how it is shown."""

from collections.abc import Callable

Progress = Callable[[str], None]
"""Called with `step: thing`, as in `Reading: crm/contacts.csv`; never with patient data."""


def silent(text: str) -> None:
    """Report nothing."""
