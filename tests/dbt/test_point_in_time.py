"""No input of the disengagement model knows what was not on record at its index.

Everything that the sources recorded after an index is changed or taken away, the models are built again, and every input at that
index and before stays as it was. An input that looked at event time alone would change: some facts are written down late.
"""

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from ml.risk.features import FEATURES
from ml.risk.no_show import FEATURES as NO_SHOW
from pipelines.home import Home
from pipelines.sql.connection import open_file
from pipelines.warehouse.build import newest_build
from pipelines.warehouse.dbt import run_dbt
from pipelines.warehouse.dbt_project import parsed_project

REBUILT = [
    "stg_ehr__appointments",
    "int_activity__encounters",
    "int_activity__appointments",
    "int_engagement__touches",
    "int_engagement__outreach_tasks",
    "int_patients__coverages",
    "fqn:caregap.intermediate.disengagement",
    "fqn:caregap.intermediate.no_show",
]
TAKEN_AWAY = {
    "_last_updated": ["ehr_encounter", "ehr_condition", "ehr_coverage", "ehr_practitioner_role"],
    "updated_at": [
        "crm_touches", "crm_portal_events", "crm_survey_answers", "crm_outreach_tasks", "billing_charges", "billing_remittances",
        "billing_patient_payments", "billing_write_offs", "crm_program_rollout",
    ],
    "published_at": ["published_gap_months"],
}  # fmt: skip
KEYS = ["patient_key", "index_on"]
INPUTS = (
    f"select {', '.join(KEYS)}, {', '.join(feature.name for feature in FEATURES)} from intermediate.int_disengagement__features"
)
NO_SHOW_INPUTS = (
    f"select appointment_key as patient_key, predicted_on + 1 as index_on, {', '.join(feature.name for feature in NO_SHOW)} "
    "from intermediate.int_no_show__features"
)
FACTS_BY_EVENT_TIME = """
    select patient_key, index_on, count(*) as n_facts
    from intermediate.int_disengagement__index as indexes
    inner join intermediate.int_disengagement__facts as facts using (patient_key)
    where facts.event_at < indexes.index_at
    group by all
"""


def _change_what_came_later(connection: duckdb.DuckDBPyConnection, index_at: str) -> None:
    """Take away what was recorded after the index, and give every appointment and order of before it another ending."""
    for recorded, tables in TAKEN_AWAY.items():
        for table in tables:
            _replace(connection, table, f"select * from kept where {recorded} is null or {recorded} <= timestamptz '{index_at}'")
    later = f"_last_updated > timestamptz '{index_at}'"
    _replace(
        connection,
        "ehr_appointment",
        "select * replace ("
        f"case when {later} then 'cancelled' else status end as status, "
        f"case when {later} then null else cancelationReason end as cancelationReason, "
        f"case when {later} then null else extension end as extension) "
        f"from kept where not {later} or try_cast(created as timestamptz) < timestamptz '{index_at}'",
    )
    _replace(
        connection,
        "ehr_service_request",
        "select * replace ("
        f"case when {later} then case status when 'revoked' then 'active' else 'revoked' end else status end as status) "
        f"from kept where not {later} or try_cast(authoredOn as timestamptz) < timestamptz '{index_at}'",
    )


def _replace(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    connection.execute(f"create temp table kept as select * from raw.{table}")
    kind = connection.execute(f"select table_type from information_schema.tables where table_name = '{table}'").fetchall()[0][0]
    connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} raw.{table}")
    connection.execute(f"create table raw.{table} as {query}; drop table kept")


@pytest.fixture(scope="module")
def index(sample_home: Home) -> tuple[str, str]:
    """An index (day, instant) before which something had happened that was written down after it."""
    query = """
        select any_value(indexes.index_on)::varchar, indexes.index_at::varchar
        from intermediate.int_disengagement__index as indexes
        inner join intermediate.int_disengagement__facts as facts
            on indexes.patient_key = facts.patient_key
            and facts.event_at < indexes.index_at and facts.recorded_at > indexes.index_at
        group by indexes.index_at order by count(*) desc, indexes.index_at limit 1
    """
    with open_file(newest_build(sample_home).warehouse, read_only=True) as connection:
        rows = connection.execute(query).fetchall()
    assert rows, "the sample practice has no fact that was written down late"
    return rows[0]


@pytest.fixture(scope="module")
def changed(sample_home: Home, index, tmp_path_factory) -> Path:
    """The warehouse of the sample practice, built again without what was recorded after the index."""
    build = newest_build(sample_home)
    warehouse = tmp_path_factory.mktemp("changed") / "warehouse.duckdb"
    shutil.copy(build.warehouse, warehouse)
    with open_file(warehouse) as connection:
        _change_what_came_later(connection, index[1])
    for _ in run_dbt(parsed_project(sample_home), warehouse, build.variables, REBUILT, command="run"):
        pass
    return warehouse


def _rows(warehouse: Path, query: str, index_on: str) -> pl.DataFrame:
    with open_file(warehouse, read_only=True) as connection:
        rows = connection.sql(f"select * from ({query}) where index_on <= date '{index_on}'").pl().sort(KEYS)
    # Threads add up floats in any order.
    return rows.with_columns(pl.selectors.float().round(6))


@pytest.mark.parametrize("inputs", [INPUTS, NO_SHOW_INPUTS], ids=["disengagement", "no_show"])
def test_no_input_changes_with_what_was_recorded_after_the_index(sample_home, changed, index, inputs):
    before = _rows(newest_build(sample_home).warehouse, inputs, index[0])
    after = _rows(changed, inputs, index[0])
    assert not before.is_empty()
    different = [name for name in before.columns if not before[name].equals(after[name])]
    assert before.height == after.height and not different


def test_an_input_that_looks_at_event_time_alone_would_have_changed(sample_home, changed, index):
    before = _rows(newest_build(sample_home).warehouse, FACTS_BY_EVENT_TIME, index[0])
    assert not before.equals(_rows(changed, FACTS_BY_EVENT_TIME, index[0]))


def test_later_versions_in_the_sample_differ_from_earlier_ones(sample_home, changed):
    query = "select fact_type, count(*) as n from intermediate.int_disengagement__facts group by all order by all"
    with open_file(newest_build(sample_home).warehouse, read_only=True) as connection:
        before = dict(connection.execute(query).fetchall())
    with open_file(changed, read_only=True) as connection:
        after = dict(connection.execute(query).fetchall())
    for fact_type in ("visit", "kept_appointment", "portal_login", "message", "balance_movement", "survey_answer"):
        assert after[fact_type] < before[fact_type]
