"""Pushes that are killed at named points, each followed by a plain one. A program of its own: it is started with recipes of
adapters, and forks a process for each push, before anything has started a thread.

    python -m tests.connect.killed_pushes FOLDER '{"points": ["connect.batch.gated#2", …], "recipes": […], "contact_ids": […]}'

Prints by point how three pushes ended: one before, one that is killed, one after.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

from pipelines.connect.state import open_state
from pipelines.home import Home
from tests.connect.conformance import Desk, Small, external_id


@dataclass
class Scene:
    """One home and one set of contacts, whose tasks are numbered from `first` on."""

    home: Home
    recipe: list[str]
    contact_ids: list[str]
    first: int

    @contextmanager
    def desk(self) -> Iterator[Desk]:
        module, name, place = self.recipe
        adapter = getattr(importlib.import_module(module), name)(place)
        bench = SimpleNamespace(adapter=Small(adapter), contact_ids=self.contact_ids)
        with open_state(self.home, "harbor") as state:
            desk = Desk(self.home, bench, state)  # type: ignore[arg-type]
            desk.first = self.first
            yield desk

    def begin(self) -> None:
        """Four tasks are there already: two that stay, one whose person then dies, one that then leaves the list."""
        with self.desk() as desk:
            desk.list(20)
            wanted = [external_id(self.first + number) for number in (0, 1, 2, 19)]
            desk.worklist = replace(desk.worklist, tasks={one: desk.worklist.tasks[one] for one in wanted})
            desk.push()

    def push(self) -> None:
        with self.desk() as desk:
            desk.list(18)
            desk.change(self.contact_ids[0], is_deceased=True)
            desk.push("checked_by_hand")

    def push_until(self, point: str) -> None:
        os.environ |= {"CAREGAP_TESTING": "1", "CAREGAP_FAULT": f"{point}:kill"}
        self.push()


def forked(work: Callable[[], None]) -> int:
    """The exit code of a process that does the work; -9 if it was killed."""
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        work()
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__} {error}\n")
        os._exit(1)
    os._exit(0)


def main(folder: Path, told: dict) -> None:
    found = {}
    for number, point in enumerate(told["points"]):
        home = Home(folder / f"home{number}")
        home.root.mkdir(mode=0o700)
        scene = Scene(home, told["recipes"][number], told["contact_ids"][number], 100 * number)
        found[point] = [forked(scene.begin), forked(lambda scene=scene, at=point: scene.push_until(at)), forked(scene.push)]
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
