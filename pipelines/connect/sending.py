"""Sends rows so that each gets a fate of its own: halves a batch that is refused whole, waits where the system asks for time."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from pipelines.connect.adapter import BatchRefused, Fate, Result
from pipelines.errors import ConnectionFailed

Thing = TypeVar("Thing")
WAITS = (2.0, 10.0, 30.0)
"""Seconds before the second, third and last try. Who is still undecided then is sent at the next push."""


class Interrupted(Exception):
    """The system failed in the middle; `results` are the fates that are known."""

    def __init__(self, results: list[Result], error: ConnectionFailed) -> None:
        super().__init__(str(error))
        self.results, self.error = results, error


def send(
    call: Callable[[Sequence[Thing]], list[Result]],
    things: Sequence[Thing],
    id_of: Callable[[Thing], str],
    wait: Callable[[float], None] = time.sleep,
) -> list[Result]:
    """One result a thing, in their order. Raises `Interrupted` where the system does not answer after the last try."""
    known: dict[str, Result] = {}
    failed: ConnectionFailed | None = None
    for pause in (0.0, *WAITS):
        left = [thing for thing in things if _is_undecided(known.get(id_of(thing)))]
        if not left:
            break
        if pause:
            wait(pause)
        try:
            _decide(call, left, id_of, known)
            failed = None
        except ConnectionFailed as error:
            failed = error
    if failed:
        raise Interrupted([known[id_of(thing)] for thing in things if id_of(thing) in known], failed)
    return [known[id_of(thing)] for thing in things]


def matched(external_ids: Sequence[str], results: Sequence[Result]) -> list[Result]:
    """The results in the order of the ids; what a system did not answer is undecided, what was not asked is dropped."""
    by_id = {result.external_id: result for result in results}
    return [by_id.get(one, Result(one, Fate.RETRYABLE, code="no_answer")) for one in external_ids]


def _decide(
    call: Callable[[Sequence[Thing]], list[Result]],
    things: Sequence[Thing],
    id_of: Callable[[Thing], str],
    known: dict[str, Result],
) -> None:
    """Add the fate of each thing to `known`. Halves are sent in turn, so that one bad row costs its own place only."""
    waiting = [things]
    while waiting:
        batch = waiting.pop()
        try:
            results = matched([id_of(thing) for thing in batch], call(batch))
        except BatchRefused as refused:
            if len(batch) > 1:
                middle = len(batch) // 2
                waiting += [batch[middle:], batch[:middle]]
                continue
            results = [Result(id_of(batch[0]), Fate.REJECTED, code=refused.code)]
        known.update((result.external_id, result) for result in results)


def _is_undecided(result: Result | None) -> bool:
    return result is None or result.fate is Fate.RETRYABLE
