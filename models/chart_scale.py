"""How far a chart of months reaches: what is settled decides, and what is still coming in does not."""

from collections.abc import Iterable

ROOM = 0.08
"""Beyond the outermost settled value, as a share of the distance between the outermost two."""


def scale(mature: Iterable[float | None], marks: Iterable[float | None], pending: Iterable[float | None]) -> tuple[float, float]:
    """The lowest and the highest value that a chart has a place for: of the mature months and of `marks` (target, benchmark,
    baseline), with some room. Without two mature months there is no scale yet, and months that are `pending` make it.

    A month of which half of the claims are in may lie at a third of what it will be: it pressed two years of a rate into a line.
    """
    settled = [value for value in mature if value is not None]
    coming = [value for value in pending if value is not None] if len(settled) < 2 else []
    values = [*settled, *coming, *(mark for mark in marks if mark is not None)]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = (high - low) * ROOM or abs(high) * 0.1 or 1.0
    return low - room, high + room
