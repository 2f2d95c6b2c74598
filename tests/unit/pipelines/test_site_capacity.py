"""How many patients the team of a site can contact in a month."""

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.errors import ChecksFailed
from pipelines.scoring.capacity import capacities
from pipelines.warehouse.dbt_project import default_settings


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        sites = "(values ('north', 1), ('south', 2)) as sites (location_id, location_key)"
        connection.execute(f"create table marts.dim_locations as select * from {sites}")
        yield connection


def test_a_site_has_its_own_capacity_else_the_practices_else_the_usual_one(connection):
    capacity = capacities(connection, {"site_capacity": {"north": 25}, "outreach_capacity": 4})
    assert [capacity(1), capacity(2), capacity(None)] == [25, 4, 4]
    assert capacities(connection, default_settings())(1) == 10


def test_the_capacity_of_a_site_that_is_not_there_is_refused(connection):
    with pytest.raises(ChecksFailed, match="no such site: east"):
        capacities(connection, {"site_capacity": {"east": 25}, "outreach_capacity": 10})
