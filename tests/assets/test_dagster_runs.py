"""Whole runs that Dagster starts by itself: the night's publishes, and one whose check fails leaves what is published."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest

from pipelines.defs.definitions import definitions
from pipelines.defs.execution import QUIET
from pipelines.defs.run_status import recording_hooks
from pipelines.home import CHECKOUT, Home
from pipelines.practice import read_practice
from pipelines.publications.store import current, publications
from pipelines.publish.publish import publish
from pipelines.warehouse.build import STEPS, Build

pytestmark = pytest.mark.slow
GOLDEN = CHECKOUT / "tests" / "dbt" / "golden_practice"
RULE = "no_encounter_is_ever_right"


@pytest.fixture
def dagsters_own() -> Callable[[Home], dg.Definitions]:
    """What Dagster's page, schedule and sensor run, for the golden practice."""
    return lambda home: definitions(home, read_practice(GOLDEN), hooks=recording_hooks(home))


def told(home: Home) -> dict:
    return json.loads((home.published / "last_run.json").read_text())


def test_the_nightly_schedule_starts_a_run_that_publishes(new_home, dagsters_own):
    home = new_home()
    defs = dagsters_own(home)
    schedule = defs.resolve_schedule_def("nightly")
    at = datetime(2026, 7, 16, 7, 30, tzinfo=UTC)
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_schedule_context(instance, scheduled_execution_time=at) as context,
    ):
        (asked,) = schedule.evaluate_tick(context).run_requests
        job = defs.resolve_job_def(schedule.job_name)
        done = job.execute_in_process(run_config={**QUIET, **asked.run_config}, tags=asked.tags, instance=instance)
    assert done.success
    assert told(home)["status"] == "published"
    assert current(home).practice_id == "golden" and current(home).n_rows["marts.dim_patients"] == 8


@pytest.fixture
def home_with_a_rule_that_fails(new_home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """dbt's project has one more test, which finds fault with every encounter, and each day twice where a day is one row."""
    home = new_home()
    shutil.copytree(home.dbt, tmp_path / "dbt")
    home.dbt.unlink()
    shutil.move(tmp_path / "dbt", home.dbt)
    project = Path(shutil.copytree(CHECKOUT / "dbt_project", tmp_path / "dbt_project"))
    (project / "tests" / f"{RULE}.sql").write_text("select * from {{ ref('fct_encounters') }}\n")
    days = project / "models" / "marts" / "reference" / "dim_dates.sql"
    sql = days.read_text()
    days.write_text(f"select * from ({sql}) union all select * from ({sql})")
    monkeypatch.setattr("pipelines.warehouse.dbt_project.PROJECT", project)
    return home


def test_a_check_of_dbts_that_fails_in_dagster_leaves_what_is_published(home_with_a_rule_that_fails, dagsters_own, builds):
    home = home_with_a_rule_that_fails
    before = publish(home, Build(builds / "1", "golden", "Golden", "UTC", True, date(2026, 7, 1), {}, "print", STEPS[-1]))
    job = dagsters_own(home).resolve_job_def("refresh")
    done = job.execute_in_process(run_config=QUIET, raise_on_error=False)
    assert not done.success
    failed = {
        (".".join(check.asset_key.path), check.check_name)
        for check in done.get_asset_check_evaluations()
        if not check.passed and check.blocking is not False
    }
    assert failed == {("marts.fct_encounters", RULE), ("marts.dim_dates", "rules")}
    made = {event.asset_key.path[0] for event in done.get_asset_materialization_events()}
    assert "marts" in made and not {"ml", "delivery", "published"} & made
    assert (current(home), publications(home)) == (before, [before])
    assert told(home)["status"] == "failed" and RULE in told(home)["reason"]
    assert "dim_dates.date_on unique: " in told(home)["reason"]
