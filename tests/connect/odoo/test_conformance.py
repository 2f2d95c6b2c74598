"""What every adapter must keep, by Odoo and by its simulator."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.connect.conformance import Bench, Conformance
from tests.connect.faults import FailingDoor
from tests.connect.odoo.bench import OdooBench, writes
from tests.connect.odoo.conftest import Crm

pytestmark = pytest.mark.slow


class TestOdoo(Conformance):
    @pytest.fixture
    def bench(self, crm: Crm, serve: Callable[..., Any]) -> Bench:
        return made(crm, serve)

    @pytest.fixture
    def killed(self, crm: Crm, serve: Callable[..., Any]) -> Callable[[int], list[Bench]]:
        return lambda n: [made(crm, serve) for _ in range(n)]


def made(crm: Crm, serve: Callable[..., Any]) -> OdooBench:
    door = FailingDoor(crm.url, writes)
    return OdooBench(crm, door, serve(door).address, f"m{uuid4().hex[:10]}")
