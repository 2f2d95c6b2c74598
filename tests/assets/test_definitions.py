"""What Dagster sees: the graph of assets, its direction, its checks, its job, schedule and sensor."""

import dagster as dg
import pytest

from models.published import PUBLISHED
from pipelines.defs.definitions import definitions
from pipelines.defs.keys import LAYERS
from pipelines.defs.pulls import pulled_connections
from pipelines.defs.refresh import JOB
from pipelines.practice import Practice


@pytest.fixture(scope="module")
def practice(tmp_path_factory) -> Practice:
    folder = tmp_path_factory.mktemp("delivered")
    return Practice("test", "Test", "America/New_York", {"crm": folder})


@pytest.fixture(scope="module")
def defs(new_home, practice) -> dg.Definitions:
    return definitions(new_home(), practice)


@pytest.fixture(scope="module")
def graph(defs) -> dict[str, dict]:
    """Group and parents of each asset, by `schema.table`."""
    assets = defs.resolve_job_def(JOB).asset_layer.asset_graph
    return {
        ".".join(key.path): {
            "group": assets.get(key).group_name,
            "parents": sorted(".".join(parent.path) for parent in assets.get(key).parent_keys),
        }
        for key in sorted(assets.executable_asset_keys)
    }


def test_data_flows_in_one_direction_through_the_layers(graph):
    against = [
        (parent, table)
        for table, node in graph.items()
        for parent in node["parents"]
        if LAYERS.index(graph[parent]["group"]) > LAYERS.index(node["group"])
    ]
    assert against == []


def test_every_asset_is_named_by_its_layer_and_table(graph):
    assert [table for table, node in graph.items() if table.partition(".")[0] != node["group"]] == []


def test_no_asset_is_made_from_a_table_that_nothing_makes(graph):
    assert {parent for node in graph.values() for parent in node["parents"]} <= graph.keys()


def test_only_staging_reads_raw_and_only_delivery_reads_scores(graph):
    readers = {
        layer: {node["group"] for node in graph.values() for p in node["parents"] if p.startswith(layer)}
        for layer in ("raw.", "ml.")
    }
    assert readers["raw."] <= {"staging"}
    assert readers["ml."] <= {"ml", "delivery", "catalog", "published"}


def test_everything_with_a_contract_is_published_and_made_by_an_asset(graph):
    assert graph["published.warehouse"]["parents"] == sorted(PUBLISHED)
    assert PUBLISHED.keys() <= graph.keys()


def test_deliveries_scores_and_publications_have_checks(defs):
    checks = {
        (".".join(key.asset_key.path), key.name) for key in defs.resolve_job_def(JOB).asset_layer.asset_graph.asset_check_keys
    }
    assert {
        ("raw.deliveries", "reconciliation"),
        ("raw.deliveries", "files_are_read"),
        ("raw.deliveries", "one_version"),
        ("raw.deliveries", "sources_keep_pace"),
        ("raw.deliveries", "pulls_succeed"),
        ("raw.quarantined_rows", "contract"),
        ("ml.disengagement_scores", "contract"),
        ("published.warehouse", "audit"),
        ("published.warehouse", "refused_sign_ins"),
        ("published.warehouse", "refused_queries"),
        ("published.warehouse", "unusual_exports"),
        ("published.warehouse", "unusual_viewing"),
        ("published.warehouse", "use_outside_hours"),
        ("published.warehouse", "broken_log"),
    } <= checks


def test_the_job_runs_in_one_process_because_duckdb_has_one_writer(defs):
    assert defs.resolve_job_def(JOB).executor_def == dg.in_process_executor


def test_the_schedule_runs_nightly_in_the_practices_zone(defs):
    schedule = defs.resolve_schedule_def("nightly")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 3 * * *", "America/New_York")


def test_pulls_are_upstream_of_raw_and_in_a_job_of_their_own_that_is_off_until_turned_on(new_home, practice):
    home = new_home()
    hub = "[hub]\nkind = 'hubspot'\naddress = 'https://api.example.org'\nsource = 'crm'\n[hub.sign_in]\ntoken = { env = 'T' }\n"
    (home.root / "connectors.toml").write_text(hub + "[hub.pull]\n")
    defs = definitions(home, practice, connections=pulled_connections(home, practice))
    graph = defs.resolve_asset_graph()
    assert dg.AssetKey(["connect", "hub"]) in graph.get(dg.AssetKey(["raw", "crm_contacts"])).parent_keys
    in_job = {job: {key.path[0] for key in defs.resolve_job_def(job).asset_layer.selected_asset_keys} for job in (JOB, "pull")}
    assert in_job["pull"] == {"connect"}
    assert "connect" not in in_job[JOB]
    assert defs.resolve_schedule_def("pulls").default_status == dg.DefaultScheduleStatus.STOPPED


def test_the_sensor_waits_until_a_delivery_has_settled_and_runs_once(defs, practice):
    sensor, cursor, asked = defs.resolve_sensor_def("arrivals"), None, []
    folder = practice.sources["crm"]
    for change in (None, None, "contacts.csv", None, None, "leads.csv", "touches.csv", None):
        if change:
            (folder / change).write_text("x")
        with dg.build_sensor_context(cursor=cursor) as context:
            asked.append(bool(sensor.evaluate_tick(context).run_requests))
            cursor = context.cursor
    assert asked == [False, True, False, True, False, False, False, True]
