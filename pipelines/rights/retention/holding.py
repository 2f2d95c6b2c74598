"""One thing that is kept, for how long, and how much of it is due."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Holding:
    """`what` is kept, by which `setting`, for how many `months` (None: for good); `n` of `unit`, of which `n_due` are over.

    `note` says what else decides. `dispose` removes what is due.
    """

    what: str
    setting: str
    months: int | None
    unit: str
    n: int
    n_due: int
    note: str = ""
    dispose: Callable[[], object] = lambda: None
