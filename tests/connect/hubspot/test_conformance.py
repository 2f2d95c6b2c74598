"""What every adapter must keep, by HubSpot as its documentation says it is."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.connect.conformance import Bench, Conformance
from tests.connect.faults import FailingDoor
from tests.connect.hubspot.account import Account
from tests.connect.hubspot.bench import HubspotBench, writes

pytestmark = pytest.mark.slow


class TestHubspot(Conformance):
    @pytest.fixture
    def bench(self, serve: Callable[..., Any]) -> Bench:
        return made(serve)

    @pytest.fixture
    def killed(self, serve: Callable[..., Any]) -> Callable[[int], list[Bench]]:
        return lambda n: [made(serve) for _ in range(n)]


def made(serve: Callable[..., Any]) -> HubspotBench:
    account = Account()
    door = FailingDoor(serve(account).address, writes)
    return HubspotBench(account, door, serve(door).address)
