"""What every adapter must keep, by Salesforce as its documentation says it is."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.connect.conformance import Bench, Conformance
from tests.connect.faults import FailingDoor
from tests.connect.salesforce.bench import SalesforceBench, writes
from tests.connect.salesforce.org import LIMIT, Org

pytestmark = pytest.mark.slow


class TestSalesforce(Conformance):
    @pytest.fixture
    def bench(self, serve: Callable[..., Any]) -> Bench:
        return made(serve)

    @pytest.fixture
    def killed(self, serve: Callable[..., Any]) -> Callable[[int], list[Bench]]:
        return lambda n: [made(serve) for _ in range(n)]


def made(serve: Callable[..., Any]) -> SalesforceBench:
    org = Org()
    door = FailingDoor(serve(org).address, writes, LIMIT)
    return SalesforceBench(org, door, serve(door).address)
