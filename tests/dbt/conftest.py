"""Small practices, built through the ordinary landing and dbt."""

import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.home import Home
from pipelines.practice import Practice, read_practice
from pipelines.warehouse.build import build_warehouse, newest_build
from tests.conftest import Once

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
def golden_warehouse(once: Once, parsed_dbt: Path) -> Path:
    """The file with every table before the scores of the golden practice, which has eight patients."""

    def build(folder: Path) -> None:
        home = Home(folder)
        home.dbt.symlink_to(parsed_dbt)
        build_warehouse(home, read_practice(GOLDEN))

    return newest_build(Home(once("golden", build))).warehouse


@pytest.fixture(scope="session")
def typed_warehouse(request: pytest.FixtureRequest) -> Path:
    """A file with every table before the scores, of which only the columns' types matter: `make mutate` builds it once."""
    made = os.environ.get("CAREGAP_TYPED_WAREHOUSE")
    return Path(made) if made else request.getfixturevalue("golden_warehouse")


@pytest.fixture(scope="session")
def golden(golden_warehouse: Path) -> duckdb.DuckDBPyConnection:
    """The golden practice's tables, every value of which can be worked out by hand."""
    return duckdb.connect(str(golden_warehouse), read_only=True)
