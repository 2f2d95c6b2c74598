"""Small practices, built through the ordinary landing and dbt."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.home import Home
from pipelines.practice import Practice, read_practice
from pipelines.warehouse.build import build_warehouse

GOLDEN = Path(__file__).parent / "golden_practice"
TABLES = [f"+path:models/marts/{area}" for area in ("activity", "deliveries", "kpis", "money")]

Built = Callable[[Practice], duckdb.DuckDBPyConnection]


@pytest.fixture(scope="session")
def built(new_home: Callable[[], Home]) -> Built:
    """Builds activity, money and KPIs of a practice in a home of its own, dbt's tests included, and opens them read-only."""

    def build(practice: Practice) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(build_warehouse(new_home(), practice, select=TABLES)), read_only=True)

    return build


@pytest.fixture(scope="session")
def golden(new_home: Callable[[], Home]) -> duckdb.DuckDBPyConnection:
    """Every table before the scores of the golden practice: seven patients, every value of which can be worked out by hand."""
    return duckdb.connect(str(build_warehouse(new_home(), read_practice(GOLDEN))), read_only=True)
