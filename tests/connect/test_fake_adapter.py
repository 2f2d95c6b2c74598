"""The engine against a system in a file: the suite that every adapter takes."""

from pathlib import Path

import pytest

from tests.connect.conformance import Bench, Conformance
from tests.connect.fake import FakeBench


class TestFake(Conformance):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> Bench:
        return FakeBench(tmp_path / "crm.json")
