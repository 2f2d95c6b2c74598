"""The result of a benchmark."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One measured number, with an optional `goal` and a `note` on how it was measured."""

    name: str
    value: float
    unit: str = "ratio"
    goal: str = ""
    note: str = ""


def in_turns(*tasks: Callable[[], object], rounds: int = 5) -> list[tuple[float, float]]:
    """Median wall seconds and CPU seconds of each task. They run in turns, so that a busy machine affects all equally."""
    seconds: list[list[tuple[float, float]]] = [[] for _ in tasks]
    for _ in range(rounds):
        for task, taken in zip(tasks, seconds, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            task()
            taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    return [(statistics.median(wall for wall, _ in taken), statistics.median(cpu for _, cpu in taken)) for taken in seconds]
