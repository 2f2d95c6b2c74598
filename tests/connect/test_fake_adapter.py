"""The engine against a system in a file: the suite that every adapter takes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.connect.conformance import Bench, Conformance
from tests.connect.fake import FakeBench


class TestFake(Conformance):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return FakeBench(tmp_path / "crm.json")

    @pytest.fixture
    def killed(self, tmp_path: Path) -> Callable[[int], list[Bench]]:
        return lambda n: [FakeBench(tmp_path / f"crm-{number}.json") for number in range(n)]
