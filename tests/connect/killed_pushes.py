"""Pushes that are killed at named points, each followed by a plain one. A program of its own: it is started with a recipe of an
adapter, and forks a process for each push, before anything has started a thread.

    python -m tests.connect.killed_pushes FOLDER '{"recipe": […], "contact_ids": […], "points": ["connect.batch.gated#2", …]}'

Prints by point whether the first push was killed, and whether the second came to its end.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from pipelines.connect.state import open_state
from pipelines.home import Home
from tests.connect.conformance import Desk, Small, external_id


def push(home: Home, told: dict, recipe: list[str], environment: dict[str, str]) -> None:
    os.environ |= environment
    module, name, place = recipe
    adapter = getattr(importlib.import_module(module), name)(place)
    with open_state(home, "harbor") as state:
        desk = Desk(home, SimpleNamespace(adapter=Small(adapter), contact_ids=told["contact_ids"]), state)  # type: ignore[arg-type]
        desk.list(18)
        desk.change(told["contact_ids"][0], is_deceased=True)
        desk.push("checked_by_hand")


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
        recipe = told["recipes"][number]
        stops = {"CAREGAP_TESTING": "1", "CAREGAP_FAULT": f"{point}:kill"}
        found[point] = [
            forked(partial(first, home, told, recipe)),
            forked(partial(push, home, told, recipe, stops)),
            forked(partial(push, home, told, recipe, {})),
        ]
    sys.stdout.write(json.dumps(found))


def first(home: Home, told: dict, recipe: list[str]) -> None:
    """Four tasks are there already: two that stay, and two whose person must not be contacted any more, or is gone."""
    module, name, place = recipe
    adapter = getattr(importlib.import_module(module), name)(place)
    with open_state(home, "harbor") as state:
        desk = Desk(home, SimpleNamespace(adapter=Small(adapter), contact_ids=told["contact_ids"]), state)  # type: ignore[arg-type]
        desk.list(20)
        wanted = [external_id(number) for number in (0, 1, 2, 19)]
        desk.worklist = replace(desk.worklist, tasks={one: desk.worklist.tasks[one] for one in wanted})
        desk.push()


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]))
