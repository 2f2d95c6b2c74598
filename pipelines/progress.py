"""How a run tells what it is doing, without knowing who listens."""

from collections.abc import Callable

Progress = Callable[[str], None]
"""Called with `step: thing`, as in `Reading: crm/contacts.csv`; never with patient data."""


def silent(text: str) -> None:
    """Nobody listens."""
