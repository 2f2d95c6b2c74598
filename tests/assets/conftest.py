"""Builds that are written by hand, without a run."""

from pathlib import Path

import pytest

from tests.built_by_hand import write_build
from tests.conftest import Once


@pytest.fixture(scope="session")
def builds(once: Once) -> Path:
    """The folders `1`, `2` and `3`: a build with so many rows in every table."""
    return once("builds", lambda folder: [write_build(folder / str(n), n) for n in (1, 2, 3)])
