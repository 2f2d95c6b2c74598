"""What the product imports is in its own lock: on a contributor's machine a library of the tests would hide that it is not."""

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest

from pipelines.home import CHECKOUT

ROOMS = ("dashboards", "pipelines", "models", "ml")


def imported(room: str) -> set[str]:
    """The top-level names of libraries that the files of a room import."""
    names: set[str] = set()
    for path in (CHECKOUT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {*ROOMS, "data_samples", "benchmarks"}


@pytest.mark.parametrize("room", ROOMS)
def test_every_library_that_a_room_imports_is_locked_for_its_users(room: str):
    """`make dashboard` ended with `No module named 'httpx'` on a new machine: only the tests' provider of sign-in brought it."""
    lock = (CHECKOUT / "requirements.txt").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", lock, re.MULTILINE))
    owners = packages_distributions()
    found = imported(room)
    assert found
    for name in found:
        assert {re.sub(r"[-_.]+", "-", one).lower() for one in owners[name]} & locked, name
