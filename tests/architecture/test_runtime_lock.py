"""What the product imports is in its own lock: on a contributor's machine a library of the tests would hide that it is not."""

import ast
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from pipelines.home import CHECKOUT

ROOMS = ("dashboards", "pipelines", "models", "ml")
SPARK = CHECKOUT / "pipelines" / "warehouse" / "spark"
"""What only `make setup-spark` installs the libraries of."""


def imported(files: Iterable[Path]) -> set[str]:
    """The top-level names of libraries that the files import."""
    names: set[str] = set()
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {*ROOMS, "data_samples", "benchmarks"}


def locked_in(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)(?:\[.*\])?==", (CHECKOUT / lock).read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(scope="module")
def owners() -> Mapping[str, list[str]]:
    """The installed packages by what is imported of them."""
    return packages_distributions()


@pytest.mark.parametrize("room", ROOMS)
def test_every_library_that_a_room_imports_is_locked_for_its_users(room: str, owners: Mapping[str, list[str]]):
    """`make dashboard` ended with `No module named 'httpx'` on a new machine: only the tests' provider of sign-in brought it."""
    found = imported(path for path in (CHECKOUT / room).rglob("*.py") if SPARK not in path.parents)
    assert found
    locked = locked_in("requirements.txt")
    for name in found:
        assert {re.sub(r"[-_.]+", "-", one).lower() for one in owners[name]} & locked, name


def test_pyspark_is_locked_for_spark_alone():
    assert "pyspark" in imported(SPARK.glob("*.py"))
    assert "pyspark" in locked_in("requirements-spark.txt")
    assert "pyspark" not in locked_in("requirements.txt") | locked_in("requirements-dev.txt")
